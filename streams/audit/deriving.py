"""Compares a chain with the one that the log gives when it is folded again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from detectors.events import Micros
from streams.audit.chain import canonical
from streams.audit.verifying import Finding
from streams.replay import BATCH, LogReplay

TOLD = 20
"""Differences of one partition that are told at most."""
Body = Mapping[str, Any]


@dataclass
class Derived:
    """What a dump of the log gives for one partition."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Of the entries, in order."""
    until: Micros = 0
    """When its last record entered the log."""


class Compared(NamedTuple):
    """What came of it for one partition."""

    findings: list[Finding]
    equal: int
    """Entries that the log gives as they stand in the chain."""
    before: int
    """Entries that the log gives from before the chain began: an older version kept none."""
    beyond: int
    """Entries of the chain that rest on records after the end of the dump."""
    unlike: int
    """Alerts that cannot be compared, because some were decided `otherwise`."""
    otherwise: list[str]
    """Versions that decided and are none that the log leads to with this version and these settings."""


def derive(replay: LogReplay, lines: Iterable[bytes]) -> dict[int, Derived]:
    """The entries that a dump of the log gives, by partition."""
    found: dict[int, Derived] = {}
    waiting = iter(lines)
    while batch := list(islice(waiting, BATCH)):
        records = replay.gather(batch)
        for record in records:
            of = found.setdefault(record.partition, Derived())
            of.until = max(of.until, record.logged_at)
        for step in replay.fold(records):
            for _, raw in step.entries:
                entry = json.loads(raw)
                found[entry["partition"]].bodies.append(entry["body"])
    return found


def compare(partition: int, chain: Mapping[int, tuple[str, Body]], derived: Derived) -> Compared:
    """Compares a chain with what the log gives, entry by entry, by the record that each rests on.

    Alerts name the versions that decided them. Where some of those are none that the log leads to now, another
    version of Sellerwatch decided, or other settings: then alerts that differ are counted, and are no findings.

    A chain begins where the first version that keeps one took over: what the log gives from before its first
    entry is counted, and no difference.

    Args:
        chain: (place, body) of each entry, by its number.
    """
    given = {_source(body): at for at, body in enumerate(derived.bodies)}
    ours = {_decided_by(body) for body in derived.bodies}
    otherwise = sorted({_decided_by(body) for _, body in chain.values()} - ours - {""})
    findings, matched, beyond, equal = list[tuple[Finding, Body]](), set[int](), 0, 0
    for seq, (place, body) in sorted(chain.items()):
        at = given.get(_source(body))
        matched |= set() if at is None else {at}
        if at is None and _logged_at(body) > derived.until:
            beyond += 1
        elif at is not None and canonical(derived.bodies[at]) == canonical(body):
            equal += 1
        else:
            text = "is given nowhere by the log" if at is None else "is not what the log gives"
            expected = None if at is None else derived.bodies[at]
            findings.append((_other(partition, seq, place, text, expected, body), expected or body))
    begin = min(matched, default=0)
    for at in sorted(set(range(begin, len(derived.bodies))) - matched):
        seq, body = min(chain, default=0) + at - begin, derived.bodies[at]
        text = "is given by the log and is not in the chain"
        findings.append((_other(partition, seq, "", text, body), body))
    sure = [finding for finding, body in findings if not otherwise or not _decided_by(body)]
    sure.sort(key=lambda finding: finding.seq)
    return Compared(sure[:TOLD], equal, begin, beyond, len(findings) - len(sure), otherwise)


def _decided_by(body: Body) -> str:
    """What decided on an alert besides the log; empty for what is none."""
    kind, said = body.get("kind"), body.get("said")
    if not isinstance(kind, str) or not kind.startswith("alert.") or not isinstance(said, Mapping):
        return ""
    versions = said.get("versions")
    known = versions if isinstance(versions, Mapping) else {}
    return ", ".join(f"{name} {known.get(name)}" for name in ("features", "lexicon", "patterns", "policy"))


def _source(body: Body) -> bytes:
    return canonical(body.get("source"))


def _logged_at(body: Body) -> Micros:
    logged_at = body.get("logged_at")
    return logged_at if isinstance(logged_at, int) else 0


def _other(
    partition: int, seq: int, place: str, text: str, expected: Body | None = None, found: Body | None = None
) -> Finding:
    said = [canonical(body).decode() if body else "" for body in (expected, found)]
    return Finding("other_log", partition, seq, place, text, *said)
