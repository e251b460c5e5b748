"""Finds what was changed, taken out, moved or put into an audit chain, and says where.

A worker that was not sure of its commit writes entries again: the same bytes, from some entry on up to the last.
Such repeats are told, and are no fault. What stands twice otherwise is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from streams.audit.chain import GENESIS, canonical, digest, link_hash

_MEMBERS: Final = {"body": dict, "hash": str, "partition": int, "previous": str, "seq": int}


class Head(NamedTuple):
    """How far a chain has come: entries so far, and the hash of the last one."""

    entries: int
    hash: str


@dataclass(frozen=True)
class Finding:
    """Something that is not as the chain says it must be."""

    problem: str
    """`changed`, `missing`, `reordered`, `duplicated`, `forked`, `unlinked`, `unreadable`, `truncated`,
    `moved`, `other_head`, `other_log`."""
    partition: int
    seq: int
    """Of the entry that is concerned, as it is expected at that place."""
    place: str
    """Where it stands: `sellerwatch.audit/0@17` by partition and offset, or `FILE:17`; empty: nowhere."""
    text: str
    expected: str = ""
    found: str = ""


@dataclass
class PartitionCheck:
    """Goes through the chain of one partition, in the order in which its topic holds it."""

    partition: int
    findings: list[Finding] = field(default_factory=list)
    repeats: list[tuple[int, str]] = field(default_factory=list)
    """(seq, place) of entries that stand again as a worker repeats them."""
    _hashes: list[frozenset[str]] = field(default_factory=list)
    """What may be the hash of each entry: one value, two where the entry was changed, none where it is missing."""
    _missing: dict[int, Finding] = field(default_factory=dict)
    _next: int = 0
    _rerun: tuple[int, str] = (0, "")
    """Where the present run of repeats began: (seq, place)."""

    @property
    def head(self) -> Head:
        """Of what was read."""
        last = sorted(self._hashes[-1]) if self._hashes else [GENESIS]
        return Head(len(self._hashes), last[0] if last else "")

    def expects(self, previous: str) -> bool:
        """Whether the next entry names this one as the one before it."""
        return previous in (self._hashes[-1] if self._hashes else (GENESIS,))

    def take(self, place: str, raw: bytes) -> None:
        """Takes in the next record of the topic."""
        entry = parsed(raw)
        if entry is None:
            self._note("unreadable", self._next, place, "is no entry of a chain", "an entry", repr(raw[:80]))
            self._suppose(frozenset())
            return
        computed = hash_of(entry)
        if entry["partition"] != self.partition and computed == entry["hash"]:
            place_of = f"partition {entry['partition']}"
            self._note("moved", self._next, place, "is none of this partition", f"entry {self._next}", place_of)
            return
        if canonical(entry) != raw or computed != entry["hash"]:
            self._changed(place, entry, computed)
            return
        self._place(place, entry)

    def _changed(self, place: str, entry: Mapping[str, Any], computed: str) -> None:
        seq, claimed = self._next, entry["seq"]
        says = "" if claimed == seq else f"; it calls itself entry {claimed}"
        self._note("changed", seq, place, "does not give the hash that it carries" + says, entry["hash"], computed)
        self._suppose(frozenset((entry["hash"], computed)) if claimed == seq else frozenset())

    def _suppose(self, hashes: frozenset[str]) -> None:
        """Goes on behind a record that is not right: what its hash may have been."""
        if self._next == len(self._hashes):
            self._hashes.append(hashes)
        self._next += 1

    def _place(self, place: str, entry: Mapping[str, Any]) -> None:
        seq, end = entry["seq"], len(self._hashes)
        if seq > self._next and self._next < end:
            self._break_off()
        if seq > end:
            self._miss(end, seq, place)
        elif seq < end and seq != self._next and not self._hashes[seq]:
            self._fill(place, entry)
            return
        if seq >= len(self._hashes):
            self._check_link(place, entry)
            self._hashes.append(frozenset((entry["hash"],)))
        elif self._hashes[seq] and entry["hash"] not in self._hashes[seq]:
            known = min(self._hashes[seq])
            self._note("forked", seq, place, "stands twice with different content", known, entry["hash"])
            return
        else:
            if self._next != seq:
                self._rerun = (seq, place)
            self._hashes[seq] = frozenset((entry["hash"],))
            self.repeats.append((seq, place))
        self._next = seq + 1

    def _fill(self, place: str, entry: Mapping[str, Any]) -> None:
        """An entry that was missed before stands here instead."""
        seq = entry["seq"]
        self._missing.pop(seq, None)
        self._check_link(place, entry)
        self._hashes[seq] = frozenset((entry["hash"],))
        self._note("reordered", seq, place, f"stands after entry {self._next - 1}", f"entry {self._next}", f"{seq}")

    def _miss(self, start: int, stop: int, place: str) -> None:
        for seq in range(start, stop):
            finding = Finding("missing", self.partition, seq, place, f"stands nowhere before entry {stop}")
            self._missing[seq] = finding
            self._hashes.append(frozenset())

    def _break_off(self) -> None:
        """A run of repeats that did not come to its end: no worker does so."""
        seq, place = self._rerun
        text = f"stands again, and entry {self._next} does not follow it"
        self._note("duplicated", seq, place, text, f"entry {len(self._hashes)}", f"entry {seq} again")
        self._next = len(self._hashes)

    def _check_link(self, place: str, entry: Mapping[str, Any]) -> None:
        seq = entry["seq"]
        before = self._hashes[seq - 1] if seq else frozenset((GENESIS,))
        if before and entry["previous"] not in before:
            self._note(
                "unlinked", seq, place, "does not name the hash of the entry before it", min(before), entry["previous"]
            )

    def finish(self) -> None:
        """Call after the last record."""
        self.findings += self._missing.values()
        self._missing.clear()
        self.findings.sort(key=lambda finding: finding.seq)

    def compare(self, head: Head, kept_in: str) -> None:
        """Compares with a head that was kept elsewhere; call after `finish`."""
        count = len(self._hashes)
        if head.entries > count:
            text = f"{kept_in} knows {head.entries} entries: from this one on they are gone"
            self._note("truncated", count, "", text, f"{head.entries} entries", f"{count} entries")
        elif head.entries and self._hashes[head.entries - 1] and head.hash not in self._hashes[head.entries - 1]:
            known = min(self._hashes[head.entries - 1])
            self._note("other_head", head.entries - 1, "", f"is not what {kept_in} knows", head.hash, known)

    def _note(self, problem: str, seq: int, place: str, text: str, expected: str, found: str) -> None:
        self.findings.append(Finding(problem, self.partition, seq, place, text, expected, found))


def parsed(raw: bytes) -> dict[str, Any] | None:
    """An entry, whether or not it is right; `None` for what is none."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.keys() != _MEMBERS.keys():
        return None
    right = all(type(entry[name]) is kind for name, kind in _MEMBERS.items())
    return entry if right and entry["seq"] >= 0 else None


def hash_of(entry: Mapping[str, Any]) -> str:
    """The hash that an entry must carry."""
    return link_hash(entry["partition"], entry["seq"], entry["previous"], digest(canonical(entry["body"])))


def check_lines(lines: Iterable[tuple[str, int | None, bytes]]) -> dict[int, PartitionCheck]:
    """Checks (place, partition, entry) of several chains, each in order; the partition: `None` where a file is read."""
    checks: dict[int, PartitionCheck] = {}
    for place, partition, line in lines:
        if partition is None:
            check = _check_of(checks, line)
        else:
            check = checks.setdefault(partition, PartitionCheck(partition))
        check.take(place, line)
    for check in checks.values():
        check.finish()
    return checks


def _check_of(checks: dict[int, PartitionCheck], line: bytes) -> PartitionCheck:
    """The partition that a line belongs to: where it was changed, the one whose end it names."""
    entry = parsed(line)
    if entry is None:
        return next(iter(checks.values())) if len(checks) == 1 else checks.setdefault(-1, PartitionCheck(-1))
    if hash_of(entry) != entry["hash"]:
        for check in checks.values():
            if check.expects(entry["previous"]):
                return check
    partition = entry["partition"]
    return checks.setdefault(partition, PartitionCheck(partition))
