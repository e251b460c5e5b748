import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import bench
from bench.replays.__main__ import main
from tests.bench import tables
from tests.bench.test_olist import item

STAND_IN = """
import sys
from pathlib import Path
import msgspec, polars
from streams.files import read_events

words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
orders = [
    event
    for event in map(msgspec.json.decode, read_events(Path(sys.argv[1])))
    if event["type"] == "order.placed"
]
alerts = [{"seller_id": e["seller_id"], "pattern": "velocity", "event_time": e["event_time"]} for e in orders[:2]]
Path(words["--alerts"]).write_bytes(b"".join(msgspec.json.encode(alert) + b"\\n" for alert in alerts))
polars.DataFrame(
    {
        "type": [e["type"] for e in orders],
        "order_id": [e["order_id"] for e in orders],
        "score": [e["amount_minor"] / 1e6 for e in orders],
    }
).write_parquet(words["--decisions"])
"""
"""Takes the place of `sellerwatch replay`: alerts on the first two orders, scores by amount."""


def command(tmp_path: Path, text: str = STAND_IN) -> list[str]:
    script = tmp_path / "stand_in.py"
    script.write_text(text)
    return [sys.executable, str(script)]


def five_weeks_of_cards(data: Path) -> None:
    start = datetime(2018, 6, 1, 12)  # noqa: DTZ001 - tables hold UTC without an offset
    rows = [
        (
            tx,
            f"{start + timedelta(days=tx // 4)}",
            tx,
            tx % 4,
            500.0 if tx % 4 == 0 else 20.0,
            int(tx % 4 == 0),
        )
        for tx in range(140)
    ]
    tables.handbook(data, rows)


def test_the_tables_name_every_data_set_and_the_measures_of_each_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(bench.__file__).parents[1]))
    five_weeks_of_cards(tmp_path)
    tables.olist(tmp_path, [item("a", "s1"), item("b", "s2"), item("c", "s1")])
    words = ["--data", str(tmp_path), "--only", "handbook,olist", "--markdown", str(tmp_path / "found.md")]

    assert main(words, command(tmp_path)) == 0

    text = capsys.readouterr().out
    assert text == (tmp_path / "found.md").read_text()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert next(row for row in cells if row[:1] == ["olist"])[1] == "3"
    (mean,) = (row for row in cells if row[:1] == ["mean"])
    assert mean[4:] == ["1.000", "1.000", "0.010"]
    assert ["handbook", "2"] in cells
    assert len([row for row in cells if row and row[0].startswith("2018-06")]) == 4


def test_a_command_that_fails_is_named_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables.olist(tmp_path, [item("a", "s")])
    words = ["--data", str(tmp_path), "--only", "olist"]

    assert main(words, command(tmp_path, "raise SystemExit(3)")) == 1
    assert "ended with code 3" in capsys.readouterr().err


def test_a_folder_without_the_tables_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--only", "agora"]) == 2
    assert "darknet_agora2014" in capsys.readouterr().err
