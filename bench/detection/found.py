"""Who was found, how early, and who was wrongly alerted: measures of one trial against its truth."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from bench.detection.stage import DAYS, Bad, Stage
from bench.detection.trial import Course, Trial

FIRST_ORDERS = 20
RETURNED = 4
"""A returned seller is to be flagged by this order."""


def orders_until(course: Course, bad: Bad) -> int | None:
    """Illicit orders of a seller up to its first alert since it turned illicit; None without one."""
    for count, _ in course.alerts:
        illicit = sum(order in bad.orders for order in course.orders[:count])
        if illicit or count == 0:
            return illicit
    return None


def early(stage: Stage, trial: Trial, kinds: Iterable[str], *, least: int = 1, within: int = FIRST_ORDERS) -> float:
    """Share of illicit sellers of these kinds, with so many illicit orders, that were alerted in time."""
    found = []
    wanted = set(kinds)
    for seller, bad in stage.bad.items():
        if bad.kind in wanted and len(bad.orders) >= least:
            until = orders_until(trial.course(seller), bad)
            found.append(until is not None and until <= within)
    return _share(found)


def false_rate(stage: Stage, trial: Trial) -> float:
    """Alerts about honest sellers, per 1,000 of them and day."""
    honest = [seller for seller in stage.kinds if seller not in stage.bad]
    alerts = sum(len(trial.course(seller).alerts) for seller in honest)
    return 1_000 * alerts / (len(honest) * DAYS)


def alerted(stage: Stage, trial: Trial, kind: str) -> float:
    """Share of the sellers of a kind that were ever alerted."""
    return _share([bool(trial.course(seller).alerts) for seller, its in stage.kinds.items() if its == kind])


def returned(stage: Stage, trial: Trial) -> float:
    """Share of the later accounts of banned owners that were flagged before the fifth order."""
    found = []
    for seller, bad in stage.bad.items():
        if bad.kind == "return_after_ban" and bad.place and bad.orders:
            until = orders_until(trial.course(seller), bad)
            found.append(until is not None and until <= RETURNED)
    return _share(found)


def pairs(stage: Stage, trial: Trial) -> tuple[float, float]:
    """Precision and recall of the pairs of sellers that alerts on rings and returns tie together.

    Alerts name the linked sellers; sellers that are tied to the same one are tied to each other.
    """
    said = _tied(trial)
    groups: dict[str, list[str]] = {}
    for seller, bad in stage.bad.items():
        if bad.group and bad.orders:
            groups.setdefault(bad.group, []).append(seller)
    true = {pair for members in groups.values() for pair in combinations(sorted(members), 2)}
    hits = len(said & true)
    return (hits / len(said) if said else 0.0), (hits / len(true) if true else 0.0)


def _tied(trial: Trial) -> set[tuple[str, str]]:
    leader: dict[str, str] = {}

    def lead(seller: str) -> str:
        while leader.setdefault(seller, seller) != seller:
            seller = leader[seller]
        return seller

    for seller, course in trial.courses.items():
        for _, alert in course.alerts:
            if alert.pattern in ("linked_accounts", "return_after_ban"):
                for other in alert.evidence.sellers:
                    leader[lead(seller)] = lead(other.seller_id)
    clusters: dict[str, list[str]] = {}
    for seller in leader:
        clusters.setdefault(lead(seller), []).append(seller)
    return {pair for members in clusters.values() for pair in combinations(sorted(members), 2)}


def recall_at(stage: Stage, trial: Trial, sellers: Iterable[str], budget: int) -> float:
    """Share of `sellers` whose highest score is above all but `budget` of the honest sellers'."""
    honest = sorted((trial.course(s).highest for s in stage.kinds if s not in stage.bad), reverse=True)
    line = honest[budget]
    return _share([trial.course(seller).highest > line for seller in sellers])


def ties(trial: Trial) -> int:
    """Alerted sellers that have their highest score in common with another one."""
    scores = [course.highest for course in trial.courses.values() if course.alerts]
    return len(scores) - len(set(scores))


def by_kind(stage: Stage) -> Mapping[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for seller, kind in stage.kinds.items():
        kinds.setdefault(kind, []).append(seller)
    return kinds


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else float("nan")
