"""Old accounts in new hands: silence, then another device, another payout account, other goods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, half, rise
from detectors.events import DAY, ListingPublished, Micros, Record, SellerUpdated
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import Takeover
from detectors.profiles.marks import holds, mark_of
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

NONE: Final = Takeover()
CONTACTS: Final = {"payout_account": "payout_account", "device_id": "device", "email": "email", "phone": "phone"}
"""Fields of an account that count, with the kind under which intake sights each."""
CATEGORIES: Final = 8
TOGETHER: Final[Micros] = 7 * DAY
"""Changes within this time are one."""
NEVER: Final = 1e6


def _learn_update(p: Profile, record: Record, body: SellerUpdated, time: Micros, _m: Moment) -> None:
    """A form that is sent again whole changes nothing: what the seller gave before was sighted as its own."""
    if time - p.since < 30 * DAY:
        return
    given = {seen.kind for seen in record.seen if seen.own and seen.role == "seller"}
    fields = [name for name, kind in CONTACTS.items() if getattr(body, name) and kind not in given]
    if not fields:
        return
    before = p.takeover or NONE
    changed = set(before.changed) if time - before.at < TOGETHER else set()
    changed.update(fields)
    silent = (time - max(p.last_order, p.since)) / DAY
    if time - before.at < TOGETHER:
        silent = max(silent, before.silent)
    p.takeover = Takeover(time, tuple(sorted(changed)), silent, 0.0, 0, before.categories)


def _learn_listing(p: Profile, _record: Record, body: ListingPublished, _time: Micros, _m: Moment) -> None:
    before = p.takeover or NONE
    if not body.category:
        return
    mark = mark_of(body.category.casefold())
    ring = before.categories
    known = holds(ring, mark)
    if known and not before.at:
        return
    other, listed = before.other_goods, before.listed
    if before.at:
        listed += 1
        other += ((0.0 if known else 1.0) - other) / listed
    p.takeover = Takeover(
        before.at,
        before.changed,
        before.silent,
        other,
        listed,
        ring if known or before.at else (ring + mark)[-4 * CATEGORIES :],
    )


class TakeoverFacet:
    """How much changed at once, after which silence, and whether other goods are offered since."""

    state: ClassVar[str] = "takeover"
    nothing: ClassVar[tuple[float, ...]] = (NEVER, 0.0, 0.0, 0.0)
    features: ClassVar[tuple[str, ...]] = ("details_changed", "changed_asleep", "other_goods")
    prior: ClassVar[Mapping[str, float]] = {"details_changed": 0.02, "other_goods": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {SellerUpdated: _learn_update, ListingPublished: _learn_listing}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.takeover or NONE
        if not s.at:
            return self.nothing
        days = (p.clock - s.at) / DAY
        return days, len(s.changed), s.silent, s.other_goods

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (days, changed, silent, goods) = raw
        lately = 14.0 / (14.0 + days)
        return half(changed * changed, 4.0) * lately, half(silent, 40.0) * lately, goods * lately


def _say_changed(case: Case) -> str:
    what = ", ".join(case.state(Takeover, NONE).changed).replace("_id", "").replace("_", " ")
    return against(case, f"changed {what or 'its details'} at once, lately")


def _say_asleep(case: Case) -> str:
    return against(case, f"the change came after {case.state(Takeover, NONE).silent:.0f} days without an order")


def _say_goods(case: Case) -> str:
    return against(case, f"{share(case.state(Takeover, NONE).other_goods)} of listings since are of a new category")


def _say_burst(case: Case) -> str:
    return against(case, f"orders of the last day are a burst against the month (weight {share(case.observed)})")


@dataclass(frozen=True)
class AccountTakeover:
    """Looks for a dormant account whose device, payout account and goods change together.

    People get a new phone, change banks, come back from a break, and try new goods; seldom in one week. Works
    from the first listing on, before anybody has bought.

    Misses a takeover of a busy shop that goes on as before.

    Args:
        changed, asleep, goods, burst: Weight of each fact.
    """

    name: ClassVar[str] = "takeover"
    idle_below: ClassVar[Mapping[str, float]] = {"details_changed": 0.3}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("details_changed", "details_changed", _say_changed),
        Term("changed_asleep", "changed_asleep", _say_asleep),
        Term("other_goods", "other_goods", _say_goods),
        Term("burst_after", "burst_day", _say_burst),
    )

    changed: float = 1.4
    asleep: float = 1.6
    goods: float = 1.6
    burst: float = 0.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        changed = rise(f["details_changed"], 0.3, 0.2)
        return (
            self.changed * changed * (0.2 + f["changed_asleep"] + f["other_goods"]),
            self.asleep * changed * f["changed_asleep"],
            self.goods * changed * f["other_goods"] * (0.3 + f["changed_asleep"]),
            self.burst * changed * f["burst_day"],
        )
