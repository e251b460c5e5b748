"""Ratings that traders of a web of trust gave each other: each is a review; what was traded is not known.

A pair of traders has one rating, the last one given. The source's scale says how far one trusts: from 1 on trade went
well, however well the two know each other; -10 says that somebody is a swindler.
"""

from datetime import timedelta
from pathlib import Path

import polars as pl

from bench.data.dataset import Dataset, Facts, read_csv, share_of

FOLDER = "bitcoin_otc"
COLUMNS = {"rater_id": pl.Int64(), "rated_id": pl.Int64(), "rating": pl.Int64(), "ts": pl.Datetime("us")}
TRADED_BEFORE = timedelta(days=1)
USUAL = 5_000
SELLER, BUYER = pl.format("trader-{}", "rated_id"), pl.format("trader-{}", "rater_id")


def read(folder: Path) -> pl.DataFrame:
    """`rater_id`, `rated_id`, `rating` (-10..10 without 0) and `event_time`, in time order."""
    table = read_csv(folder / "ratings.csv.gz", COLUMNS).rename({"ts": "event_time"})
    return table.sort("event_time", maintain_order=True)


def reviews(ratings: pl.DataFrame, *, orders: bool) -> Dataset:
    """The ratings as reviews that name no order, or each that of a made-up order the day before.

    Args:
        orders: Make up the orders. Their amounts say nothing: each depends on its id alone, up to four times more or
            less than the usual one.
    """
    pair = pl.format("otc-{}-{}", "rater_id", "rated_id")
    stars = pl.when(pl.col("rating") > 0).then(5).when(pl.col("rating") > -5).then(2).otherwise(1)
    who = {"seller_id": SELLER, "buyer_id": BUYER}
    named = {"order_id": pair} if orders else {}
    left = Facts.of("review.left", ratings, event_id=pl.format("{}-reviewed", pair), **who, **named, rating=stars)
    if not orders:
        return Dataset((left,))
    amounts = [round(USUAL * 16 ** (share_of(key) - 0.5)) for key in ratings.select(pair).to_series()]
    traded = ratings.with_columns(pl.col("event_time") - TRADED_BEFORE, amount=pl.Series(amounts, dtype=pl.Int64))
    money = {"amount_minor": pl.col("amount"), "currency": pl.lit("USD")}
    placed = Facts.of("order.placed", traded, event_id=pl.format("{}-placed", pair), **who, **named, **money)
    return Dataset((placed, left))
