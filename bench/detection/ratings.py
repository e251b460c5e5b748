"""What reviews tell of traders who turn out bad, on real ratings, and whom of an honest marketplace they raise.

Traders are scored on the first day of each quarter; bad is whom others rate below zero in sum from that day on. The
pattern looks for praise that was not earned, not for bad praise: ratings themselves are no evidence of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score

from bench.data import olist, otc
from bench.data.catalogue import load, tables
from bench.data.dataset import Dataset, Facts, Selection
from bench.data.encode import encode
from bench.detection.runs import effects_of
from bench.replays.report import table
from detectors.batch import Batch
from detectors.models.peer_features import PRIOR
from detectors.patterns.features import FEATURES
from detectors.patterns.reviews import ReviewManipulation

Floats = npt.NDArray[np.float64]
FEWEST = 3
"""Ratings that a trader must have to be scored."""
PATTERN = ReviewManipulation()
FACTS = ("review_burst", "reviewers_shared", "review_circle")
"""Of the pattern, that can tell something where no review names an order."""
CIRCLE = [term.code for term in PATTERN.terms].index("review_circle")
PROBE = "listing.published"
"""An offer that says nothing: the event at which a trader is scored."""


@dataclass
class Found:
    """What came of one replay, by the id of the probe."""

    scores: dict[str, float] = field(default_factory=dict)
    """Of the seller."""
    features: dict[str, bytes] = field(default_factory=dict)
    alerted: set[str] = field(default_factory=set)
    """Sellers that the pattern alerted."""


def measure(data: Path | None, _seeds: Sequence[int]) -> str:
    """Both tables, as Markdown."""
    ratings = otc.read(tables(otc.FOLDER, data, of="ratings"))
    return traders(ratings) + "\n" + honest(load(olist.FOLDER, data, Selection()))


def moments(ratings: pl.DataFrame) -> pl.DataFrame:
    """One row a trader and quarter: what its ratings were until then, and whether it turns out bad.

    Returns:
        `rated_id`, `event_time`, `mean`, `count`, `bad`, `probe`. Who is not rated again is not in it.
    """
    parts = []
    for start in ratings["event_time"].dt.truncate("3mo").unique().sort()[1:]:
        is_later = pl.col("event_time") >= start
        before = ratings.filter(~is_later).group_by("rated_id").agg(mean=pl.col("rating").mean(), count=pl.len())
        after = ratings.filter(is_later).group_by("rated_id").agg(bad=pl.col("rating").sum() < 0)
        parts.append(before.filter(pl.col("count") >= FEWEST).join(after, on="rated_id").with_columns(event_time=start))
    probe = pl.format("otc-{}-on-{}", "rated_id", pl.col("event_time").dt.date())
    return pl.concat(parts).sort("event_time", "rated_id").with_columns(probe=probe)


def traders(ratings: pl.DataFrame) -> str:
    """How well reviews, with made-up orders and without, rank traders by whether they turn out bad."""
    rows = moments(ratings)
    plain, ordered = (_replayed(otc.reviews(ratings, orders=orders), rows) for orders in (False, True))
    scores: Mapping[str, Floats] = {
        "mean rating so far, lowest first (baseline)": -rows["mean"].to_numpy(),
        "number of ratings so far, fewest first (baseline)": -rows["count"].cast(pl.Float64).to_numpy(),
        **_told("no orders", rows, plain),
        **{f"no orders: {name}": _features(rows, plain)[FEATURES.index(name)] for name in FACTS},
        **_told("made-up orders", rows, ordered),
    }
    bad = rows["bad"].to_numpy()
    ranked = [
        (name, f"{roc_auc_score(bad, by):.3f}", f"{average_precision_score(bad, by):.3f}")
        for name, by in scores.items()
    ]
    head = f"## Ratings: {len(rows):,} quarters of {rows['rated_id'].n_unique():,} traders, {bad.mean():.1%} bad\n\n"
    lines = [
        *_in_circles(rows.filter(pl.Series(_weighed(rows, plain)[CIRCLE] > 0.0))),
        f"Traders alerted by the pattern: {len(plain.alerted):,}; with made-up orders {len(ordered.alerted):,}.",
    ]
    return head + table(("scores", "ROC AUC", "average precision"), ranked) + "\n\n" + "\n".join(lines) + "\n"


def _in_circles(rows: pl.DataFrame) -> list[str]:
    """Of the quarters in which a circle praised a trader: all, and those before which it was not rated down."""
    return [
        f"Praised by a circle, as the pattern draws the line: {_counted(rows)}.",
        f"Of those, rated above zero until then: {_counted(rows.filter(pl.col('mean') > 0))}.",
    ]


def _counted(rows: pl.DataFrame) -> str:
    who, whose = rows["rated_id"].n_unique(), rows.filter("bad")["rated_id"].n_unique()
    return f"{len(rows):,} quarters ({rows['bad'].sum():,} bad) of {who:,} traders ({whose:,} bad)"


def _replayed(dataset: Dataset, rows: pl.DataFrame) -> Found:
    """The events with a probe for each row; where times are equal the probe comes first."""
    probe = pl.col("probe")
    probes = Facts.of(PROBE, rows, event_id=probe, seller_id=otc.SELLER, listing_id=probe)
    return _found(encode(Dataset((probes, *dataset.facts))))


def _found(lines: Iterable[bytes]) -> Found:
    found = Found()
    for effects in effects_of(lines):
        found.alerted |= {alert.seller_id for alert in effects.alerts if alert.pattern == PATTERN.name}
        for decision in effects.decisions:
            if decision.type == PROBE:
                found.scores[decision.event_id] = decision.seller_score
                found.features[decision.event_id] = decision.features
    return found


def _told(name: str, rows: pl.DataFrame, found: Found) -> Mapping[str, Floats]:
    evidence: Floats = _weighed(rows, found).sum(axis=0)
    scores = np.array([found.scores[probe] for probe in rows["probe"]])
    return {f"{name}: evidence of the pattern": evidence, f"{name}: seller score": scores}


def _features(rows: pl.DataFrame, found: Found) -> Floats:
    """One line a feature."""
    levels = np.frombuffer(b"".join(found.features[probe] for probe in rows["probe"]), np.uint8)
    return np.asarray(levels.reshape(len(rows), -1).T / 255.0, np.float64)


def _weighed(rows: pl.DataFrame, found: Found) -> Floats:
    """Evidence of the pattern, one line a term, against the norms that hold before any is learned."""
    usual = np.repeat([[PRIOR[name]] for name in FEATURES], len(rows), axis=1)
    return np.stack(PATTERN.weigh(Batch(FEATURES, _features(rows, found), usual, np.full(len(rows), np.nan))))


def honest(dataset: Dataset) -> str:
    """Whom of an honest marketplace the pattern alerts, and whom it would if reviews named no order, or were bought."""
    reviewed = next(facts for facts in dataset.facts if facts.type == "review.left")
    sellers = reviewed.table.select(reviewed.fields["seller_id"]).to_series().n_unique()
    rows = []
    for name, facts in (
        ("as they are", dataset.facts),
        ("without their order ids", tuple(_without_ids(dataset))),
        ("the same, by people who bought nothing", tuple(_without_ids(dataset, buyer="stranger-{}"))),
    ):
        alerted = _found(encode(Dataset(facts))).alerted
        rows.append((name, f"{reviewed.table.height:,}", f"{sellers:,}", f"{len(alerted):,}"))
    return "## Honest reviews\n\n" + table(("reviews", "how many", "sellers", "sellers alerted"), rows) + "\n"


def _without_ids(dataset: Dataset, buyer: str = "{}") -> Iterator[Facts]:
    for facts in dataset.facts:
        fields = {name: of for name, of in facts.fields.items() if name != "order_id"}
        if facts.type == "review.left":
            fields["buyer_id"] = pl.format(buyer, fields["buyer_id"])
            yield Facts(facts.type, facts.table, fields)
        else:
            yield facts
