"""Whom an erasure is about."""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Person(Struct, frozen=True):
    """A seller by its id, or somebody by hashes of personal values."""

    seller: str = ""
    hashes: Mapping[str, Sequence[str]] = {}
    """By kind of value: its hash under each key that is known."""

    @property
    def all_hashes(self) -> list[str]:
        return [digest for of_kind in self.hashes.values() for digest in of_kind]

    @property
    def needles(self) -> list[bytes]:
        """One of these stands in every stored value that holds the person."""
        return [text.encode() for text in ([self.seller] if self.seller else self.all_hashes)]

    @property
    def keys(self) -> list[str]:
        """Keys of intake's records that are of the person's own values."""
        also = {"buyer": ("buyer", "reviewer", "reporter")}
        return [
            f"v:{stored}:{digest}"
            for kind, of_kind in self.hashes.items()
            for stored in also.get(kind, (kind,))
            for digest in of_kind
        ]
