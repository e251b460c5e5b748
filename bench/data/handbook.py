"""Simulated card payments of the fraud detection handbook: a terminal is a seller."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from bench.data.cards import card_facts
from bench.data.dataset import Bad, Dataset, Selection, read_csv

FOLDER = "handbook"
WHY = {1: "amount over 220", 2: "terminal compromised", 3: "card details leaked"}
ORDER = pl.format("handbook-{}", "tx_id")
SELLER = pl.format("terminal-{}", "terminal_id")
BUYER = pl.format("customer-{}", "customer_id")


def read(folder: Path) -> pl.DataFrame:
    """The transactions in time order, with `event_time`."""
    columns = ["tx_id", "ts", "customer_id", "terminal_id", "amount", "is_fraud", "scenario"]
    table = pl.read_parquet(folder / "transactions.parquet", columns=columns)
    return table.rename({"ts": "event_time"}).with_columns(pl.col("event_time").cast(pl.Datetime("us")))


def load(folder: Path, selection: Selection) -> Dataset:
    """Orders, card payments if wanted, and a dispute a week after each fraud."""
    table = selection.of(read(folder), seller="terminal_id")
    ids = {"seller_id": SELLER, "order_id": ORDER, "buyer_id": BUYER}
    return Dataset(card_facts(table, ids, payments=selection.payments), tuple(_truth(folder, table)))


def _truth(folder: Path, table: pl.DataFrame) -> Iterator[Bad]:
    terminals, customers = set(table["terminal_id"]), set(table["customer_id"])
    for terminal, start, end in _windows(folder, "terminal"):
        if terminal in terminals:
            yield Bad("seller", f"terminal-{terminal}", WHY[2], start, end)
    for customer, start, end in _windows(folder, "customer"):
        if customer in customers:
            yield Bad("buyer", f"customer-{customer}", WHY[3], start, end)
    frauds = table.filter(is_fraud=1).select(ORDER, "scenario", pl.col("event_time").dt.date())
    for order, scenario, day in frauds.iter_rows():
        yield Bad("order", order, WHY[scenario], day)


def _windows(folder: Path, whose: str) -> Iterator[tuple[int, date, date]]:
    columns = {f"{whose}_id": pl.Int64(), "start_date": pl.Date(), "end_date_excl": pl.Date()}
    return read_csv(folder / f"{whose}_windows.csv.gz", columns).iter_rows()
