from pathlib import Path

import pytest

from sellerwatch.simulate import run
from simulator import simulate
from streams.files import FilesError, read_events


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])
def test_both_files_hold_the_marketplace(tmp_path: Path, suffix: str) -> None:
    events, truth = tmp_path / f"events.{suffix}", tmp_path / "truth.jsonl"
    run(3, 25, 4, events, truth)

    market = simulate(3, 25, 4)
    assert list(read_events(events)) == list(market.events())
    assert list(read_events(truth)) == list(market.truth())
    assert sorted(path.name for path in tmp_path.iterdir()) == [events.name, "truth.jsonl"]


def test_the_truth_need_not_be_told(tmp_path: Path) -> None:
    run(3, 25, 4, tmp_path / "events.jsonl", None)

    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]


def test_it_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(3, 25, 4, tmp_path / "events.jsonl", None)

    written = sum(1 for _ in read_events(tmp_path / "events.jsonl"))
    assert f"{written:,} events of 25 sellers in 4 days" in " ".join(capsys.readouterr().err.split())


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for events, truth in (("events.csv", None), ("events.jsonl", tmp_path / "truth.csv")):
        with pytest.raises(FilesError, match=r"must end in one of \.jsonl"):
            run(3, 25, 4, tmp_path / events, truth)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="there is no folder"):
        run(3, 25, 4, tmp_path / "events.jsonl", tmp_path / "nowhere" / "truth.jsonl")

    assert list(tmp_path.iterdir()) == []


def test_both_files_cannot_be_one(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="write to another file"):
        run(3, 25, 4, tmp_path / "events.jsonl", tmp_path / "events.jsonl")

    assert list(tmp_path.iterdir()) == []
