"""Ids in addresses: the contract lets them be any text, so each is percent-encoded into one segment of a path.

Paths are routed as they were sent: after decoding, nothing would tell the `/` of an id from one between segments.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

_DOTS: Final = re.compile(r"~*\.\.?")
"""Browsers take `.` and `..` out of a path, encoded or not; so a `~` stands before them, and before what looks so."""


def segment(text: str) -> str:
    """An id as one segment of a path."""
    return quote(f"~{text}" if _DOTS.fullmatch(text) else text, safe="")


class Id(Convertor[str]):
    """`{name:id}` in a route: the id that `segment` has encoded."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        text = unquote(value)
        return text[1:] if text.startswith("~") and _DOTS.fullmatch(text) else text

    def to_string(self, value: str) -> str:
        return segment(value)


register_url_convertor("id", Id())


def as_sent(scope: Scope) -> str:
    """The path of a request, still percent-encoded."""
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("ascii", "replace") if raw is not None else quote(scope["path"])
