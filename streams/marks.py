"""Source marks: how far each source partition is in a state, so that repeats change nothing."""

from collections.abc import Mapping

from detectors.events import Source

Mark = tuple[int, int]
"""Offset and part of the highest source record that is in the state."""


class Marks:
    """The highest mark of each source partition.

    A source's records reach a partition in order, possibly repeated (a worker that was not sure whether
    Kafka had taken a batch sends it again), so what is not above the mark is a repeat.
    """

    def __init__(self, stored: Mapping[str, str] | None = None) -> None:
        self._marks = {_origin(name): _mark(text) for name, text in (stored or {}).items()}
        self._changed: dict[tuple[str, int], Mark] = {}

    def advance(self, source: Source) -> bool:
        """Takes in one source; False when it is a repeat."""
        origin, mark = (source.topic, source.partition), (source.offset, source.part)
        if mark <= self._marks.get(origin, (-1, -1)):
            return False
        self._marks[origin] = self._changed[origin] = mark
        return True

    def changes(self) -> dict[str, str]:
        """The marks that changed since this was last asked, as they are stored."""
        changed, self._changed = self._changed, {}
        return {f"{topic}/{partition}": f"{mark[0]}.{mark[1]}" for (topic, partition), mark in changed.items()}


def _origin(name: str) -> tuple[str, int]:
    topic, _, partition = name.rpartition("/")
    return topic, int(partition)


def _mark(text: str) -> Mark:
    offset, _, part = text.partition(".")
    return int(offset), int(part)
