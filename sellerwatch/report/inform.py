"""The clock of the INFORM Consumers Act (15 U.S.C. 45f): who is a high-volume seller, since when, and what is due.

A third-party seller is high-volume that has, in any continuous 12-month period of the previous 24 months, made 200 or
more discrete sales and 5,000 USD or more in gross revenue, counting sales whose payment the marketplace processed.
Within 10 days of that the marketplace has to collect bank account, contact and tax id, within 10 more to verify them;
once a year it has to have them certified; from 20,000 USD a year on, name, address and contact are disclosed to buyers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal, NamedTuple

from detectors.events import DAY
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Cell, Column, Period, Section, Table, said

SALES: Final = 200
CENTS: Final = 500_000
DISCLOSED_CENTS: Final = 2_000_000
DAYS: Final = 10
SHOWN: Final = 200
"""Sellers in the table; all of them go to a file of their own."""
EPOCH: Final = date(1970, 1, 1)
Counted = Literal["payments", "orders"]
_SALES: Final = """
SELECT seller, day, count(*), sum(cents), sum(unrated) FROM (
  SELECT seller, ord, min(time) / 86400000000 AS day, coalesce(sum(cents), 0) AS cents, max(cents IS NULL) AS unrated
  FROM trade WHERE kind = :kind AND seller <> '' AND time < :end GROUP BY seller, ord
) GROUP BY seller, day ORDER BY seller, day
"""
_VERIFIED: Final = """
SELECT min(time) FROM account WHERE seller = :seller AND verification = 'verified' AND time < :end AND time > (
  SELECT coalesce(max(time), -1) FROM account
  WHERE seller = :seller AND verification NOT IN ('', 'verified') AND time < :end
)
"""
"""Since when a seller has been verified; what was verified and failed later is not."""


class Day(NamedTuple):
    """One day of one seller's sales."""

    day: int
    """Since 1970-01-01."""
    sales: int
    cents: int
    unrated: int
    """Sales in currencies without a rate: they count as sales, not as revenue."""


class Standing(NamedTuple):
    """How a seller stands by the Act on a day."""

    high_volume_since: int | None
    """The first day of the present time as a high-volume seller; `None`: it is none."""
    year_sales: int
    year_cents: int
    """Of the last 12 months."""
    undecided: bool
    """Enough sales in some 12 months of the last 24, but too little revenue that a rate is known for: it may be one."""


@dataclass(frozen=True)
class Seller:
    """A high-volume seller and what is due of it."""

    seller_id: str
    since: date
    year_sales: int
    year_cents: int
    verified: date | None
    due: date
    """Last day to collect and, counted from there, to verify what the Act asks for."""
    verify_by: date
    certify_by: date
    """The next yearly certification."""
    state: str

    @property
    def discloses(self) -> bool:
        return self.year_cents >= DISCLOSED_CENTS


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 27))


def standing(days: Iterable[Day], today: int) -> Standing:
    """How a seller stands on `today`, from its sales up to then.

    Sales between two days less than 12 months apart that reach both thresholds make it a high-volume seller from the
    second day on, for as long as the first one lies within the previous 24 months.

    The window is kept as short as it can be while it passes: then its first day lies latest.

    Args:
        days: With sales, in order, each once.
    """
    sold = [each for each in days if each.day <= today]
    since: int | None = None
    until = first = sales = cents = 0
    for each in sold:
        sales, cents = sales + each.sales, cents + each.cents
        oldest = _shifted(each.day, 12)
        while sold[first].day <= oldest or _passes(sales - sold[first].sales, cents - sold[first].cents):
            sales, cents, first = sales - sold[first].sales, cents - sold[first].cents, first + 1
        if _passes(sales, cents):
            since = each.day if since is None or each.day >= until else since
            until = max(until, _shifted(sold[first].day, -24))
    year = [each for each in sold if each.day > _shifted(today, 12)]
    year_sales, year_cents = sum(each.sales for each in year), sum(each.cents for each in year)
    high = since if since is not None and today < until else None
    return Standing(high, year_sales, year_cents, high is None and _may_pass(sold, today))


def _may_pass(sold: Sequence[Day], today: int) -> bool:
    """Whether it would pass if sales without a rate were worth enough: in any 12 months of the last 24."""
    counting = [each for each in sold if today < _shifted(each.day, -24)]
    first = sales = unrated = 0
    for each in counting:
        sales, unrated = sales + each.sales, unrated + each.unrated
        while counting[first].day <= _shifted(each.day, 12):
            sales, unrated, first = sales - counting[first].sales, unrated - counting[first].unrated, first + 1
        if sales >= SALES and unrated:
            return True
    return False


def _passes(sales: int, cents: int) -> bool:
    return sales >= SALES and cents >= CENTS


@lru_cache(4096)
def _shifted(day: int, months: int) -> int:
    return months_before(date.fromordinal(EPOCH.toordinal() + day), months).toordinal() - EPOCH.toordinal()


def high_volume(ledger: Ledger, period: Period, counted: Counted) -> Iterator[Seller | str]:
    """The high-volume sellers at the period's end, one at a time; of an undecided one only its id."""
    today = (period.end - 1) // DAY
    rows = ledger.rows(_SALES, kind=counted.removesuffix("s"), end=period.end)
    for seller, of_seller in groupby(rows, key=itemgetter(0)):
        found = standing((Day(*row[1:]) for row in of_seller), today)
        if found.undecided:
            yield str(seller)
        elif found.high_volume_since is not None:
            verified = ledger.row(_VERIFIED, seller=seller, end=period.end)[0]
            verified_day = None if verified is None else verified // DAY
            yield _seller(seller, found, found.high_volume_since, verified_day, today)


def _seller(seller_id: str, found: Standing, since_day: int, verified_day: int | None, today_day: int) -> Seller:
    since, today = EPOCH + timedelta(days=since_day), EPOCH + timedelta(days=today_day)
    due, verify_by = since + timedelta(days=DAYS), since + timedelta(days=2 * DAYS)
    certify = since
    while certify <= today:
        certify = months_before(certify, -12)
    if verified_day is not None:
        state = "verified"
    elif today <= due:
        state = f"collect within {(due - today).days} days"
    elif today <= verify_by:
        state = f"verify within {(verify_by - today).days} days"
    else:
        state = f"overdue by {(today - verify_by).days} days"
    verified = None if verified_day is None else EPOCH + timedelta(days=verified_day)
    sums = found.year_sales, found.year_cents
    return Seller(seller_id, since, *sums, verified, due, verify_by, certify, state)


COLUMNS: Final = (
    Column("seller_id", "seller", "text"),
    Column("state", "what is due", "text"),
    Column("since", "high-volume since", "text"),
    Column("sales", "sales in 12 months"),
    Column("revenue", "USD in 12 months", "usd"),
    Column("verified", "verified", "text"),
    Column("due", "collect by", "text"),
    Column("verify_by", "verify by", "text"),
    Column("certify_by", "certify by", "text"),
    Column("discloses", "discloses to buyers", "text"),
)


def row_of(seller: Seller) -> list[Cell]:
    """The cells of a seller, under `COLUMNS`."""
    verified = seller.verified.isoformat() if seller.verified else "no"
    dates = [each.isoformat() for each in (seller.due, seller.verify_by, seller.certify_by)]
    sums = [seller.year_sales, seller.year_cents]
    disclosed = "yes" if seller.discloses else "no"
    return [seller.seller_id, seller.state, seller.since.isoformat(), *sums, verified, *dates, disclosed]


def inform(ledger: Ledger, period: Period, counted: Counted, every: Path | None = None) -> Section:
    """Who is a high-volume seller at the period's end, since when, and what is due.

    Args:
        counted: What a sale is: an order with a captured payment, as the Act has it, or every order.
        every: Write all of them here (.csv), however many they are.

    Raises:
        FilesError: The file cannot be written.
    """
    from sellerwatch.report.tables import written_rows  # it needs the columns of this module's table

    counts = {"high": 0, "passed": 0, "undecided": 0, "overdue": 0, "disclosed": 0}
    shown: list[Seller] = []

    def met() -> Iterator[Seller]:
        start = EPOCH + timedelta(days=period.start // DAY)
        for found in high_volume(ledger, period, counted):
            if isinstance(found, str):
                counts["undecided"] += 1
                continue
            counts["high"] += 1
            counts["passed"] += found.since >= start
            counts["overdue"] += found.state.startswith("overdue")
            counts["disclosed"] += found.discloses
            shown.append(found)
            if len(shown) > 2 * SHOWN:
                _keep_latest(shown)
            yield found

    if every is None:
        for _ in met():
            pass
    else:
        written_rows(every, COLUMNS, map(row_of, met()))
    _keep_latest(shown)
    return _section(ledger, period, counted, counts, shown)


def _keep_latest(shown: list[Seller]) -> None:
    """The latest to have passed, and of those of a day the first by id."""
    shown.sort(key=lambda seller: (-seller.since.toordinal(), seller.seller_id))
    del shown[SHOWN:]


def _section(ledger: Ledger, period: Period, counted: Counted, counts: dict[str, int], shown: list[Seller]) -> Section:
    kind = counted.removesuffix("s")
    query = "SELECT min(time), count(*) FROM trade WHERE kind = :kind AND time < :end"
    first, sales = ledger.row(query, kind=kind, end=period.end)
    warnings = []
    if not sales:
        other = "orders" if counted == "payments" else "payments"
        warnings.append(f"There are no {counted} in what was read; give the log by --log, or count --sales {other}.")
    elif first > _micros(months_before(_date(period.end), 24)):
        warnings.append(
            f"Sales are known from {_date(first)} on, which is less than 24 months: sellers may be missing, and some "
            "may have passed earlier than it says."
        )
    if counts["undecided"]:
        warnings.append(
            f"{counts['undecided']:,} sellers have {SALES} sales or more in some 12 months, but part of their revenue "
            "is in currencies without a rate: give rates by --rates."
        )
    summary: list[list[Cell]] = [
        ["high-volume sellers", counts["high"]],
        ["of them passed in the period", counts["passed"]],
        ["of them overdue", counts["overdue"]],
        ["of them with 20,000 USD and more: disclosed to buyers", counts["disclosed"]],
        ["not decided, for want of rates", counts["undecided"]],
    ]
    more = f"The {SHOWN} that passed last; --high-volume FILE writes all." if counts["high"] > SHOWN else ""
    return Section(
        "inform",
        "High-volume sellers (INFORM Consumers Act)",
        [_TEXT.format(day=_date(period.end - 1), counted=_COUNTED[counted])],
        warnings=warnings,
        tables=[
            Table("high_volume", "How many", (Column("what", "what", "text"), Column("sellers", "sellers")), summary),
            Table("high_volume_sellers", "Timers", COLUMNS, [row_of(seller) for seller in shown], more),
            *_unrated(ledger, kind, period, counted),
        ],
    )


_TEXT: Final = (
    f"15 U.S.C. 45f, as of {{day}}: {SALES} sales and {said(CENTS, 'usd')} USD in any continuous 12 months of the last "
    "24. A sale is {counted}, by the day (UTC); gross, so that refunds are not taken off. Whether goods are new is not "
    "known: all sales count. Whether a seller is verified is taken from its events; collecting, certifying and "
    "suspending are the marketplace's to do."
)
_COUNTED: Final = {"payments": "an order with a captured payment", "orders": "an order, paid or not"}


def _unrated(ledger: Ledger, kind: str, period: Period, counted: Counted) -> Iterator[Table]:
    query = """SELECT currency, count(*), count(DISTINCT seller) FROM trade
               WHERE kind = :kind AND cents IS NULL AND time < :end GROUP BY currency ORDER BY 2 DESC LIMIT 50"""
    rows = [list(row) for row in ledger.rows(query, kind=kind, end=period.end)]
    if rows:
        columns = [Column("currency", "currency", "text"), Column("count", counted), Column("sellers", "sellers")]
        yield Table("unrated", "Counted apart: currencies without a rate", tuple(columns), rows)


def _date(time: int) -> date:
    return EPOCH + timedelta(days=time // DAY)


def _micros(day: date) -> int:
    return (day - EPOCH).days * DAY
