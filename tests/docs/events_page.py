"""docs/reference/events.md, made from the code; `python -m tests.docs.events_page` renews it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.docs.asyncapi import document
from tests.docs.event_types import BY_TOPIC, shown

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
HEAD: Final = """# Event reference

Every event that Sellerwatch reads, by topic, with its fields and an example. This page and
[asyncapi.json](asyncapi.json) are made from the code; what the fields mean, and what is refused, is in
[the contract](../contract.md).

A field with a star is required. Amounts are whole numbers in the currency's smallest unit. Texts are UTF-8; their
lengths are in characters.
"""


def page() -> str:
    """The whole page."""
    return "".join(_lines(document()["components"]["schemas"]))


def _lines(schemas: Mapping[str, Any]) -> Iterator[str]:
    yield HEAD
    for topic, kinds in BY_TOPIC.items():
        yield f"\n## Topic `{topic}`\n"
        for kind in kinds:
            schema = schemas[f"Event.{kind}"]
            yield f"\n### {kind}\n\n| field | takes |\n|---|---|\n"
            for name, field in schema["properties"].items():
                star = " *" if name in schema["required"] or name == "type" else ""
                yield f"| `{name}`{star} | {_takes(field, schemas)} |\n"
            yield f"\n```json\n{shown(kind)}\n```\n"


def _takes(field: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"] if each is not None)
    if "anyOf" in field:
        return " or ".join(_takes(each, schemas) for each in field["anyOf"] if each.get("type") != "null")
    if "$ref" in field:
        inner = schemas[field["$ref"].rpartition("/")[2]]
        needed = inner.get("required", [])
        hidden = {"address"}  # of a place: what intake makes of it
        names = [f"`{name}`{'*' if name in needed else ''}" for name in inner["properties"] if name not in hidden]
        return f"an object: {', '.join(names)}"
    if field["type"] == "object":
        return "an object of plain values"
    if field["type"] == "array":
        return f"a list, at most {field['maxItems']}: {_takes(field['items'], schemas)}"
    return _plain(field)


def _plain(field: Mapping[str, Any]) -> str:
    if field.get("format") == "date-time":
        return "a time, RFC 3339 with an offset"
    if field["type"] == "string":
        low, high = field.get("minLength", 0), field.get("maxLength")
        return f"a text of {low} to {high:,} characters" if high else "a text"
    low, high = field.get("minimum"), field.get("maximum")
    return f"a whole number, {low:,} to {high:,}" if high is not None else "a whole number"


if __name__ == "__main__":
    PAGE.write_text(page())
