from datetime import date
from pathlib import Path

import msgspec
import pytest

from bench.data.__main__ import main
from bench.data.catalogue import VARIABLE
from bench.data.dataset import Bad
from streams.files import read_events
from streams.upstream import parse
from tests.bench import tables

ROWS = [(0, "2018-04-01 00:00:31", 7, 3, 57.16, 0), (1, "2018-04-02 09:00:00", 8, 3, 300.0, 1)]


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])
def test_events_and_truth_are_written(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tables.handbook(tmp_path, ROWS)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    events, truth = tmp_path / f"events.{ending}", tmp_path / "truth.jsonl"

    assert main(["handbook", "-o", str(events), "--truth", str(truth)]) == 0

    assert [parse(line).type for line in read_events(events)] == [
        "order.placed",
        "order.placed",
        "payment.disputed",
    ]
    bad = [msgspec.json.decode(line, type=Bad) for line in truth.read_bytes().splitlines()]
    assert bad == [Bad("order", "handbook-1", "amount over 220", date(2018, 4, 2))]
    assert "3 events (order.placed 2, payment.disputed 1) of 1 sellers" in capsys.readouterr().out


def test_days_are_selected_by_the_command(tmp_path: Path) -> None:
    tables.handbook(tmp_path, ROWS)
    events = tmp_path / "events.jsonl"
    words = [
        "handbook",
        "--data",
        str(tmp_path),
        "-o",
        str(events),
        "--from",
        "2018-04-01",
        "--to",
        "2018-04-02",
    ]

    assert main(words) == 0
    assert [parse(line).event_id for line in read_events(events)] == ["handbook-0-placed"]


def test_a_missing_folder_and_an_unknown_ending_are_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    tables.handbook(tmp_path, ROWS)

    assert main(["handbook", "-o", str(tmp_path / "x.jsonl")]) == 2
    assert main(["olist", "--data", str(tmp_path), "-o", str(tmp_path / "x.jsonl")]) == 2
    assert main(["handbook", "--data", str(tmp_path), "-o", str(tmp_path / "x.csv")]) == 2
    unset, missing, ending = capsys.readouterr().err.splitlines()
    assert VARIABLE in unset
    assert "tables of olist" in missing
    assert "unknown kind of file" in ending
