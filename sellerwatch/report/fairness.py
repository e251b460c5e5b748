"""Who carries the false alerts: sellers by age, size and country, and a warning where one group carries more."""

from typing import Final, NamedTuple

from detectors.events import DAY
from sellerwatch.report.intervals import fisher_greater, holm, interval
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Cell, Column, Section, Table

COUNTRIES: Final = 20
"""In the table, those with most sellers; the others are one group."""
SURE: Final = 0.05
"""Chance of a warning where all groups are alike, over all of them together."""
WORTH_SAYING: Final = 1.25
"""A group's rate over the others' from which on a difference that is sure is said, too."""
TEXT: Final = (
    "Of the sellers that traded in the period and are not known to be bad (no confirmed alert, no ban): how many had "
    "an alert that people dismissed. Alerts that nobody has judged yet count as alerted, not as false. A group is "
    "compared with all others of its table by Fisher's exact test, all tests together held to 5 % after Holm. "
    "Intervals are Wilson's, 95 %."
)
_SELLERS: Final = f"""
CREATE TABLE seller AS SELECT s.seller, s.orders,
  coalesce(c.alerts, 0) AS alerts, coalesce(c.dismissed, 0) AS dismissed,
  (coalesce(c.confirmed, 0) OR coalesce(k.bad, 0) OR b.seller IS NOT NULL) AS bad,
  CASE WHEN p.registered IS NULL THEN 'not known' WHEN s.first - p.registered < {30 * DAY} THEN 'under 30 days'
       WHEN s.first - p.registered < {180 * DAY} THEN '30 to 180 days'
       WHEN s.first - p.registered < {365 * DAY} THEN '180 days to a year' ELSE 'over a year' END AS age,
  CASE WHEN s.orders < 10 THEN 'under 10 orders' WHEN s.orders < 50 THEN '10 to 49 orders'
       WHEN s.orders < 200 THEN '50 to 199 orders' WHEN s.orders < 1000 THEN '200 to 999 orders'
       ELSE '1,000 orders and more' END AS size,
  coalesce(h.country, 'not known') AS country
FROM active s
LEFT JOIN (SELECT seller, count(*) AS alerts, max(verdict IS 'dismissed') AS dismissed,
           max(verdict IS 'confirmed') AS confirmed FROM cases GROUP BY seller) c ON c.seller = s.seller
LEFT JOIN known k ON k.seller = s.seller
LEFT JOIN people p ON p.seller = s.seller
LEFT JOIN home h ON h.seller = s.seller
LEFT JOIN (SELECT seller, kind, max(time) AS time FROM happening WHERE kind IN ('banned', 'reinstated')
           GROUP BY seller) b ON b.seller = s.seller AND b.kind = 'banned'
"""  # noqa: S608 - no values in it
ORDER: Final = {
    "age": ("under 30 days", "30 to 180 days", "180 days to a year", "over a year", "not known"),
    "size": ("under 10 orders", "10 to 49 orders", "50 to 199 orders", "200 to 999 orders", "1,000 orders and more"),
}


class Group(NamedTuple):
    """Sellers that are alike in one respect."""

    about: str
    name: str
    sellers: int
    """Those that are not known to be bad."""
    alerted: int
    burdened: int
    """Those that had an alert that people dismissed, and none that they confirmed."""


def fairness(ledger: Ledger) -> Section:
    """False alerts by seller age, size and country."""
    ledger.run(_SELLERS)
    groups = {about: _groups(ledger, about) for about in ("age", "size", "country")}
    flat = [group for found in groups.values() for group in found]
    chances = dict(zip(flat, holm([_chance(group, groups[group.about]) for group in flat]), strict=True))
    return Section(
        "fairness",
        "False alerts by seller age, size and country",
        [TEXT],
        warnings=[
            _warning(group, groups[group.about], chances[group])
            for group in flat
            if _carries_more(group, groups[group.about], chances[group])
        ],
        tables=[_table(about, found, chances) for about, found in groups.items()],
    )


def _groups(ledger: Ledger, about: str) -> list[Group]:
    query = f"""SELECT {about}, count(*), sum(alerts > 0), sum(dismissed) FROM seller WHERE NOT bad
                GROUP BY 1 ORDER BY 2 DESC, 1"""  # noqa: S608 - one of three words
    found = [Group(about, name, *counts) for name, *counts in ledger.rows(query)]
    if about in ORDER:
        return sorted(found, key=lambda group: ORDER[about].index(group.name))
    if len(found) <= COUNTRIES:
        return found
    rest = found[COUNTRIES:]
    sums = (sum(getattr(group, field) for group in rest) for field in ("sellers", "alerted", "burdened"))
    return [*found[:COUNTRIES], Group(about, "other countries", *sums)]


def _others(group: Group, groups: list[Group]) -> tuple[int, int]:
    return sum(g.burdened for g in groups) - group.burdened, sum(g.sellers for g in groups) - group.sellers


def _chance(group: Group, groups: list[Group]) -> float:
    return fisher_greater(group.burdened, group.sellers, *_others(group, groups))


def _carries_more(group: Group, groups: list[Group], chance: float) -> bool:
    part, whole = _others(group, groups)
    rate, other = group.burdened / group.sellers, part / whole if whole else 0.0
    return chance < SURE and rate >= WORTH_SAYING * other


def _warning(group: Group, groups: list[Group], chance: float) -> str:
    part, whole = _others(group, groups)
    return (
        f'Sellers of {group.about} "{group.name}" carry more false alerts than the others: '
        f"{100.0 * group.burdened / group.sellers:.2f} % ({group.burdened:,} of {group.sellers:,}) against "
        f"{100.0 * part / max(whole, 1):.2f} % ({part:,} of {whole:,}); chance {chance:.2g} after correction. "
        "See which patterns alert them; if it is not earned, give them a line of their own in the policy (cohorts)."
    )


def _table(about: str, groups: list[Group], chances: dict[Group, float]) -> Table:
    columns = [Column(about, f"seller {about}", "text"), Column("sellers", "sellers, not known to be bad")]
    columns += [Column("alerted", "alerted"), Column("burdened", "with a dismissed alert")]
    columns += [Column("rate", "rate", "share"), Column("low", "95 %, from", "share"), Column("high", "to", "share")]
    columns.append(Column("chance", "chance, corrected", "number"))
    rows: list[list[Cell]] = [
        [g.name, g.sellers, g.alerted, g.burdened, *interval(g.burdened, g.sellers), chances[g]] for g in groups
    ]
    return Table(f"by_{about}", f"By seller {about}", tuple(columns), rows)
