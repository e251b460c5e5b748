"""What differs between two policies, key by key."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from detectors.decision import say_time
from streams.policy.document import Alerts, policy_model, say_duration

_TITLES = ("origin", "destination", "buyers", "category", "above")
"""Keys that tell the entries of a list apart where they have no name."""
_DURATIONS = frozenset(f"alerts.{name}" for name, field in Alerts.model_fields.items() if field.annotation is int)


class Change(NamedTuple):
    """A key whose value differs; a side that does not have it is `None`."""

    key: str
    before: str | None
    after: str | None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What a file says otherwise than another, defaults filled in.

    Args:
        before, after: Tables of checked files; none at all stands for the defaults.
    """
    old, new = dict(_flat(_filled(before))), dict(_flat(_filled(after)))
    return [Change(key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)]


def _filled(tables: Mapping[str, Any]) -> Any:
    return policy_model().model_validate(tables).model_dump()


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(v, dict) for v in value):
        for inner in value:
            yield from _flat(inner, f"{name}[{_title(inner)}]")
    elif value not in (None, {}, []):
        yield name, _said(name, value)


def _title(entry: Any) -> str:
    """How an entry of a list is known: by its name, or by what it is about."""
    for key in ("name", "seller_id"):
        if key in entry:
            return str(entry[key])
    return " ".join(
        str(v) for k, v in entry.items() if k in ("origin", "destination", "buyers", "category", "above") and v != ""
    )


def _said(key: str, value: Any) -> str:
    """A value as it stands in a file."""
    if key in _DURATIONS:
        return say_duration(value)
    if key.endswith(".until"):
        return say_time(value)
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False)
