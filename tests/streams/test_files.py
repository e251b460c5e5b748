import gzip
import json
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars
import pytest
import zstandard

from streams.files import FilesError, read_events, total_bytes, write_events

FORMATS = ("jsonl", "jsonl.gz", "jsonl.zst", "parquet")
EVENTS = [json.dumps({"event_id": f"e{n}", "text": "ä\u2028" * (n % 7), "n": n}).encode() for n in range(25_000)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_written_is_read_again_in_order(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"

    assert write_events(path, iter(EVENTS)) == len(EVENTS)
    assert list(read_events(path)) == EVENTS


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_events_make_a_file_of_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"

    assert write_events(path, []) == 0
    assert list(read_events(path)) == []


@pytest.mark.parametrize("suffix", FORMATS[:3])
def test_equal_events_make_equal_files(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_events(first, EVENTS)
    write_events(second, iter(EVENTS))

    assert first.read_bytes() == second.read_bytes()


def test_gzip_holds_no_time_and_other_tools_read_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    write_events(path, EVENTS)

    assert path.read_bytes()[4:8] == bytes(4)
    assert gzip.decompress(path.read_bytes()).splitlines() == EVENTS


def test_other_tools_read_what_zstd_packed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.zst"
    write_events(path, EVENTS)

    assert zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()).splitlines() == EVENTS


@pytest.mark.parametrize("suffix", FORMATS)
def test_progress_counts_up_to_the_size_of_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"
    write_events(path, EVENTS)
    consumed: list[int] = []
    for _ in read_events(path, consumed.append):
        pass

    assert consumed == sorted(consumed)
    assert len(consumed) > 1
    assert consumed[-1] == total_bytes(path) == path.stat().st_size


@pytest.mark.parametrize("suffix", FORMATS[:3])
def test_a_file_larger_than_memory_allows_is_read_piece_by_piece(tmp_path: Path, suffix: str) -> None:
    path, noise = tmp_path / f"events.{suffix}", random.Random(1)
    write_events(path, (f'{{"pad":"{noise.randbytes(400).hex()}"}}'.encode() for _ in range(40_000)))
    tracemalloc.start()
    count = sum(1 for _ in read_events(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 40_000
    assert peak < 4_000_000  # of 33,000,000


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zstandard.compress)])
def test_a_small_file_that_unpacks_to_a_huge_one_takes_little_memory(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    bomb = tmp_path / f"bomb.jsonl.{suffix}"
    bomb.write_bytes(pack(b" " * (256 << 20)))

    tracemalloc.start()
    try:
        with pytest.raises(FilesError, match="longer than 16 MiB"):
            list(read_events(bomb))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 150 << 20


def test_blank_lines_and_line_ends_of_windows_are_no_events(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a":1}\r\n\r\n   \n{"a":2}\n{"a":3}')

    assert list(read_events(path)) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zstandard.compress)])
def test_packed_files_can_be_joined(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"events.jsonl.{suffix}"
    path.write_bytes(pack(b'{"a":1}\n{"a"') + pack(b":2}\n") + pack(b"") + pack(b'{"a":3}\n'))

    assert list(read_events(path)) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


@pytest.mark.parametrize("suffix", FORMATS[1:])
def test_a_file_cut_short_gives_its_events_and_then_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"
    write_events(path, EVENTS)
    path.write_bytes(path.read_bytes()[:-9])
    read: list[bytes] = []

    with pytest.raises(FilesError, match=r"get it again|copy or export it again"):
        read.extend(read_events(path))  # extends while it reads
    assert read == EVENTS[: len(read)]


@pytest.mark.parametrize("suffix", FORMATS[1:])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"
    path.write_bytes(b'{"event_id":"plain text"}\n' * 10)

    with pytest.raises(FilesError, match="copy or export it again"):
        list(read_events(path))


def test_a_bit_that_fell_over_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    write_events(path, EVENTS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)

    with pytest.raises(FilesError, match=r"damaged|too early"):
        list(read_events(path))


@pytest.mark.parametrize("name", ["events.csv", "events", "events.json", "events.gz"])
def test_an_unknown_suffix_is_refused_at_once_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(FilesError, match=r"\.jsonl\.zst, \.parquet"):
        read_events(tmp_path / name)
    with pytest.raises(FilesError, match=r"\.jsonl\.zst, \.parquet"):
        write_events(tmp_path / name, [])


def test_a_missing_file_is_refused_at_once_and_by_name(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match=r"nothing\.jsonl: there is no such file"):
        read_events(tmp_path / "nothing.jsonl")
    with pytest.raises(FilesError, match="there is no such file"):
        total_bytes(tmp_path)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * (17 * 1024 * 1024))

    with pytest.raises(FilesError, match="write one event a line"):
        list(read_events(path))


@pytest.mark.parametrize(("suffix", "module"), [("jsonl.zst", "zstandard"), ("parquet", "polars")])
def test_a_missing_extra_is_named(tmp_path: Path, suffix: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"events.{suffix}"
    write_events(path, EVENTS[:3])
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(FilesError, match=r"pip install 'sellerwatch\[files\]'"):
        list(read_events(path))
    with pytest.raises(FilesError, match=r"pip install 'sellerwatch\[files\]'"):
        write_events(path, EVENTS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events.{suffix}"
    write_events(path, EVENTS[:3])

    def broken() -> Iterator[bytes]:
        yield from EVENTS
        raise RuntimeError("source broke")

    with pytest.raises(Exception, match="source broke"):
        write_events(path, broken())
    assert list(read_events(path)) == EVENTS[:3]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match=r"cannot write into .*absent"):
        write_events(tmp_path / "absent" / "events.jsonl", [])


def test_a_parquet_table_of_fields_becomes_events_without_its_nulls(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    berlin = timezone(timedelta(hours=1))
    polars.DataFrame(
        {
            "event_id": ["e1", "e2"],
            "event_time": [datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=berlin)] * 2,
            "reason": [None, "late"],
            "ship_to": [{"country": "DE", "line": None}, None],
            "items": [[{"quantity": 1, "title": None}, {"quantity": 2, "title": "tea"}], []],
        },
        schema_overrides={"event_time": polars.Datetime("us", "Europe/Berlin")},
    ).write_parquet(path)

    assert [json.loads(event) for event in read_events(path)] == [
        {
            "event_id": "e1",
            "event_time": "2026-03-02T08:30:00.250000Z",
            "ship_to": {"country": "DE"},
            "items": [{"quantity": 1}, {"quantity": 2, "title": "tea"}],
        },
        {"event_id": "e2", "event_time": "2026-03-02T08:30:00.250000Z", "reason": "late", "items": []},
    ]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_parquet_times_without_a_zone_are_utc(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "events.parquet"
    times = polars.Series([1_772_443_800_000]).cast(polars.Datetime("ms"))
    polars.DataFrame({"event_time": times}).with_columns(
        polars.col("event_time").dt.cast_time_unit(unit)  # type: ignore[arg-type]
    ).write_parquet(path)

    assert list(read_events(path)) == [b'{"event_time":"2026-03-02T09:30:00Z"}']


def test_a_parquet_file_with_few_large_row_groups_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    polars.DataFrame({"event": [event.decode() for event in EVENTS]}).write_parquet(path, row_group_size=25_000)

    assert list(read_events(path)) == EVENTS
