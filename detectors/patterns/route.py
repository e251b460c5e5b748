"""Where parcels start and where they go, against where the seller said it was and what it did before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, above, either, half, rise
from detectors.events import Micros, Record, ShipmentCreated
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import Routes
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import rate_of

NONE: Final = Routes()
TURN: Final = 0.2
"""By how much trade abroad must rise to be a turn."""
SETTLED: Final = 8
"""Parcels after which a seller has habits."""
ORIGINS: Final = 4
FAST: Final = 0.125
"""What a change is seen by: the last eight parcels or so."""
COUNTRIES: Final = 10
"""Destinations that are remembered."""


@lru_cache(maxsize=1024)
def _code(country: str | None) -> str:
    """Two letters; what is no code of a country is unknown."""
    return country[:2].upper() if country and country.isascii() else ""


def _learn_route(p: Profile, record: Record, body: ShipmentCreated, _time: Micros, m: Moment) -> None:
    origin, order = _code(body.origin.country if body.origin else ""), record.order
    to = _code(body.destination.country if body.destination else order.country if order else "")
    if not origin and not to:
        return
    before, registered = p.routes or NONE, _code(p.country)
    count, known = before.count + 1, before.seen
    origins = before.origins
    home = registered or (origins[0] if origins else origin)
    if count > SETTLED + 12 and to == home and origin in origins and to in known and not before.busy:
        return  # as ever: nothing to learn from
    shifted = before.moved
    if origin:
        elsewhere = count > SETTLED and origin not in origins
        shifted += ((1.0 if elsewhere else 0.0) - shifted) * FAST
        if origin not in origins and (not elsewhere or shifted > 0.95):  # it has moved, and stays there
            origins = (*origins, origin)[-ORIGINS:]
    strange = 1.0 if to and count > SETTLED and to not in known else 0.0
    abroad = 1.0 if to and to != home else 0.0
    p.routes = Routes(
        count,
        origins,
        origin or before.last,
        known if not to or to in known else (*known, to)[-COUNTRIES:],
        before.away + ((1.0 if origin and registered and origin != registered else 0.0) - before.away) * rate_of(count),
        shifted,
        before.strange + (strange - before.strange) * FAST,
        before.abroad_fast + (abroad - before.abroad_fast) * FAST,
        before.abroad_slow + (abroad - before.abroad_slow) * (1.0 / count if count < 40 else 0.025),
        before.risk + (m.market.corridor_risk(origin or registered, to) - before.risk) * FAST,
    )


class RoutesFacet:
    """Origin away from the registered country, moved origin, new destinations, a turn to trade abroad."""

    state: ClassVar[str] = "routes"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 7
    features: ClassVar[tuple[str, ...]] = ("origin_away", "origin_moved", "route_new", "abroad_turn", "corridor_risk")
    prior: ClassVar[Mapping[str, float]] = {"origin_away": 0.05, "route_new": 0.05, "abroad_turn": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {ShipmentCreated: _learn_route}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.routes or NONE
        if not (s.away or s.moved or s.strange or s.risk) and s.abroad_fast <= s.abroad_slow + TURN:
            return self.nothing
        return s.count, s.away, s.moved, s.strange, s.abroad_fast, s.abroad_slow, s.risk

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (count, away, moved_away, strange, fast, slow, risk) = raw
        settled = half(above(count, float(SETTLED)), 8.0)
        return away * half(count, 3.0), moved_away, strange, above(fast, slow + TURN) * settled, risk


def _say_away(case: Case) -> str:
    last = case.state(Routes, NONE).last
    return against(
        case, f"{share(case.observed)} of parcels start outside the registered country (last: {last or '?'})"
    )


def _say_moved(case: Case) -> str:
    s = case.state(Routes, NONE)
    known = ", ".join(s.origins) or "?"
    return against(case, f"{share(case.observed)} of late parcels start in {s.last or '?'}, before in {known}")


def _say_new(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels go to countries that the seller never shipped to")


def _say_turn(case: Case) -> str:
    return against(case, f"trade abroad has risen by {share(case.observed)} of parcels above the seller's own share")


def _say_corridor(case: Case) -> str:
    return against(case, f"late parcels go by corridors of risk {share(case.observed)} by the policy")


def _say_early(case: Case) -> str:
    return against(case, f"money released before delivery for {share(case.observed)} of orders")


@dataclass(frozen=True)
class RouteShift:
    """Looks for routes that change: another origin, new corridors, from home trade to abroad.

    Shops move, and find customers abroad; so the change counts by how sudden and how complete it is, against the
    seller's own history and what peers do, and in full only where several change at once, or where the money is
    released early.

    Corridors that the policy names as risky add to that; alone they stay below the line.

    Misses who shipped so from the first day.

    Args:
        away, moved, new, turn, early, corridor: Weight of each fact.
    """

    name: ClassVar[str] = "route"
    idle_below: ClassVar[Mapping[str, float]] = {
        "origin_away": 0.2,
        "origin_moved": 0.15,
        "route_new": 0.1,
        "abroad_turn": 0.08,
        "corridor_risk": 0.05,
    }
    terms: ClassVar[tuple[Term, ...]] = (
        Term("origin_away", "origin_away", _say_away),
        Term("origin_moved", "origin_moved", _say_moved),
        Term("new_destinations", "route_new", _say_new),
        Term("turn_abroad", "abroad_turn", _say_turn),
        Term("released_early", "released_early", _say_early),
        Term("risky_corridor", "corridor_risk", _say_corridor),
    )

    away: float = 0.6
    moved: float = 1.7
    new: float = 1.0
    turn: float = 1.2
    early: float = 1.2
    corridor: float = 0.9

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        away = rise(above(f["origin_away"], 2.0 * peers["origin_away"]), 0.2, 0.3)
        origin = rise(above(f["origin_moved"], 2.0 * peers["origin_moved"]), 0.15, 0.25)
        new = rise(above(f["route_new"], 2.0 * peers["route_new"]), 0.1, 0.15)
        turn = rise(above(f["abroad_turn"], 2.0 * peers["abroad_turn"]), 0.08, 0.2)
        several = either(origin * new, origin * turn, 0.7 * new * turn)
        change = either(origin, new, turn)
        return (
            self.away * away * (0.2 + change),
            self.moved * origin * (0.5 + several),
            self.new * new * (0.3 + several),
            self.turn * turn * (0.3 + several),
            self.early * change * rise(f["released_early"], 0.04, 0.12),
            self.corridor * rise(f["corridor_risk"], 0.05, 0.3) * (0.5 + change),
        )
