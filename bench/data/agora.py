"""Listings and sales of a darknet market: every seller is illicit.

The source knows days, not hours: each event gets a time of its day that depends on its id alone.
A sale is known by its feedback, and buyers are not told apart, so every sale has a buyer of its own.
"""

from datetime import timedelta
from pathlib import Path

import polars as pl

from bench.data.dataset import Bad, Dataset, Facts, Selection, minor_units, read_csv, share_of

FOLDER = "darknet_agora2014"
SATOSHI = 100_000_000
TEXTS = ("listing_id", "vendor", "title", "category", "subcategory", "subsubcategory")
COMMON = {**dict.fromkeys(TEXTS, pl.String()), "price_btc": pl.Float64()}
BEFORE_FIRST_SALE = timedelta(hours=1)
REVIEW_DELAY = timedelta(hours=1)
"""The source dates a sale by its feedback: one day for both."""


def load(folder: Path, selection: Selection) -> Dataset:
    """Listings, and an order, a crypto payment and a review for each feedback."""
    listings = _with_category(read_csv(folder / "listings.csv.gz", {**COMMON, "first_seen": pl.Date()}))
    feedback = _with_category(
        read_csv(folder / "feedback_events.csv.gz", {**COMMON, "order_date": pl.Date(), "rating": pl.Int64()})
    ).with_row_index("row")
    price = listings.select("listing_id", "price_btc")
    sales = (
        _spread(feedback, "order_date", pl.format("sale {}", "row"))
        .join(price, on="listing_id", how="left", suffix="_of_listing", maintain_order="left")
        .with_columns(price_btc=pl.coalesce("price_btc", "price_btc_of_listing"))
    )
    priced = sales.filter(pl.col("price_btc").is_not_null())
    orders = selection.of(priced, seller="vendor")
    published = selection.of(_published(listings, sales), seller="vendor")
    vendors = sorted({*orders["vendor"], *published["vendor"]})
    return Dataset(
        (_listed(published), *_sold(orders)),
        tuple(Bad("seller", vendor, "sells on a darknet market") for vendor in vendors),
        {"sale without a price": sales.height - priced.height},
    )


def _published(listings: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Listings at the day of their first crawl, or before their first sale where that is earlier."""
    first_sale = sales.group_by("listing_id").agg(first_sale=pl.col("event_time").min() - BEFORE_FIRST_SALE)
    seen = _spread(listings, "first_seen", pl.format("listing {}", "listing_id"))
    return seen.join(first_sale, on="listing_id", how="left", maintain_order="left").with_columns(
        event_time=pl.min_horizontal("event_time", "first_sale")
    )


def _listed(listings: pl.DataFrame) -> Facts:
    return Facts.of(
        "listing.published",
        listings,
        event_id=pl.format("agora-{}-published", "listing_id"),
        seller_id=pl.col("vendor"),
        listing_id=pl.col("listing_id"),
        title=pl.col("title"),
        category=pl.col("category"),
        amount_minor=minor_units("price_btc", SATOSHI),
        currency=pl.when(pl.col("price_btc").is_not_null()).then(pl.lit("BTC")),
    )


def _sold(sales: pl.DataFrame) -> tuple[Facts, ...]:
    order = pl.format("agora-{}", "row")
    ids = {"seller_id": pl.col("vendor"), "order_id": order, "buyer_id": pl.format("agora-buyer-{}", "row")}
    money = {"amount_minor": minor_units("price_btc", SATOSHI), "currency": pl.lit("BTC")}
    item = pl.struct("listing_id", "title", "category", quantity=1, unit_amount_minor=money["amount_minor"])
    return (
        Facts.of(
            "order.placed",
            sales,
            event_id=pl.format("{}-placed", order),
            **ids,
            **money,
            items=pl.concat_list(item),
        ),
        Facts.of(
            "payment.captured",
            sales,
            event_id=pl.format("{}-captured", order),
            payment_id=pl.format("{}-payment", order),
            **ids,
            **money,
            method=pl.lit("crypto"),
        ),
        Facts.of(
            "review.left",
            sales.with_columns(pl.col("event_time") + REVIEW_DELAY),
            event_id=pl.format("{}-reviewed", order),
            **ids,
            rating=pl.col("rating").clip(1, 5),  # the market's scale starts at 0
        ),
    )


def _with_category(table: pl.DataFrame) -> pl.DataFrame:
    path = pl.concat_str("category", "subcategory", "subsubcategory", separator="/", ignore_nulls=True)
    return table.with_columns(category=path)


def _spread(table: pl.DataFrame, day: str, key: pl.Expr) -> pl.DataFrame:
    """`table` with `event_time`: whole seconds of `day`, by a hash of `key`."""
    seconds = [int(share_of(text) * 86_400) for text in table.select(key).to_series()]
    offset = pl.Series(seconds, dtype=pl.Int64) * 1_000_000
    return table.with_columns(event_time=pl.col(day).cast(pl.Datetime("us")) + offset.cast(pl.Duration("us")))
