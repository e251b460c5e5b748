"""Generated card payments: a merchant is a seller, and never the guilty one."""

from pathlib import Path

import polars as pl

from bench.data.cards import card_facts
from bench.data.dataset import Bad, Dataset, Selection, minor_units

FOLDER = "sparkov"
ORDER = pl.format("sparkov-{}", "row")
COLUMNS = ["ts", "card_id", "category", "merchant", "amount", "is_fraud"]


def load(folder: Path, selection: Selection) -> Dataset:
    """Orders of one thing of a category, card payments if wanted, and a dispute for each fraud."""
    table = (
        pl.read_parquet(folder / "transactions.parquet", columns=COLUMNS)
        .rename({"ts": "event_time"})
        .with_row_index("row")
        .with_columns(pl.col("event_time").cast(pl.Datetime("us")), pl.col("category", "merchant").cast(pl.String))
    )
    table = selection.of(table, seller="merchant")
    ids = {
        "seller_id": pl.col("merchant"),
        "order_id": ORDER,
        "buyer_id": pl.format("card-{}", "card_id"),
    }
    item = pl.struct(quantity=pl.lit(1), unit_amount_minor=minor_units("amount", 100), category=pl.col("category"))
    frauds = table.filter(is_fraud=1).select(ORDER, pl.col("event_time").dt.date())
    return Dataset(
        card_facts(table, ids, payments=selection.payments, items=pl.concat_list(item)),
        tuple(Bad("order", order, "stolen card", day) for order, day in frauds.iter_rows()),
    )
