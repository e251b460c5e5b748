"""Card payments as orders, with the chargeback of each fraud a week later."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from bench.data.dataset import Facts, minor_units

DISPUTE_DELAY = timedelta(days=7)
"""The published delay between a fraud and the day on which it is known."""


def card_facts(
    table: pl.DataFrame, ids: Mapping[str, pl.Expr], *, payments: bool, **more: pl.Expr
) -> tuple[Facts, ...]:
    """Facts of rows with `event_time`, `amount` and `is_fraud`.

    Args:
        ids: how a row gives `order_id`, `seller_id` and `buyer_id`.
        payments: say also which card paid; a buyer has one card.
        more: further fields of the order.
    """
    order, seller, buyer = ids["order_id"], ids["seller_id"], ids["buyer_id"]
    money = {"amount_minor": minor_units("amount", 100), "currency": pl.lit("USD")}
    facts = [
        Facts.of("order.placed", table, event_id=pl.format("{}-placed", order), **ids, **money, **more),
        Facts.of(
            "payment.disputed",
            table.filter(is_fraud=1).with_columns(pl.col("event_time") + DISPUTE_DELAY),
            event_id=pl.format("{}-disputed", order),
            seller_id=seller,
            order_id=order,
            **money,
        ),
    ]
    if payments:
        captured = Facts.of(
            "payment.captured",
            table,
            event_id=pl.format("{}-captured", order),
            payment_id=pl.format("{}-payment", order),
            **ids,
            **money,
            method=pl.lit("card"),
            instrument=pl.format("card of {}", buyer),
        )
        facts.insert(1, captured)
    return tuple(facts)
