"""The tables of docs/policy.md, made from the code; `python -m tests.docs.policy_tables` renews them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic.fields import FieldInfo

from detectors.patterns.features import FEATURES
from streams.policy.document import Common, Section, say_duration
from streams.policy.patterns import SWITCH, known_patterns, parameters_of

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
NO_DEFAULT = "must be given"


def tables() -> dict[str, str]:
    """What stands between the markers, by their names."""
    return {
        "keys": "".join(f"{row}\n" for row in _keys()),
        "patterns": "".join(f"{row}\n" for row in _patterns()),
        "features": _features(),
    }


def between(name: str) -> "re.Pattern[str]":
    """The place of a table in the page."""
    return re.compile(rf"(?<=<!-- {name} -->\n\n).*?(?=\n<!-- end of {name} -->)", re.S)


def _keys() -> Iterator[str]:
    yield "| key | takes | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in Common.model_fields.items():
        yield from _rows(name, field)


def _rows(path: str, field: FieldInfo) -> Iterator[str]:
    form, many = _form(field.annotation)
    if form is None:
        yield _row(path, field)
        return
    shown = {"list": f"{path}[]", "dict": f"{path}.<category>", "": path}[many]
    for name, inner in form.model_fields.items():
        yield from _rows(f"{shown}.{name}", inner)


def _form(annotation: Any) -> tuple[type[Section] | None, str]:
    """The table that a key holds, and whether there are many of them."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, ""
    for inner in get_args(annotation):
        found, _ = _form(inner)
        if found is not None:
            kind = get_origin(annotation)
            return found, "list" if kind is list else "dict" if kind is dict else ""
    return None, ""


def _row(path: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split()).replace("|", r"\|")
    return f"| `{path}` | {_takes(field.annotation, field.metadata)} | {_default(path, field)} | {meaning} |"


def _takes(annotation: Any, metadata: Any) -> str:
    options = [inner for inner in get_args(annotation) if inner is not type(None)]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{option!r}`".replace("'", '"') for option in get_args(annotation))
    if type(None) in get_args(annotation) and len(options) == 1:
        return _takes(options[0], metadata)
    if hasattr(annotation, "__metadata__"):
        return _takes(get_args(annotation)[0], annotation.__metadata__)
    if any(type(m).__name__ == "BeforeValidator" for m in metadata):
        return "a moment" if any("moment" in getattr(m, "func", str).__name__ for m in metadata) else "a duration"
    if get_origin(annotation) is list:
        return "a list of texts"
    names = {float: "a number", int: "a whole number", bool: "`true`, `false`", str: "a text"}
    bounds = [said for bound in metadata if (said := _bound(bound))]
    return " ".join([names[annotation], *bounds])


def _bound(bound: Any) -> str:
    if isinstance(bound, Len):
        return ""
    for kind, sign, name in ((Ge, "≥", "ge"), (Gt, ">", "gt"), (Le, "≤", "le"), (Lt, "<", "lt")):
        if isinstance(bound, kind):
            return f"{sign} {getattr(bound, name):,g}" if getattr(bound, name) < 10**7 else ""
    return ""


def _default(path: str, field: FieldInfo) -> str:
    default = field.default
    if field.is_required():
        return NO_DEFAULT
    if default is None or default in ([], {}):
        return "none"
    if path.startswith("alerts.") and isinstance(default, int):
        return f'`"{say_duration(default)}"`'
    if isinstance(default, int) and default >= 10**9:
        return "none"
    return (
        f"`{default!r}`".replace("'", '"').lower() if isinstance(default, bool) else f"`{default!r}`".replace("'", '"')
    )


def _patterns() -> Iterator[str]:
    yield "| pattern | keys, with their defaults |"
    yield "|---|---|"
    for name, pattern in known_patterns().items():
        keys = [] if name == "order" else [f"`{SWITCH} = true`"]
        for key, _, default in parameters_of(pattern):
            shown = list(default) if isinstance(default, tuple) else default
            keys.append(f"`{key} = {shown!r}`".replace("'", '"'))
        yield f"| `patterns.{name}` | {', '.join(keys)} |"


def _features() -> str:
    return ", ".join(f"`{name}`" for name in FEATURES) + ".\n"


def renew(text: str) -> str:
    """The page with the tables as they should be."""
    for name, table in tables().items():
        text = between(name).sub(lambda _, table=table: table, text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(renew(PAGE.read_text()))
