"""Real orders of a marketplace; no seller in it is known to be bad.

The source's local times are taken for UTC. An order of several sellers becomes one order a seller.
"""

from datetime import timedelta
from pathlib import Path

import polars as pl

from bench.data.dataset import Dataset, Facts, Selection, minor_units, read_csv

FOLDER = "olist"
METHODS = {
    "credit_card": "card",
    "debit_card": "card",
    "boleto": "bank_transfer",  # a slip that is paid at a bank
    "voucher": "gift_card",
}
CANCEL_DELAY = timedelta(days=1)
"""The source says that an order was cancelled, not when: a day after the last step that it dates."""
REVIEW = {"order_id": pl.String(), "review_score": pl.Int64(), "review_answer_timestamp": pl.Datetime("us")}
SELLER, ORDER, BUYER = pl.col("seller_id"), pl.col("own_order_id"), pl.col("buyer_id")


def load(folder: Path, selection: Selection) -> Dataset:
    """Orders, payments, deliveries, cancellations and reviews."""
    known = pl.read_parquet(folder / "orders_partial.parquet")
    orders = _orders(pl.read_parquet(folder / "order_items.parquet"), known)
    orders = selection.of(orders, seller="seller_id")
    payments = pl.read_parquet(folder / "order_payments.parquet")
    reviews = read_csv(folder / "reviews_partial.csv.gz", REVIEW)
    return Dataset((_placed(orders), _captured(orders, payments), *_ended(orders), _reviewed(orders, reviews)))


def _orders(items: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """One row an order and seller, with what is known of its time, buyer and course."""
    rows = items.with_columns(
        minor_units("price", 100), minor_units("freight_value", 100), pl.col("category").cast(pl.String)
    )
    lines = rows.group_by("order_id", "seller_id", "product_id", "category", "price").agg(
        quantity=pl.len(), freight=pl.col("freight_value").sum(), deadline=pl.col("shipping_limit_date").min()
    )
    item = pl.struct("quantity", listing_id="product_id", category="category", unit_amount_minor="price")
    parts = (
        lines.sort("order_id", "seller_id", "product_id", "price")
        .group_by("order_id", "seller_id", maintain_order=True)
        .agg(
            items=item,
            amount_minor=(pl.col("price") * pl.col("quantity")).sum(),
            freight=pl.col("freight").sum(),
            deadline=pl.col("deadline").min(),
        )
    )
    return (
        _shared_orders(parts)
        .join(known, on="order_id", how="left", maintain_order="left")
        .with_columns(
            event_time=pl.coalesce("order_purchase_timestamp", pl.col("deadline").cast(pl.Datetime("us"))),
            buyer_id=pl.coalesce("customer_unique_id", pl.format("unknown-{}", "order_id")),
        )
    )


def _shared_orders(parts: pl.DataFrame) -> pl.DataFrame:
    """`parts` with an id of its own for each seller's part, and its share in what was paid."""
    paid = pl.col("amount_minor") + pl.col("freight")
    numbered = pl.format("{}-{}", "order_id", pl.int_range(1, pl.len() + 1).over("order_id"))
    return parts.with_columns(
        own_order_id=pl.when(pl.len().over("order_id") > 1).then(numbered).otherwise("order_id"),
        share=paid / paid.sum().over("order_id"),
    )


def _placed(orders: pl.DataFrame) -> Facts:
    place = pl.struct(country=pl.lit("BR"), region=pl.col("customer_state"))
    return Facts.of(
        "order.placed",
        orders,
        event_id=pl.format("{}-placed", ORDER),
        seller_id=SELLER,
        order_id=ORDER,
        buyer_id=BUYER,
        amount_minor=pl.col("amount_minor"),
        currency=pl.lit("BRL"),
        items=pl.col("items"),
        ship_to=pl.when(pl.col("customer_state").is_not_null()).then(place),
    )


def _captured(orders: pl.DataFrame, payments: pl.DataFrame) -> Facts:
    """Payments when the order was approved; one of several sellers is split by what each is due."""
    due = orders.join(payments, on="order_id", maintain_order="left_right").with_columns(
        event_time=pl.max_horizontal("event_time", "order_approved_at"),
        paid=pl.col("payment_value") * pl.col("share"),
    )
    payment = pl.format("{}-payment-{}", ORDER, "payment_sequential")
    return Facts.of(
        "payment.captured",
        due,
        event_id=pl.format("{}-captured", payment),
        seller_id=SELLER,
        payment_id=payment,
        order_id=ORDER,
        buyer_id=BUYER,
        amount_minor=minor_units("paid", 100),
        currency=pl.lit("BRL"),
        method=pl.col("payment_type").replace_strict(METHODS, default="other"),
    )


def _ended(orders: pl.DataFrame) -> tuple[Facts, Facts]:
    at_door = pl.col("order_delivered_customer_date")
    delivered = orders.filter(at_door.is_not_null()).with_columns(event_time=at_door)
    steps = (
        "event_time",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
    )
    cancelled = orders.filter(pl.col("order_status").is_in(["canceled", "unavailable"])).with_columns(
        event_time=pl.max_horizontal(*steps) + CANCEL_DELAY
    )
    return (
        Facts.of(
            "order.delivered",
            delivered,
            event_id=pl.format("{}-delivered", ORDER),
            seller_id=SELLER,
            order_id=ORDER,
        ),
        Facts.of(
            "order.cancelled",
            cancelled,
            event_id=pl.format("{}-cancelled", ORDER),
            seller_id=SELLER,
            order_id=ORDER,
            reason=pl.col("order_status"),
        ),
    )


def _reviewed(orders: pl.DataFrame, reviews: pl.DataFrame) -> Facts:
    answered = orders.join(reviews, on="order_id", maintain_order="left_right").with_columns(
        event_time="review_answer_timestamp"
    )
    return Facts.of(
        "review.left",
        answered,
        event_id=pl.format("{}-reviewed", ORDER),
        seller_id=SELLER,
        order_id=ORDER,
        buyer_id=BUYER,
        rating=pl.col("review_score"),
    )
