"""The README's table of settings, made from the settings; `python -m tests.docs.settings_table` renews it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from streams.settings import Settings

README = Path(__file__).parents[2] / "README.md"
TABLE = re.compile(r"(?<=<!-- settings -->\n\n).*?(?=\n<!-- end of settings -->)", re.S)


def settings_table() -> str:
    """One row a setting, in the order of the class."""
    return "".join(f"{row}\n" for row in _rows())


def table_in(text: str) -> str:
    """The table that stands between the markers."""
    found = TABLE.search(text)
    assert found is not None, "the README has lost its markers around the table of settings"
    return found[0]


def _rows() -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        meaning = " ".join((field.description or "").split()).replace("|", r"\|")
        yield f"| `{name}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    default: Any = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is None or default == []:
        return "none"
    if isinstance(default, timedelta):
        default = TypeAdapter(timedelta).dump_python(default, mode="json")
    elif isinstance(default, list):
        default = ",".join(default)
    elif isinstance(default, bool):
        default = str(default).lower()
    return f"`{default}`"


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: settings_table(), README.read_text()))
