"""Where parcels say they come from: made-up and shared sender addresses, double packaging."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final
from zlib import crc32

from detectors.batch import Batch, Column, Matrix, above, half, rise
from detectors.events import Micros, Record, ShipmentCreated
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import Senders
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import rate_of
from detectors.profiles.sightings import hub_damping

NONE: Final = Senders()
PLACES: Final = 8
"""Sender addresses that are remembered: a shop with several warehouses has fewer."""


def _learn_sender(p: Profile, record: Record, body: ShipmentCreated, _time: Micros, _m: Moment) -> None:
    if body.origin is None or not body.origin.address:
        return
    before = p.senders
    mark = crc32(body.origin.address.encode())
    if before is None:
        if mark == p.address:
            return
        before = NONE if p.orders < 2 else Senders(count=min(p.orders, 17) - 1)
    ring, count = before.places, before.count + 1
    known, own = mark in ring, mark == p.address
    borrowed = 0.0
    if not own:
        for seen in record.seen:
            if seen.sellers and seen.kind == "address":
                borrowed = hub_damping(seen.sellers)
    rate = rate_of(count)
    p.senders = Senders(
        count,
        ring if known else (*ring, mark)[-PLACES:],
        before.varied + ((not (known or own or count == 1)) - before.varied) * rate,
        before.elsewhere + ((p.address != 0 and not own) - before.elsewhere) * rate,
        before.borrowed + (borrowed - before.borrowed) * rate,
    )


class SendersFacet:
    """Sender addresses that are new each time, not the seller's own, or others' too."""

    state: ClassVar[str] = "senders"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 4
    features: ClassVar[tuple[str, ...]] = ("sender_varied", "sender_elsewhere", "sender_borrowed")
    prior: ClassVar[Mapping[str, float]] = {"sender_varied": 0.05, "sender_elsewhere": 0.2, "sender_borrowed": 0.05}

    def learns(self) -> Mapping[type, Learner]:
        return {ShipmentCreated: _learn_sender}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.senders or NONE
        if not (s.varied or s.elsewhere or s.borrowed):
            return self.nothing
        return s.count, s.varied, s.elsewhere, s.borrowed

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (count, varied, elsewhere, borrowed) = raw
        return varied * half(count, 4.0), elsewhere * half(count, 3.0), borrowed


def _say_varied(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels come from a sender address never used before")


def _say_elsewhere(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels name a sender that is not the seller's address")


def _say_borrowed(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels name the address of another seller as their sender")


def _say_double(case: Case) -> str:
    return against(
        case, f"{share(case.observed)} of parcels are heavier than their category: packed twice, or not that"
    )


def _say_early(case: Case) -> str:
    return against(case, f"money released before delivery for {share(case.observed)} of orders")


@dataclass(frozen=True)
class FakeSender:
    """Looks for labels that hide who sends: another sender on each parcel, or somebody else's address.

    Several warehouses are several known addresses; a fulfilment service is one address that hundreds share. A
    new address for every other parcel is neither.

    Misses one made-up address that is used for all parcels, where the seller's own is not known.

    Args:
        varied, elsewhere, borrowed, double, early: Weight of each fact.
    """

    name: ClassVar[str] = "sender"
    idle_below: ClassVar[Mapping[str, float]] = {"sender_varied": 0.1, "sender_borrowed": 0.25, "weight_over": 0.1}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("varied_senders", "sender_varied", _say_varied),
        Term("foreign_sender", "sender_elsewhere", _say_elsewhere),
        Term("borrowed_address", "sender_borrowed", _say_borrowed),
        Term("double_packaging", "weight_over", _say_double),
        Term("released_early", "released_early", _say_early),
    )

    varied: float = 2.3
    elsewhere: float = 0.4
    borrowed: float = 1.4
    double: float = 0.8
    early: float = 0.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        varied = rise(above(f["sender_varied"], 2.0 * peers["sender_varied"]), 0.1, 0.15)
        borrowed = rise(above(f["sender_borrowed"], 2.0 * peers["sender_borrowed"]), 0.25, 0.3)
        double = rise(above(f["weight_over"], 2.0 * peers["weight_over"]), 0.1, 0.2)
        hidden = varied + 0.6 * borrowed
        return (
            self.varied * varied,
            self.elsewhere * hidden * above(f["sender_elsewhere"], peers["sender_elsewhere"]),
            self.borrowed * borrowed * (0.4 + f["account_new"]),
            self.double * double * (0.2 + hidden),
            self.early * hidden * rise(f["released_early"], 0.04, 0.12),
        )
