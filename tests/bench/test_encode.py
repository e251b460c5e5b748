from datetime import datetime, timedelta

import msgspec
import polars as pl

from bench.data.dataset import Dataset, Facts
from bench.data.encode import encode

START = datetime(2020, 1, 1)  # noqa: DTZ001 - tables hold UTC without an offset


def facts(event_type: str, seconds: list[int], note: str | None = None) -> Facts:
    table = pl.DataFrame(
        {"event_time": [START + timedelta(seconds=at) for at in seconds], "note": [note] * len(seconds)},
        schema={"event_time": pl.Datetime("us"), "note": pl.String},
    )
    return Facts.of(event_type, table, event_id=pl.lit(event_type), note=pl.col("note"), seller_id=pl.lit("s"))


def order_of(dataset: Dataset, chunk: int) -> list[tuple[str, str]]:
    events = [msgspec.json.decode(line) for line in encode(dataset, chunk)]
    return [(event["event_time"][-3:-1], event["type"]) for event in events]


def test_types_are_merged_by_time_and_the_first_named_goes_first_on_a_tie() -> None:
    dataset = Dataset((facts("b", [5, 1, 3]), facts("a", [3, 0, 5])))

    assert order_of(dataset, 100) == [
        ("00", "a"),
        ("01", "b"),
        ("03", "b"),
        ("03", "a"),
        ("05", "b"),
        ("05", "a"),
    ]


def test_the_size_of_chunks_changes_nothing() -> None:
    dataset = Dataset((facts("a", [9, 9, 9, 1, 4, 2]), facts("b", []), facts("c", [9, 0, 4, 4, 8])))

    assert len({tuple(order_of(dataset, chunk)) for chunk in (1, 2, 3, 7, 11, 12)}) == 1
    assert len(order_of(dataset, 2)) == 11


def test_fields_without_a_value_are_left_out() -> None:
    (line,) = encode(Dataset((facts("a", [0]),)))

    assert msgspec.json.decode(line) == {
        "event_id": "a",
        "type": "a",
        "event_time": "2020-01-01T00:00:00Z",
        "seller_id": "s",
    }


def test_text_that_looks_like_a_field_without_a_value_stays() -> None:
    note = 'a","b":null,"c\\":null \N{SNOWMAN},"d":null'
    (line,) = encode(Dataset((facts("a", [0], note),)))

    assert msgspec.json.decode(line)["note"] == note


def test_no_facts_are_no_events() -> None:
    assert list(encode(Dataset((facts("a", []),)))) == []
