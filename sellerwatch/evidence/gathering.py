"""Brings together what an alert rests on: its records, decisions, versions, and its way through the chain."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from detectors.decision import Alert, Decision, encode_alert, encode_decision
from detectors.events import (
    ActRecorded,
    AlertSnoozed,
    LinkFound,
    ModelPublished,
    PolicyPublished,
    Record,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ValueListed,
    VerdictGiven,
)
from sellerwatch.evidence.holdings import Holdings, needle
from sellerwatch.evidence.refolding import SellersLog, refold, sellers_log
from streams.audit.chain import canonical, digest
from streams.audit.verifying import PartitionCheck, parsed
from streams.errors import SellerwatchError, SettingsError
from streams.policy.published import unpack
from streams.settings import Settings

ALWAYS: Final = (
    ActRecorded,
    AlertSnoozed,
    LinkFound,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ValueListed,
    VerdictGiven,
)
"""Events of the seller that belong to every pack, besides those of the alert's orders."""
_decode_alert: Final = msgspec.json.Decoder(Alert).decode
_decode_decision: Final = msgspec.json.Decoder(Decision).decode


class BrokenChainError(SellerwatchError):
    """The chain does not hold: nothing can be proved by it."""


@dataclass
class Publication:
    """A model or policy that was in force."""

    what: str
    version: str
    record: str
    """Digest of its record in the log."""
    content: bytes
    """Signed, as it was published."""


@dataclass
class Evidence:
    """All that goes into a pack."""

    alert: Alert
    raw_alert: bytes
    partition: int
    records: list[tuple[bytes, Record]] = field(default_factory=list)
    decisions: list[tuple[bytes, Decision]] = field(default_factory=list)
    published: list[Publication] = field(default_factory=list)
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Of the chain, as far as they are shown, by number."""
    links: list[str] = field(default_factory=list)
    """Digests of the bodies from the first entry that is shown up to the head."""
    start: int = 0
    before_start: str = ""
    head: tuple[int, str] = (0, "")
    """Entries, and the hash of the last one."""
    alert_entry: int = 0
    recomputed: bool = False
    """Whether the log gives the same alert, byte for byte."""

    @property
    def policy(self) -> Publication | None:
        """The policy that was in force; `None`: that of the settings."""
        return next((each for each in self.published if each.what == "policy"), None)

    def policy_text(self) -> str:
        """The file that was published."""
        return unpack(self.policy.content, None).text if self.policy else ""


def gather(alert_id: str, holdings: Holdings, settings: Settings) -> Evidence:
    """The evidence of one alert.

    Raises:
        SettingsError: There is no such alert, or what it rests on is not at hand.
        BrokenChainError: The chain does not hold.
    """
    raw = _alert(alert_id, holdings)
    alert = _decode_alert(raw)
    evidence = Evidence(alert, raw, sellers_log(holdings, alert.seller_id).partition)
    way = _way(evidence, holdings)
    _take_records(evidence, holdings, {entry["body"]["record"] for entry in way.of_seller})
    _show(evidence, way)
    _fold_again(evidence, holdings, settings)
    return evidence


def _alert(alert_id: str, holdings: Holdings) -> bytes:
    wanted = needle(alert_id)
    for line in holdings.alerts():
        if wanted in line and _decode_alert(line).alert_id == alert_id:
            return line
    raise SettingsError(f"no alert {alert_id!r} is known; is the id whole?")


def _take_records(evidence: Evidence, holdings: Holdings, chained: Collection[str]) -> None:
    """The records that the alert rests on, those that the chain names, and what was in force when it was raised."""
    alert = evidence.alert
    orders, tipping = set(alert.evidence.orders), set(alert.evidence.events)
    in_force: dict[str, Publication] = {}
    open_yet = True
    for line, record in SellersLog(holdings.log(alert.seller_id), alert.seller_id, evidence.partition):
        body = record.body
        if isinstance(body, ModelPublished | PolicyPublished):
            if open_yet:
                found = _publication(line, body)
                in_force[found.what] = found
            continue
        open_yet = open_yet and record.event_id not in tipping
        rests = record.event_id in tipping or getattr(body, "order_id", None) in orders
        if rests or isinstance(body, ALWAYS) or digest(line) in chained:
            evidence.records.append((line, record))
    evidence.published = list(in_force.values())


def _publication(line: bytes, body: ModelPublished | PolicyPublished) -> Publication:
    if isinstance(body, PolicyPublished):
        return Publication("policy", body.version, digest(line), body.policy)
    return Publication(f"model {body.model}", body.version, digest(line), body.snapshot)


class Way(NamedTuple):
    """The chain of one partition, as far as a pack may need it."""

    bodies: list[str]
    """Digest of each entry's body."""
    previous: list[str]
    of_seller: list[dict[str, Any]]
    of_all: dict[str, dict[str, Any]]
    """Publications, by the digest of their records."""


def _way(evidence: Evidence, holdings: Holdings) -> Way:
    """Goes through the chain once."""
    check, way = PartitionCheck(evidence.partition), Way([], [], [], {})
    for place, raw in holdings.chain(evidence.partition):
        entry = parsed(raw)
        if entry is not None and entry["partition"] != evidence.partition:
            continue
        check.take(place, raw)
        if entry is None or entry["seq"] != len(way.bodies):  # what a worker has repeated
            continue
        body = entry["body"]
        way.bodies.append(digest(canonical(body)))
        way.previous.append(entry["previous"])
        if body.get("seller_id") == evidence.alert.seller_id:
            way.of_seller.append(entry)
        elif "seller_id" not in body:
            way.of_all[body["record"]] = entry
    check.finish()
    if check.findings:
        raise BrokenChainError(
            f"the chain of partition {evidence.partition} does not hold ({check.findings[0].problem}); "
            "see `sellerwatch audit verify`"
        )
    evidence.head = check.head
    return way


def _show(evidence: Evidence, way: Way) -> None:
    """Chooses what a pack shows of the chain: the seller's entries, what was in force, and the links up to the head."""
    told = [entry["seq"] for entry in way.of_seller if _tells(entry, evidence.alert.alert_id)]
    if not told:
        raise SettingsError(
            f"the chain of partition {evidence.partition} does not name alert {evidence.alert.alert_id}: it was raised "
            "before a chain was kept, or the chain that was read is cut off"
        )
    evidence.published = [each for each in evidence.published if each.record in way.of_all]
    in_force = [way.of_all[each.record] for each in evidence.published]
    evidence.entries = {entry["seq"]: entry for entry in (*in_force, *way.of_seller)}
    evidence.alert_entry, evidence.start = told[0], min(evidence.entries)
    evidence.before_start = way.previous[evidence.start]
    evidence.links = way.bodies[evidence.start :]


def _tells(entry: Mapping[str, Any], alert_id: str) -> bool:
    body = entry["body"]
    return bool(body["kind"].startswith("alert.") and body["said"]["alert_id"] == alert_id)


def _fold_again(evidence: Evidence, holdings: Holdings, settings: Settings) -> None:
    """Computes the alert again; takes the decisions as they were told, or as they come out now."""
    alert = evidence.alert
    tipping, orders = alert.evidence.events[0], set(alert.evidence.orders)

    def concerns(decision: Decision) -> bool:
        return decision.event_id == tipping or decision.order_id in orders

    computed: dict[str, Decision] = {}
    log = SellersLog(holdings.log(alert.seller_id), alert.seller_id, evidence.partition)
    for step in refold(log, settings, until=tipping):
        for effects in step.effects:
            evidence.recomputed |= any(encode_alert(each) == evidence.raw_alert for each in effects.alerts)
            computed |= {each.event_id: each for each in effects.decisions if concerns(each)}
    told = {d.event_id: (line, d) for line, d in _decisions(alert.seller_id, holdings) if concerns(d)}
    for event_id, decision in computed.items():
        told.setdefault(event_id, (encode_decision(decision), decision))
    evidence.decisions = sorted(told.values(), key=lambda each: (each[1].event_time, each[1].event_id))


def _decisions(seller_id: str, holdings: Holdings) -> Iterator[tuple[bytes, Decision]]:
    wanted = needle(seller_id)
    for line in holdings.decisions(seller_id):
        if wanted in line:
            decision = _decode_decision(line)
            if decision.seller_id == seller_id:
                yield line, decision


def body_text(record: Record) -> str:
    """What a record says beyond its id and time: names and values."""
    said = (pair for pair in msgspec.to_builtins(record.body).items() if pair[0] != "type")
    told = ((name, value if isinstance(value, str | int) else _compact(value)) for name, value in said)
    return ", ".join(f"{name} {value}" for name, value in told)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", " "), default=str).replace('"', "")
