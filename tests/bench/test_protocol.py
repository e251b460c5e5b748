from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bench.replays import protocol

FIRST = datetime(2018, 6, 1)  # noqa: DTZ001 - tables hold UTC without an offset
BEGINS = (FIRST + timedelta(days=14)).date()


def table(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Rows: day, customer, is_fraud."""
    days = [FIRST + timedelta(days=day, hours=12) for day, _, _ in rows]
    return pl.DataFrame(
        {
            "tx_id": pl.Series(range(len(rows)), dtype=pl.Int32),
            "event_time": days,
            "customer_id": [customer for _, customer, _ in rows],
            "is_fraud": [fraud for _, _, fraud in rows],
        }
    ).sort("event_time", maintain_order=True)


def customers_left(rows: list[tuple[int, int, int]]) -> list[int]:
    days = table(rows).with_columns(day=pl.col("event_time").dt.date())
    return sorted(protocol.test_week(days, BEGINS)["customer_id"].to_list())


def test_customers_defrauded_in_the_training_week_are_taken_out() -> None:
    assert customers_left([(0, 1, 1), (6, 2, 1), (0, 3, 0), (14, 1, 0), (14, 2, 0), (14, 3, 0)]) == [3]


def test_a_fraud_is_known_after_the_delay_and_not_before() -> None:
    fraud_in_delay_week = (8, 1, 1)

    assert customers_left([fraud_in_delay_week, (15, 1, 0)]) == [1]
    assert customers_left([fraud_in_delay_week, (16, 1, 0)]) == []


def test_frauds_before_the_training_week_are_forgotten() -> None:
    assert customers_left([(-1, 1, 1), (14, 1, 0)]) == [1]


def test_only_the_seven_days_of_the_week_count() -> None:
    assert customers_left([(13, 1, 0), (14, 2, 0), (20, 3, 0), (21, 4, 0)]) == [2, 3]


def test_four_weeks_are_measured_by_the_scores_of_the_replay(tmp_path: Path) -> None:
    rows = [(day, day * 10 + n, int(n == 0)) for day in range(49) for n in range(5)]
    transactions = table(rows)
    decisions = tmp_path / "decisions.parquet"
    pl.DataFrame(
        {
            "type": ["order.placed"] * len(rows) + ["payment.captured"],
            "order_id": [f"handbook-{tx}" for tx in range(len(rows))] + ["handbook-0"],
            "score": [0.1 + 0.8 * fraud for _, _, fraud in rows] + [0.5],
        }
    ).filter(pl.col("order_id") != f"handbook-{len(rows) - 1}").write_parquet(decisions)

    found = protocol.weeks(transactions, decisions)

    assert [week.begins for week in found] == [
        date(2018, 6, 22),
        date(2018, 6, 29),
        date(2018, 7, 6),
        date(2018, 7, 13),
    ]
    assert [(week.rows, week.frauds) for week in found] == [(35, 7)] * 4
    assert [week.unscored for week in found] == [0, 0, 0, 1]
    assert [week.auc for week in found] == [1.0] * 4
    assert [week.card_precision for week in found] == pytest.approx([0.01] * 4)
