"""What others know: values on lists of partners and authorities, and names like those of a sanction list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from zlib import crc32

from detectors.batch import Batch, Column, Matrix, above
from detectors.events import (
    Micros,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    Record,
    Screened,
    SellerAccount,
    SellerRegistered,
    SellerUpdated,
    ShipmentCreated,
    Sighting,
    ValueListed,
)
from detectors.patterns.base import Case, Term, on_day, share
from detectors.profiles.facet_states import Intel, ListedName, ListedOwn
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

OWN: Final = {
    "payout_account": 0.95,
    "wallet": 0.95,
    "tax_id": 0.9,
    "email": 0.8,
    "phone": 0.8,
    "instrument": 0.75,
    "device": 0.7,
    "address": 0.3,
    "ip": 0.2,
    "name": 0.2,
}
"""How much it says that a value of the seller's own is listed; an address, an IP, a name may be another's too."""
BUYERS: Final = {"wallet": 1.0, "instrument": 0.9, "buyer": 0.9, "device": 0.7, "address": 0.4, "ip": 0.2}
"""The same of what a buyer uses."""
SAME_COUNTRY: Final = {"same": 1.0, "": 0.8, "other": 0.35}
"""What a name counts by whether the entry is known for the seller's country: namesakes live everywhere."""
ALIAS: Final = {"": 1.0, "alias": 0.97, "weak": 0.8}
KEPT_VALUES: Final = 2
KEPT_BYTES: Final = 28
NONE: Final = Intel()


def _short(text: str | None) -> str:
    """As much of it as the profile has room for."""
    return (text or "").encode()[:KEPT_BYTES].decode(errors="ignore")


def _learn_account(p: Profile, record: Record, body: SellerAccount, time: Micros, _m: Moment) -> None:
    _learn_own(p, record, body, time, _m)
    given = {field for field in ("legal_name", "display_name") if getattr(body, field)}
    state = p.intel or NONE
    found = [_listed_name(fact) for fact in record.screened]
    if state.name is not None and state.name.field not in given:
        found.append(state.name)
    if found or state.name is not None:
        best = min(found, key=lambda name: (-name.strength, name.source, name.entry), default=None)
        p.intel = Intel(state.own, best, state.buyer_source)


def _listed_name(fact: Screened) -> ListedName:
    strength = fact.score * SAME_COUNTRY[fact.country] * ALIAS[fact.alias]
    return ListedName(
        fact.field,
        _short(fact.source),
        _short(fact.entry),
        round(fact.score, 4),
        round(strength, 4),
        fact.country,
        _short(fact.reason),
    )


def _learn_own(p: Profile, record: Record, _body: Any, _time: Micros, _m: Moment) -> None:
    for sighting in record.seen:
        if sighting.listed is not None and sighting.role == "seller":
            listed = ListedOwn(
                sighting.kind[:16],
                _short(sighting.listed),
                sighting.listed_since,
                sighting.listed_until,
                _short(sighting.listed_reason),
                crc32(sighting.value.encode()),
            )
            _keep(p, listed)


def _learn_notice(p: Profile, _record: Record, body: ValueListed, time: Micros, _m: Moment) -> None:
    """A value that the seller gave before was listed now, or is not any more."""
    mark, source = crc32(body.value.encode()), _short(body.source)
    if not body.withdrawn:
        _keep(p, ListedOwn(body.kind[:16], source, time, body.until, _short(body.reason), mark))
    elif p.intel is not None:
        own = tuple(v for v in p.intel.own if (v.mark, v.kind, v.source) != (mark, body.kind[:16], source))
        p.intel = Intel(own, p.intel.name, p.intel.buyer_source)


def _keep(p: Profile, listed: ListedOwn) -> None:
    """Takes in what is listed; the strongest kinds and the latest are kept."""
    state = p.intel or NONE
    key = (listed.mark, listed.kind, listed.source)
    own = [listed, *(v for v in state.own if (v.mark, v.kind, v.source) != key)]
    own.sort(key=lambda v: (-OWN.get(v.kind, 0.0), -v.since, v.source))
    p.intel = Intel(tuple(own[:KEPT_VALUES]), state.name, state.buyer_source)


def _learn_buyer(p: Profile, record: Record, _body: Any, _time: Micros, m: Moment) -> None:
    """A facet's struct is only there where something was listed: until then an order costs one look at each value."""
    here, source = 0.0, ""
    for sighting in record.seen:
        if sighting.listed is not None and sighting.role == "buyer":
            weight = BUYERS.get(sighting.kind, 0.0)
            if weight > here:
                here, source = weight, _said(sighting)
    if here:
        m.listed = here
        state = p.intel or NONE
        p.intel = Intel(state.own, state.name, source)


def _said(sighting: Sighting) -> str:
    kind = sighting.kind.replace("_", " ")
    return f"{kind} listed by {_short(sighting.listed)}{on_day(sighting.listed_since)}"


def in_force(values: Sequence[ListedOwn], now: Micros) -> list[ListedOwn]:
    """What has not expired."""
    return [value for value in values if not value.until or value.until > now]


class IntelFacet:
    """Listed values of the seller, of its buyers, and names like listed ones."""

    state: ClassVar[str] = "intel"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 3
    features: ClassVar[tuple[str, ...]] = ("listed_value", "listed_name", "listed_here")
    prior: ClassVar[Mapping[str, float]] = {
        "listed_value": 0.001,
        "listed_name": 0.01,
        "listed_here": 0.005,
    }

    def learns(self) -> Mapping[type, Learner]:
        return {
            SellerRegistered: _learn_account,
            SellerUpdated: _learn_account,
            ShipmentCreated: _learn_own,
            ValueListed: _learn_notice,
            OrderPlaced: _learn_buyer,
            PaymentCaptured: _learn_buyer,
            PaymentFailed: _learn_buyer,
        }

    def measure(self, p: Profile, m: Moment) -> tuple[float, ...]:
        s = p.intel or NONE
        apart = 1.0
        for value in in_force(s.own, p.clock):
            apart *= 1.0 - OWN.get(value.kind, 0.0)
        return 1.0 - apart, s.name.strength if s.name else 0.0, m.listed

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        return [*raw]


def _say_value(case: Case) -> str:
    listed = in_force(case.state(Intel, NONE).own, case.row.time)
    if not listed:
        return "a value of the seller is listed"
    value = listed[0]
    more = f", and {len(listed) - 1} more" if len(listed) > 1 else ""
    why = f" ({value.reason})" if value.reason else ""
    return f"{value.kind.replace('_', ' ')} listed by {value.source}{on_day(value.since)}{why}{more}"


def _say_name(case: Case) -> str:
    name = case.state(Intel, NONE).name
    if name is None:
        return "the seller's name is like a listed one"
    where = {"same": "same country", "other": "another country", "": "country not known"}[name.country]
    why = f", listed for {name.reason}" if name.reason else ""
    field = name.field.replace("_", " ")
    return f"{field} is like entry {name.entry} of {name.source} ({share(name.score)} sure; {where}{why})"


@dataclass(frozen=True)
class IntelPattern:
    """Looks for what partners, authorities and other marketplaces have listed (`intel.*`, screening lists).

    An exact match of a payout account, wallet, tax id or contact is enough. An address, an IP or a name may
    be somebody else's: they add to other facts. A name that is like a listed one never alerts alone, unless it
    is nearly the same and the entry is known for the seller's country. What a buyer uses counts against the
    order at hand (`OrderFacts`), and wallets and cards in `payment_mix`.

    Misses what nobody has listed, and values that were changed since.

    Args:
        value, likeness, certain: Weight of each fact; `certain` of a name that is as good as the same.
    """

    name: ClassVar[str] = "intel"
    idle_below: ClassVar[Mapping[str, float]] = {"listed_value": 0.0, "listed_name": 0.0}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("listed_value", "listed_value", _say_value),
        Term("listed_name", "listed_name", _say_name),
    )

    value: float = 2.2
    likeness: float = 0.7
    certain: float = 12.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        value, name = f["listed_value"], f["listed_name"]
        return (
            self.value * value * value,
            self.likeness * name * name + self.certain * above(name, 0.9),
        )
