"""Small made-up tables in the shape of the third-party ones."""

import gzip
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from bench.data.dataset import Dataset
from bench.data.encode import encode
from streams.upstream import Event, parse

Row = tuple[Any, ...]
MS = pl.Datetime("ms")
US = pl.Datetime("us")


def read(dataset: Dataset) -> list[Event]:
    """The events of `dataset` as intake reads them."""
    return [parse(line) for line in encode(dataset)]


def handbook(data: Path, rows: Sequence[Row], terminals: Sequence[Row] = (), customers: Sequence[Row] = ()) -> Path:
    """Rows: tx_id, time, customer, terminal, amount, scenario (0 is genuine)."""
    schema = {
        "tx_id": pl.Int32,
        "ts": MS,
        "customer_id": pl.Int16,
        "terminal_id": pl.Int16,
        "amount": pl.Float64,
        "is_fraud": pl.Int8,
        "scenario": pl.Int8,
    }
    full = [
        (tx, _time(time), customer, terminal, amount, int(scenario > 0), scenario)
        for tx, time, customer, terminal, amount, scenario in rows
    ]
    folder = data / "handbook"
    _parquet(folder / "transactions.parquet", schema, full)
    _csv(folder / "terminal_windows.csv.gz", "terminal_id,start_date,end_date_excl", terminals)
    _csv(folder / "customer_windows.csv.gz", "customer_id,start_date,end_date_excl", customers)
    return folder


def sparkov(data: Path, rows: Sequence[Row]) -> Path:
    """Rows: time, card, category, merchant, amount, is_fraud."""
    schema = {
        "ts": MS,
        "card_id": pl.Int16,
        "category": pl.Categorical,
        "merchant": pl.Categorical,
        "amount": pl.Float64,
        "is_fraud": pl.Int8,
        "profile": pl.String,
    }
    folder = data / "sparkov"
    _parquet(folder / "transactions.parquet", schema, [(_time(row[0]), *row[1:], "adults") for row in rows])
    return folder


def olist(
    data: Path,
    items: Sequence[Row],
    *,
    orders: Sequence[Row] = (),
    payments: Sequence[Row] = (),
    reviews: Sequence[Row] = (),
) -> Path:
    """Items: order, product, seller, deadline, price, freight, category.

    Orders: order, status, purchase, approval, to the carrier, at the door, buyer, state.
    Payments: order, number, type, value. Reviews: order, score, answer.
    """
    folder = data / "olist"
    item_schema = {
        "order_id": pl.String,
        "product_id": pl.String,
        "seller_id": pl.String,
        "shipping_limit_date": MS,
        "price": pl.Float64,
        "freight_value": pl.Float64,
        "category": pl.Categorical,
    }
    _parquet(folder / "order_items.parquet", item_schema, [(*r[:3], _time(r[3]), *r[4:]) for r in items])
    order_schema = {
        "order_id": pl.String,
        "order_status": pl.String,
        "order_purchase_timestamp": US,
        "order_approved_at": US,
        "order_delivered_carrier_date": US,
        "order_delivered_customer_date": US,
        "customer_unique_id": pl.String,
        "customer_state": pl.String,
    }
    dated = [(*r[:2], *(time and _time(time) for time in r[2:6]), *r[6:]) for r in orders]
    _parquet(folder / "orders_partial.parquet", order_schema, dated)
    payment_schema = {
        "order_id": pl.String,
        "payment_sequential": pl.Int32,
        "payment_type": pl.String,
        "payment_value": pl.Float64,
    }
    _parquet(folder / "order_payments.parquet", payment_schema, payments)
    head = "order_id,review_score,review_creation_date,review_answer_timestamp"
    answered = [(order, score, "2017-01-01 00:00:00", answer) for order, score, answer in reviews]
    _csv(folder / "reviews_partial.csv.gz", head, answered)
    return folder


def agora(data: Path, listings: Sequence[Row], feedback: Sequence[Row] = ()) -> Path:
    """Listings: id, vendor, title, price, first seen. Feedback: day, listing, vendor, price, rating."""
    folder = data / "darknet_agora2014"
    category = ("Drugs", "Cannabis", None)
    listed = [(key, vendor, f'"{title}"', *category, price, day) for key, vendor, title, price, day in listings]
    head = "listing_id,vendor,title,category,subcategory,subsubcategory,price_btc,first_seen"
    _csv(folder / "listings.csv.gz", head, listed)
    sold = [(day, key, vendor, "a title", *category, price, rating) for day, key, vendor, price, rating in feedback]
    head = "order_date,listing_id,vendor,title,category,subcategory,subsubcategory,price_btc,rating"
    _csv(folder / "feedback_events.csv.gz", head, sold)
    return folder


def bitcoin_otc(data: Path, rows: Sequence[Row]) -> Path:
    """Rows: rater, rated, rating, time."""
    folder = data / "bitcoin_otc"
    _csv(folder / "ratings.csv.gz", "rater_id,rated_id,rating,ts", rows)
    return folder


def _parquet(path: Path, schema: dict[str, Any], rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)


def _csv(path: Path, head: str, rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_bytes(gzip.compress("\n".join([head, *lines, ""]).encode()))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
