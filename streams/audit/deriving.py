"""Compares a chain with the one that the log gives when it is folded again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from streams.audit.chain import canonical, digest
from streams.audit.verifying import Finding
from streams.replay import LogReplay

TOLD = 20
"""Differences of one partition that are told at most."""


class Compared(NamedTuple):
    """What came of it for one partition."""

    findings: list[Finding]
    equal: int
    """Entries that the log gives as they stand in the chain."""
    before: int
    """Entries that the log gives from before the chain began: an older version kept none."""
    beyond: int
    """Entries of the chain from records after the end of the log's dump."""


def derive(replay: LogReplay, lines: Iterable[bytes]) -> dict[int, list[dict[str, Any]]]:
    """The bodies of all entries that a dump of the log gives, by partition."""
    bodies: dict[int, list[dict[str, Any]]] = {}
    for step in replay.run(lines):
        for _, raw in step.entries:
            entry = json.loads(raw)
            bodies.setdefault(entry["partition"], []).append(entry["body"])
    return bodies


def compare(
    partition: int, chain: Mapping[int, tuple[str, dict[str, Any]]], derived: Sequence[dict[str, Any]]
) -> Compared:
    """Compares a chain with what the log gives.

    A chain begins where the first version that keeps one took over; its first entry tells where in the log
    that was, and from there on nothing may differ.

    Args:
        chain: (place, body) of each entry, by its number.
        derived: The bodies that the log gives, in order.
    """
    if not chain:
        gone = [_other(partition, 0, "", "is given by the log, and the chain is empty", derived[0])] if derived else []
        return Compared(gone, 0, 0, 0)
    first = min(chain)
    begin = _begin(first, chain, derived)
    if begin is None:
        place, body = chain[first]
        return Compared([_other(partition, first, place, "is given nowhere by the log", found=body)], 0, 0, 0)
    findings = list[Finding]()
    for seq, given in enumerate(derived[begin:], start=first):
        if seq not in chain:
            findings.append(_other(partition, seq, "", "is given by the log, and not in the chain", given))
        elif not _same(given, chain[seq][1]):
            findings.append(_other(partition, seq, chain[seq][0], "is not what the log gives", given, chain[seq][1]))
    held = len(derived) - begin
    return Compared(findings[:TOLD], held - len(findings), begin, max(max(chain) + 1 - first - held, 0))


def _begin(
    first: int, chain: Mapping[int, tuple[str, dict[str, Any]]], derived: Sequence[dict[str, Any]]
) -> int | None:
    """Which of the derived bodies the chain begins with; where its first entries were changed, others tell."""
    places = {digest(canonical(given)): at for at, given in enumerate(derived)}
    for seq in sorted(chain):
        at = places.get(digest(canonical(chain[seq][1])))
        if at is not None and at >= seq - first:
            return at - (seq - first)
    return None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return digest(canonical(one)) == digest(canonical(other))


def _other(
    partition: int,
    seq: int,
    place: str,
    text: str,
    expected: Mapping[str, Any] | None = None,
    found: Mapping[str, Any] | None = None,
) -> Finding:
    said = [canonical(body).decode() if body else "" for body in (expected, found)]
    return Finding("other_log", partition, seq, place, text, *said)
