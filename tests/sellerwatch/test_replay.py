"""`sellerwatch replay`, as somebody at a terminal uses it."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars
import pytest

from detectors.events import OrderPlaced, Record, Source, encode_record
from sellerwatch.cli import app, main
from simulator import simulate
from streams.files import write_events
from tests.upstream import line

pytestmark = pytest.mark.slow
Line = bytes
LOG_LINE = encode_record(Record(0, Source("orders", 0, 0), 0, "e", 0, "s", OrderPlaced("o", "b", 1, "EUR")))


@pytest.fixture(scope="module")
def events() -> list[Line]:
    """A week of a small marketplace, in which something is wrong."""
    return list(simulate(seed=3, sellers=60, days=7).events())


def replay(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sellerwatch", "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def results(directory: Path, files: Sequence[Path]) -> tuple[bytes, bytes]:
    """What a replay in this process gives."""
    alerts, decisions = directory / "alerts.jsonl", directory / "decisions.jsonl"
    app(["replay", *map(str, files), "--alerts", str(alerts), "--decisions", str(decisions)], standalone_mode=False)
    return alerts.read_bytes(), decisions.read_bytes()


@pytest.fixture(scope="module")
def expected(events: list[Line], tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """What a process of its own gives, which hashes texts otherwise than this one."""
    directory = tmp_path_factory.mktemp("expected")
    write_events(directory / "events.jsonl", events)
    alerts, decisions = directory / "alerts.jsonl", directory / "decisions.jsonl"
    done = replay(directory / "events.jsonl", "--alerts", alerts, "--decisions", decisions)
    assert done.returncode == 0, done.stderr
    return alerts.read_bytes(), decisions.read_bytes()


def test_decisions_have_what_the_contract_promises(expected: tuple[bytes, bytes], events: list[Line]) -> None:
    decisions = [json.loads(text) for text in expected[1].splitlines()]
    orders = {e["event_id"] for e in map(json.loads, events) if e["type"] == "order.placed"}

    assert {d["event_id"] for d in decisions if d["type"] == "order.placed"} == orders
    for decision in decisions:
        assert {"event_id", "type", "seller_id", "event_time", "score", "seller_score", "pattern"} <= decision.keys()
        assert 0 <= decision["score"] < 1
        assert 0 <= decision["seller_score"] < 1


def test_alerts_have_reasons_that_sum_to_their_score(expected: tuple[bytes, bytes]) -> None:
    alerts = [json.loads(text) for text in expected[0].splitlines()]

    assert alerts
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert sum(reason["contribution"] for reason in alert["reasons"]) == pytest.approx(alert["score"], abs=2e-6)


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_every_kind_of_file_gives_the_same(
    suffix: str, events: list[Line], expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    write_events(tmp_path / f"events{suffix}", events)

    assert results(tmp_path, [tmp_path / f"events{suffix}"]) == expected


def test_files_of_single_families_are_merged_by_time(
    events: list[Line], expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    families: dict[str, list[Line]] = {}
    for event in events:
        families.setdefault(json.loads(event)["type"].partition(".")[0], []).append(event)
    for family, of_family in families.items():
        write_events(tmp_path / f"{family}.jsonl", of_family)

    files = sorted(tmp_path.glob("*.jsonl"))
    merged = results(tmp_path, files)

    assert len(files) > 5
    assert merged == expected


def test_cloudevents_of_single_families_are_merged_by_time_as_plain_events_are(
    events: list[Line], tmp_path: Path
) -> None:
    plain, wrapped = tmp_path / "plain", tmp_path / "wrapped"
    families: dict[str, list[Line]] = {}
    for event in events[:3_000]:
        families.setdefault(json.loads(event)["type"].partition(".")[0], []).append(event)
    for family, of_family in families.items():
        for directory, lines in ((plain, of_family), (wrapped, [cloudevent(event) for event in of_family])):
            directory.mkdir(exist_ok=True)
            write_events(directory / f"{family}.jsonl", lines)

    files = [sorted(directory.glob("*.jsonl")) for directory in (plain, wrapped)]

    assert results(wrapped, files[1]) == results(plain, files[0])


def cloudevent(event: Line) -> Line:
    """The same event as a CloudEvent, its envelope in the attributes."""
    data = json.loads(event)
    attributes = {"id": data.pop("event_id"), "type": data.pop("type"), "time": data.pop("event_time")}
    return json.dumps({"specversion": "1.0", "source": "/shop", **attributes, "data": data}).encode()


def test_events_out_of_order_are_put_in_order(
    events: list[Line], expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    times = [json.loads(event)["event_time"] for event in events]
    of_time = Counter(times)
    distinct = [event for event, time in zip(events, times, strict=True) if of_time[time] == 1][:2_000]
    shuffled = random.Random(5).sample(distinct, len(distinct))
    write_events(tmp_path / "ordered.jsonl", distinct)
    write_events(tmp_path / "shuffled.jsonl", shuffled)

    assert results(tmp_path, [tmp_path / "shuffled.jsonl"]) == results(tmp_path, [tmp_path / "ordered.jsonl"])


def test_decisions_as_parquet_have_the_same_rows(
    events: list[Line], expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    write_events(tmp_path / "events.jsonl", events)
    done = replay(tmp_path / "events.jsonl", "--decisions", tmp_path / "decisions.parquet")

    table = polars.read_parquet(tmp_path / "decisions.parquet")
    rows = [json.loads(text) for text in expected[1].splitlines()]
    assert done.returncode == 0, done.stderr
    assert table["event_id"].to_list() == [row["event_id"] for row in rows]
    assert table["score"].to_list() == [row["score"] for row in rows]
    assert json.loads(table["reasons"][0]) == rows[0].get("reasons", [])


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    order = line("order.placed", order_id="o1")
    payment = line("payment.captured", order_id="nowhere", seller_id=None)
    write_events(tmp_path / "events.jsonl", [order, b"{broken", line("order.placed", amount_minor="x"), payment])

    done = replay(tmp_path / "events.jsonl", "--decisions", tmp_path / "decisions.jsonl")

    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "decisions.jsonl").read_bytes().splitlines()) == 1
    for reason in ("not_json", "wrong_type", "order_unknown"):
        assert reason in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.jsonl"], "there is no such file"),
        (["events.csv"], "unknown kind of file"),
        (["events.jsonl", "--alerts", "alerts.csv"], ".jsonl"),
        (["events.jsonl", "--decisions", "nowhere/decisions.jsonl"], "nowhere"),
        (["events.jsonl", "log.jsonl"], "one kind at a time"),
        (["events.jsonl", "--config", "missing.toml"], "missing.toml"),
        (["events.jsonl", "--alerts", "../{folder}/events.jsonl"], "write to another file"),
        (["events.jsonl", "--alerts", "out.jsonl", "--decisions", "out.jsonl"], "write to another file"),
    ],
)
def test_wrong_words_end_with_code_2_and_say_what_is_wrong(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_events(tmp_path / "events.jsonl", [line("order.placed")])
    (tmp_path / "events.csv").write_text("x")
    write_events(tmp_path / "log.jsonl", [LOG_LINE])
    words = [word.format(folder=tmp_path.name) for word in arguments]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sellerwatch", "replay", *words])

    with pytest.raises(SystemExit) as ended:
        main()

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert b"order.placed" in (tmp_path / "events.jsonl").read_bytes()
    assert says in told
    assert "Traceback" not in told


def test_a_dump_of_the_log_gives_what_the_fold_gives(tmp_path: Path) -> None:
    write_events(tmp_path / "log.jsonl", [LOG_LINE, LOG_LINE])

    done = replay(tmp_path / "log.jsonl", "--decisions", tmp_path / "decisions.jsonl")

    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "decisions.jsonl").read_bytes().splitlines()) == 1, "the second line repeats a source record"


def test_a_line_of_the_log_that_is_no_record_is_passed_over_as_watch_does(tmp_path: Path) -> None:
    write_events(tmp_path / "log.jsonl", [LOG_LINE, b'{"x": 1}', b"null", b"broken", LOG_LINE.replace(b'"e"', b'"f"')])

    done = replay(tmp_path / "log.jsonl")

    assert done.returncode == 0, done.stderr
    assert "refused 3 events: not_a_record" in done.stderr
