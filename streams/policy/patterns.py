"""The keys that a policy file may have for each pattern: the fields of its dataclass, with their types and bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, create_model

from detectors.patterns.base import Pattern
from detectors.patterns.catalogue import Catalogue

MOST_WEIGHT: Final = 100.0
"""Bound of a number that has no bounds of its own."""
SWITCH: Final = "enabled"
_FORM: Final = ConfigDict(extra="forbid", frozen=True, strict=True)


def known_patterns() -> Mapping[str, Pattern]:
    """Every pattern that runs where no policy says otherwise, by name."""
    catalogue = Catalogue()
    return {pattern.name: pattern for pattern in (*catalogue.seller, catalogue.order)}


def parameters_of(pattern: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, type with bounds, and default of each parameter that a file can give."""
    hints = get_type_hints(type(pattern), include_extras=True)
    for field in fields(pattern):
        kind = _bounded(hints[field.name], field)
        if kind is not None:
            yield field.name, kind, getattr(pattern, field.name)


def _bounded(kind: Any, field: "Field[Any]") -> Any:
    """The type as a file gives it; `None`: it cannot be given there."""
    if not field.init or (field.default is MISSING and field.default_factory is MISSING):
        return None
    if kind is float:
        return Annotated[float, Ge(0.0), Le(MOST_WEIGHT)]
    if kind is int:
        return Annotated[int, Ge(0), Le(10**9)]
    if kind in (bool, str) or get_origin(kind) is Literal:
        return kind
    if get_origin(kind) is Annotated and get_args(kind)[0] in (float, int, str):
        return kind
    if get_origin(kind) is tuple and get_args(kind) in ((str, ...), (float, ...), (int, ...)):
        return list[get_args(kind)[0]]  # type: ignore[misc]
    return None


@cache
def patterns_model() -> type[BaseModel]:
    """The form of the tables `patterns.*`."""
    always = Catalogue().order.name
    tables: dict[str, Any] = {}
    for name, pattern in known_patterns().items():
        keys: dict[str, Any] = {key: (kind, default) for key, kind, default in parameters_of(pattern)}
        if name != always:
            keys = {SWITCH: (bool, True), **keys}
        table = create_model(f"Pattern_{name}", __config__=_FORM, **keys)
        tables[name] = (table, table())
    return create_model("Patterns", __config__=_FORM, **tables)
