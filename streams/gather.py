"""Gathers the facts of a batch of events before they enter the log: sellers, sightings, links.

Touches no network itself: it names the records it needs (`first_keys`, `second_keys`), is handed
them, and says which have changed. Intake runs it on Redis, a replay on a dictionary.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    LinkFound,
    Micros,
    OrderPlaced,
    OtherSeller,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    Record,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ShipmentCreated,
    Sighting,
    Source,
    Status,
    VerdictGiven,
)
from streams.entities import (
    NewLink,
    Order,
    Role,
    Standing,
    Touch,
    Value,
    decode_order,
    decode_standing,
    decode_value,
    encode,
    link,
    source_name,
    touch,
)
from streams.privacy import Personal
from streams.upstream import Event, micros_of

TOUCHING: dict[type, tuple[Role, tuple[str, ...]]] = {
    OrderPlaced: ("buyer", ("buyer_id", "device_id", "ip", "ip_prefix", "ship_to")),
    PaymentCaptured: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    PaymentFailed: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    ShipmentCreated: ("seller", ("origin",)),
    SellerRegistered: (
        "seller",
        (
            "email",
            "phone",
            "payout_account",
            "tax_id",
            "legal_name",
            "display_name",
            "device_id",
            "ip",
            "ip_prefix",
            "address",
        ),
    ),
}
TOUCHING[SellerUpdated] = TOUCHING[SellerRegistered]


@dataclass(slots=True)
class Incoming:
    """One event on its way into the log; its personal values are hashes already."""

    source: Source
    logged_at: Micros
    event: Event
    values: Mapping[str, Personal]
    seller_id: str | None = None
    """`None`: its order is not known, it must wait."""
    sightings: list[Sighting | None] = field(default_factory=list)
    links: list[list[NewLink]] = field(default_factory=list)


class _Touched(NamedTuple):
    incoming: Incoming
    slot: int
    kind: str
    digest: str
    by: Touch


class Gathering:
    """The facts of one batch, gathered in the order of its events."""

    def __init__(self, batch: list[Incoming], former: Callable[[str, str], list[str]] | None = None) -> None:
        self.batch = batch
        self._former = former
        self._orders: dict[str, Order] = {}
        self._new_orders: set[str] = set()
        self._values: dict[str, Value] = {}
        self._touches: dict[str, list[_Touched]] = {}
        self._standings: dict[str, Standing] = {}
        self._changed_standings: set[str] = set()
        self._moved: dict[str, list[str]] = {}
        self._records: list[Record] = []

    # -- round one: orders and values -----------------------------------------------------------

    def first_keys(self) -> list[str]:
        """Keys of all the orders and values that the events name."""
        keys: dict[str, None] = {}
        for incoming in self.batch:
            body = incoming.event.body
            if (order := getattr(body, "order_id", None)) is not None:
                keys[f"o:{order}"] = None
            for _, personal in _touched_values(incoming):
                keys[f"v:{personal.kind}:{personal.hash}"] = None
                self._find_former(personal, keys)
            if isinstance(body, IntelListed | IntelWithdrawn):
                keys[f"v:{body.kind}:{body.value_hash}"] = None
        return list(keys)

    def _find_former(self, personal: Personal, keys: dict[str, None]) -> None:
        """While a key is being rotated, what is remembered under the former hash is found as well."""
        if self._former is None:
            return
        key = f"v:{personal.kind}:{personal.hash}"
        if key in self._moved:
            return
        self._moved[key] = [f"v:{personal.kind}:{digest}" for digest in self._former(personal.kind, personal.raw)]
        keys.update(dict.fromkeys(self._moved[key]))

    def take_first(self, found: Mapping[str, bytes | None]) -> None:
        """Finds sellers and buyers by their orders; events whose order is unknown get no seller."""
        self._load_values(found)
        for key, raw in found.items():
            if raw is not None and key.startswith("o:"):
                self._orders[key] = decode_order(raw)
        for incoming in self.batch:
            body, seller = incoming.event.body, incoming.event.seller_id
            key = f"o:{getattr(body, 'order_id', '')}"
            if isinstance(body, OrderPlaced) and seller and key not in self._orders:
                self._orders[key] = Order(seller, body.buyer_id)
                self._new_orders.add(key)
            elif seller is None and key in self._orders:
                seller = self._orders[key].seller_id
            incoming.seller_id = seller

    def _load_values(self, found: Mapping[str, bytes | None]) -> None:
        for key, raw in found.items():
            if key.startswith("v:"):
                former = next((found[k] for k in self._moved.get(key, ()) if found.get(k)), None)
                known = raw or former
                self._values[key] = decode_value(known) if known else Value()

    # -- round two: buyers of disputed orders, standings ----------------------------------------

    def second_keys(self) -> list[str]:
        """Keys that only the first round could tell; call after `take_first`."""
        for incoming in self.batch:
            if incoming.seller_id is not None:
                self._touch_values(incoming)
        keys: dict[str, None] = {}
        for incoming in self.batch:
            body, seller = incoming.event.body, incoming.seller_id
            if seller is None:
                continue
            if isinstance(body, PaymentDisputed) and (buyer := self._buyer_of(body.order_id)):
                keys[f"v:buyer:{buyer}"] = None
        keys.update(dict.fromkeys(self.standing_keys()))
        return [key for key in keys if key not in self._values]

    def _touch_values(self, incoming: Incoming) -> None:
        body, seller = incoming.event.body, incoming.seller_id
        if isinstance(body, IntelListed | IntelWithdrawn):
            self._note_intel(incoming, body)
        if not seller:
            return
        role = TOUCHING[type(body)][0] if type(body) in TOUCHING else "buyer"
        for field_name, personal in _touched_values(incoming):
            amount = body.amount_minor if isinstance(body, OrderPlaced) and field_name == "buyer_id" else None
            by = Touch(seller, role, incoming.event.event_time, incoming.source, amount)
            self._touch(incoming, personal.kind, personal.hash, by)

    def _touch(self, incoming: Incoming, kind: str, digest: str, by: Touch) -> None:
        key = f"v:{kind}:{digest}"
        slot = len(incoming.sightings)
        sighting, links = touch(self._values[key], kind, digest, by)
        incoming.sightings.append(sighting)
        incoming.links.append(links)
        self._touches.setdefault(key, []).append(_Touched(incoming, slot, kind, digest, by))

    def _note_intel(self, incoming: Incoming, body: IntelListed | IntelWithdrawn) -> None:
        listed = body.source, micros_of(body.expires_at)
        by = Touch(
            "",
            "buyer",
            incoming.event.event_time,
            incoming.source,
            listed=listed if isinstance(body, IntelListed) else None,
            withdrawn=body.source if isinstance(body, IntelWithdrawn) else None,
        )
        self._touch(incoming, body.kind, str(body.value_hash), by)

    def _buyer_of(self, order_id: str) -> str | None:
        order = self._orders.get(f"o:{order_id}")
        return order.buyer if order else None

    def _other_sellers(self, incoming: Incoming, keys: dict[str, None]) -> None:
        for sighting in incoming.sightings:
            if sighting is not None:
                for other in sighting.others:
                    keys[f"s:{other.seller_id}"] = None
        for links in incoming.links:
            for new in links:
                keys[f"s:{new.seller_id}"] = None
                keys[f"s:{new.other.seller_id}"] = None

    def take_second(self, found: Mapping[str, bytes | None]) -> None:
        """Marks the buyers of disputed orders and fills in how the other sellers stand."""
        self._load_values(found)
        for incoming in self.batch:
            body = incoming.event.body
            if isinstance(body, PaymentDisputed) and incoming.seller_id and (buyer := self._buyer_of(body.order_id)):
                by = Touch(incoming.seller_id, "buyer", incoming.event.event_time, incoming.source, bad=True)
                self._touch(incoming, "buyer", buyer, by)
        self.take_standings(found)

    def take_standings(self, found: Mapping[str, bytes | None]) -> None:
        """Goes through the events in order with the sellers' standings; makes the records."""
        self._standings = {
            key[2:]: decode_standing(raw) if raw else Standing() for key, raw in found.items() if key.startswith("s:")
        }
        self._changed_standings.clear()
        self._records = [record for incoming in self.batch for record in self._records_of(incoming)]

    def _records_of(self, incoming: Incoming) -> Iterable[Record]:
        if incoming.seller_id is None:
            return
        body = incoming.event.body
        others: list[tuple[str, LinkFound]] = []
        if _changes_standing(body):
            others += self._change_standing(incoming.seller_id, incoming)
        seen = tuple(self._with_standing(s) for s in incoming.sightings if s is not None and (s.events or s.listed))
        for found in incoming.links:
            others += [self._join(new) for new in found]
        yield _record(incoming, incoming.seller_id, incoming.source, incoming.event.event_id, body, seen)
        for part, (other, notice) in enumerate(others, start=1):
            source = Source(incoming.source.topic, incoming.source.partition, incoming.source.offset, part)
            yield _record(incoming, other, source, f"{incoming.event.event_id}/link/{part}", notice)

    def _change_standing(self, seller_id: str, incoming: Incoming) -> list[tuple[str, LinkFound]]:
        """A ban or a confirmed verdict is told to every seller that is linked."""
        standing, body, source = self._standings[seller_id], incoming.event.body, source_name(incoming.source)
        before = "" if standing.changed_by == source else standing.status
        if isinstance(body, SellerBanned):
            standing.status = "banned"
        elif isinstance(body, SellerReinstated):
            standing.status = ""
        elif standing.status != "banned":
            standing.status = "confirmed"
        if standing.status == before:
            return []
        standing.changed_by = source
        self._changed_standings.add(seller_id)
        if not standing.status:
            return []
        return [
            (other, LinkFound(seller_id, kind, value, "seller", 2, standing.status))
            for other, kind, value in standing.linked
        ]

    def _with_standing(self, sighting: Sighting) -> Sighting:
        if not any(self._status(other.seller_id) for other in sighting.others):
            return sighting
        others = [OtherSeller(o.seller_id, o.last_seen, o.role, self._status(o.seller_id)) for o in sighting.others]
        others.sort(key=lambda other: (not other.status, -other.last_seen))
        return msgspec.structs.replace(sighting, others=tuple(others))

    def _status(self, seller_id: str) -> Status:
        standing = self._standings.get(seller_id)
        return standing.status if standing else ""

    def _join(self, new: NewLink) -> tuple[str, LinkFound]:
        """Both sellers remember the link; the other one is told of it in its log."""
        for seller, other in ((new.seller_id, new.other.seller_id), (new.other.seller_id, new.seller_id)):
            if link(self._standings[seller], other, new.kind, new.value):
                self._changed_standings.add(seller)
        status = self._status(new.seller_id)
        return new.other.seller_id, LinkFound(new.seller_id, new.kind, new.value, new.role, new.sellers + 1, status)

    # -- results --------------------------------------------------------------------------------

    def changes(self) -> dict[str, bytes]:
        """Every record that is now different, encoded."""
        changed = {key: encode(self._orders[key]) for key in sorted(self._new_orders)}
        changed.update({key: encode(self._values[key]) for key in self._touches})
        changed.update({f"s:{seller}": encode(self._standings[seller]) for seller in sorted(self._changed_standings)})
        return changed

    def retouch(self, found: Mapping[str, bytes | None]) -> None:
        """Somebody else has changed these records meanwhile: takes the touches in again, on top of that."""
        self._load_values(found)
        for key in found:
            for item in self._touches.get(key, ()):
                sighting, links = touch(self._values[key], item.kind, item.digest, item.by)
                item.incoming.sightings[item.slot] = sighting
                item.incoming.links[item.slot] = links

    def standing_keys(self) -> list[str]:
        """Keys of every standing that the events need by now."""
        keys: dict[str, None] = {}
        for incoming in self.batch:
            if incoming.seller_id is not None:
                if _changes_standing(incoming.event.body):
                    keys[f"s:{incoming.seller_id}"] = None
                self._other_sellers(incoming, keys)
        return list(keys)

    def records(self) -> list[Record]:
        """What goes into the log, in order; the log partition is yet to be filled in."""
        return self._records

    def waiting(self) -> list[Incoming]:
        """Events whose order is not known."""
        return [incoming for incoming in self.batch if incoming.seller_id is None]


def _touched_values(incoming: Incoming) -> Iterable[tuple[str, Personal]]:
    role_and_fields = TOUCHING.get(type(incoming.event.body))
    if role_and_fields is None:
        return ()
    found: dict[tuple[str, str], tuple[str, Personal]] = {}
    for field_name in role_and_fields[1]:
        personal = incoming.values.get(field_name)
        if personal is not None:
            found.setdefault((personal.kind, personal.hash), (field_name, personal))
    return found.values()


def _changes_standing(body: object) -> bool:
    if isinstance(body, VerdictGiven):
        return body.verdict == "confirmed"
    return isinstance(body, SellerBanned | SellerReinstated)


def _record(
    incoming: Incoming, seller: str, source: Source, event_id: str, body: object, seen: tuple[Sighting, ...] = ()
) -> Record:
    return Record(-1, source, incoming.logged_at, event_id, incoming.event.event_time, seller, body, seen)  # type: ignore[arg-type]
