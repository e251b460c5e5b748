"""Order scores on the fraud detection handbook's card payments, by its book's protocol, labels 7 days late."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import polars as pl

from bench.data import handbook
from bench.data.catalogue import folder_of, load
from bench.data.dataset import Dataset, Selection
from bench.detection.runs import scored_orders
from bench.replays.protocol import DAY, WEEK, WEEKS, Week, measured, test_week
from bench.replays.report import table
from detectors.patterns.features import FEATURES

PUBLISHED: Mapping[str, tuple[float, float, float]] = {
    "published: logistic regression, batch": (0.868, 0.623, 0.297),
    "published: random forest, batch": (0.870, 0.678, 0.299),
    "published: XGBoost, batch": (0.869, 0.687, 0.303),
}
"""Of the book (chapter 5, prequential), on the four weeks after the ones here: ROC AUC, average precision, CP@100."""
HEADS = ("scores", "ROC AUC", "average precision", "card precision@100", "average precision by week")


def measure(data: Path | None, _seeds: Sequence[int]) -> str:
    """Replays everything, and measures the last four weeks."""
    transactions = handbook.read(folder_of(handbook.FOLDER, data))
    scores = _replayed(load(handbook.FOLDER, data, Selection()))
    rows = [(name, *_figures(_weeks(transactions, scores, column))) for name, column in SCORES.items()]
    rows += [(name, *(f"{value:.3f}" for value in values), "") for name, values in PUBLISHED.items()]
    return "## Handbook: orders, labels 7 days late, last four weeks\n\n" + table(HEADS, rows) + "\n"


SCORES: Mapping[str, str] = {
    "order score": "score",
    "risk model alone": "risk",
    "share of the seller's orders disputed in 30 days (baseline)": "disputes_30d",
    "amount against the buyer's own (baseline)": "buyer_ratio",
}


def _replayed(dataset: Dataset) -> pl.DataFrame:
    """`tx_id` and the columns of `SCORES` for every order."""
    names = ("disputes_30d", "buyer_ratio")
    places = [FEATURES.index(name) for name in names]
    columns: dict[str, list[float]] = {name: [] for name in ("tx_id", "score", "risk", *names)}
    for order in scored_orders(dataset):
        columns["tx_id"].append(int(order.order_id.rpartition("-")[2]))
        columns["score"].append(order.score)
        columns["risk"].append(order.row.risk)
        for name, place in zip(names, places, strict=True):
            columns[name].append(order.row.features[place])
    return pl.DataFrame(columns).with_columns(pl.col("tx_id").cast(pl.Int32))


def _weeks(transactions: pl.DataFrame, scores: pl.DataFrame, column: str) -> list[Week]:
    known = scores.select("tx_id", score=pl.col(column).cast(pl.Float64))
    scored = (
        transactions.select("tx_id", "event_time", "customer_id", "is_fraud")
        .join(known, on="tx_id", how="left", maintain_order="left")
        .with_columns(day=pl.col("event_time").dt.date())
    )
    after = scored["day"][-1] + DAY
    return [
        measured(begin, test_week(scored, begin)) for begin in (after - WEEK * back for back in range(WEEKS, 0, -1))
    ]


def _figures(weeks: Sequence[Week]) -> tuple[str, ...]:
    means = (
        mean(w.auc for w in weeks),
        mean(w.average_precision for w in weeks),
        mean(w.card_precision for w in weeks),
    )
    return (*(f"{value:.3f}" for value in means), " ".join(f"{week.average_precision:.3f}" for week in weeks))
