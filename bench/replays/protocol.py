"""The fraud detection handbook's protocol on the scores of a replay, one row a test week.

A test week begins two weeks after its training week: seven days to learn from, seven until their frauds are
known. Customers whose fraud is known by then are taken out: in the book's code, those with a fraud since the
training week began and at least eight calendar days ago.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from bench.replays.measures import Ranking

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
WEEKS = 4


@dataclass(frozen=True)
class Week:
    begins: date
    rows: int
    frauds: int
    unscored: int
    """Rows without a decision; they count as score 0."""
    auc: float
    average_precision: float
    card_precision: float


def weeks(transactions: pl.DataFrame, decisions: Path) -> list[Week]:
    """The last four weeks of `transactions`, which are in time order; oldest week first."""
    table = scored(transactions, decisions)
    after: date = table["day"][-1] + DAY
    begins = [after - WEEK * back for back in range(WEEKS, 0, -1)]
    return [measured(begin, test_week(table, begin)) for begin in begins]


def scored(transactions: pl.DataFrame, decisions: Path) -> pl.DataFrame:
    """`transactions` with `day` and the `score` that the replay gave the order, null where it gave none."""
    table = pl.scan_parquet(decisions) if decisions.suffix == ".parquet" else pl.scan_ndjson(decisions)
    scores = (
        table.filter(pl.col("type") == "order.placed")
        .select(pl.col("order_id").str.strip_prefix("handbook-").cast(pl.Int32).alias("tx_id"), "score")
        .collect()
    )
    columns = ["tx_id", "event_time", "customer_id", "is_fraud"]
    return (
        transactions.select(columns)
        .join(scores, on="tx_id", how="left", maintain_order="left")
        .with_columns(day=pl.col("event_time").dt.date())
    )


def test_week(table: pl.DataFrame, begins: date) -> pl.DataFrame:
    """The transactions of the week whose customers are not known to be defrauded."""
    return pl.concat(_test_days(table, begins))


def _test_days(table: pl.DataFrame, begins: date) -> Iterator[pl.DataFrame]:
    frauds = table.filter(pl.col("is_fraud") == 1, pl.col("day") >= begins - 2 * WEEK)
    for offset in range(7):
        day = begins + offset * DAY
        known = frauds.filter(pl.col("day") < day - WEEK)
        yield table.filter(day=day).join(known, on="customer_id", how="anti", maintain_order="left")


def measured(begins: date, rows: pl.DataFrame) -> Week:
    """The figures of a test week."""
    ranking = Ranking(
        score=rows["score"].fill_null(0.0).to_numpy(),
        bad=rows["is_fraud"].to_numpy() == 1,
        card=rows["customer_id"].cast(pl.Int64).to_numpy(),
        day=rows["day"].to_physical().cast(pl.Int64).to_numpy(),
    )
    return Week(
        begins=begins,
        rows=rows.height,
        frauds=int(ranking.bad.sum()),
        unscored=rows["score"].null_count(),
        auc=ranking.roc_auc(),
        average_precision=ranking.average_precision(),
        card_precision=ranking.card_precision(),
    )
