"""Recorded events in files: `.jsonl`, plain or packed by gzip or zstd, and `.parquet`.

Both directions hold one block at a time, so a file may be larger than memory.
"""

import importlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from streams.errors import SellerwatchError

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
_BLOCK = 64 * 1024
_PACKED = 1024  # unpacked at once: the most that zstd can make of it is some 40 MiB
_LONGEST_LINE = 16 * 1024 * 1024  # far above the contract's 64 KiB: such a line is no event at all
_ROWS = 10_000

Progress = Callable[[int], None]
"""Called with the bytes of the file consumed so far; the last call says `total_bytes`."""


class FilesError(SellerwatchError, ValueError):
    """A file cannot be read or written; the message says what to do. The command ends with exit code 2."""


class _Unpacker(Protocol):
    """What zlib and zstandard have in common; each unpacks one member of a file."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, packed: bytes, /) -> bytes: ...


class _Packer(Protocol):
    def compress(self, content: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Plain:
    """A packer that does not pack."""

    def compress(self, content: bytes, /) -> bytes:
        return content

    def flush(self) -> bytes:
        return b""


def total_bytes(path: Path) -> int:
    """The size that `on_progress` counts up to."""
    return _existing(path).stat().st_size


def read_events(path: Path, on_progress: Progress | None = None) -> Iterator[bytes]:
    """One JSON event at a time. A wrong name is refused at once, a damaged file where the damage is.

    A parquet file holds the JSON text in a column `event`, or one column a field (nulls mean "not given").
    """
    suffix, report = _suffix(_existing(path)), on_progress or (lambda _: None)
    if suffix == ".parquet":
        return _parquet_events(path, report)
    blocks = _blocks(path, report)
    if suffix != ".jsonl":
        blocks = _unpack(path, blocks, *_unpacking(suffix))
    return _lines(path, blocks)


def write_events(path: Path, events: Iterable[bytes]) -> int:
    """Writes them all, or on an error leaves what was there; returns their number."""
    suffix = _suffix(path)
    with _draft(path) as draft:
        if suffix == ".parquet":
            return _write_parquet(draft, events)
        packer, count, waiting = _packing(suffix), 0, iter(events)
        with draft.open("wb") as out:
            while lines := list(islice(waiting, _ROWS)):
                count += len(lines)
                out.write(packer.compress(b"\n".join(lines) + b"\n"))
            out.write(packer.flush())
        return count


def check_apart(written: Sequence[Path | None], read: Sequence[Path] = ()) -> None:
    """Refuses to write two files into one, or over one that is read.

    Raises:
        FilesError: Names the file.
    """
    taken = {path.resolve() for path in read}
    for path in written:
        if path is None:
            continue
        if path.resolve() in taken:
            raise FilesError(f"{path}: it is named for something else already; write to another file")
        taken.add(path.resolve())


def check_writable(paths: Sequence[Path | None]) -> None:
    """Refuses names and folders into which `write_events` would not write, before hours of work are done.

    Raises:
        FilesError: Names the file, and what to write instead.
    """
    for path in paths:
        if path is not None:
            _suffix(path)
            if not path.parent.is_dir():
                raise FilesError(f"{path}: there is no folder {path.parent}; make it, or name another")


def _suffix(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return suffix
    raise FilesError(f"{path}: unknown kind of file; it must end in one of {', '.join(SUFFIXES)}")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FilesError(f"{path}: there is no such file; check its name, relative to {Path.cwd()}")
    return path


def extra(module: str) -> Any:
    """A module of the optional extra `files`."""
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise FilesError(f"this kind of file needs {module}: pip install 'sellerwatch[files]'") from missing


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when all went well."""
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        draft.touch()
    except OSError as refused:
        raise FilesError(f"{path}: cannot write into {path.parent} ({refused.strerror})") from refused
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _packing(suffix: str) -> _Packer:
    if suffix == ".jsonl":
        return _Plain()
    if suffix == ".jsonl.gz":
        return zlib.compressobj(wbits=31)  # 31: gzip's header, in which zlib writes no time
    packer: _Packer = extra("zstandard").ZstdCompressor().compressobj()
    return packer


def _unpacking(suffix: str) -> tuple[Callable[[], _Unpacker], type[Exception]]:
    """Makes an unpacker, and the error that it raises."""
    if suffix == ".jsonl.gz":
        return lambda: zlib.decompressobj(wbits=31), zlib.error
    zstandard = extra("zstandard")
    return lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError


def _blocks(path: Path, report: Progress) -> Iterator[bytes]:
    consumed = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
            consumed += len(block)
            report(consumed)


def _unpack(
    path: Path, blocks: Iterator[bytes], start: Callable[[], _Unpacker], broken: type[Exception]
) -> Iterator[bytes]:
    """Unpacks member after member; `cat a.gz b.gz` is one file too."""
    unpacker: _Unpacker | None = None
    for block in (large[at : at + _PACKED] for large in blocks for at in range(0, len(large), _PACKED)):
        while block:
            unpacker = unpacker or start()
            try:
                yield unpacker.decompress(block)
            except broken as damage:
                raise FilesError(f"{path}: damaged ({damage}); copy or export it again") from damage
            block = unpacker.unused_data if unpacker.eof else b""
            unpacker = None if unpacker.eof else unpacker
    if unpacker:
        raise FilesError(f"{path}: ends too early; it was not copied or written to its end, get it again")


def _lines(path: Path, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines that hold something, without their ends."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise FilesError(f"{path}: a line is longer than 16 MiB; write one event a line")
        yield from filter(None, map(bytes.strip, lines))
    if rest.strip():
        yield rest.strip()


def _parquet_events(path: Path, report: Progress) -> Iterator[bytes]:
    polars, size, done = extra("polars"), path.stat().st_size, 0
    try:
        table = polars.scan_parquet(path, glob=False, hive_partitioning=False)
        rows = table.select(polars.len()).collect().item()
        as_text = "event" in table.collect_schema()
        for batch in table.collect_batches(chunk_size=_ROWS, maintain_order=True):
            yield from (map(_text_event, batch["event"]) if as_text else map(_row_event, batch.iter_rows(named=True)))
            done += batch.height
            report(size * done // rows)
    except polars.exceptions.PolarsError as damage:
        raise FilesError(f"{path}: cannot be read as parquet ({damage}); copy or export it again") from damage


def _text_event(event: str | bytes | None) -> bytes:
    return event if isinstance(event, bytes) else (event or "null").encode()


def _row_event(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(_given(row) or {})


def _given(value: Any) -> Any:
    """What a cell holds, without nulls; times in UTC, those without an offset taken as UTC."""
    if isinstance(value, dict):
        fields = {name: given for name, cell in value.items() if (given := _given(cell)) is not None}
        return fields or None
    if isinstance(value, list):
        return [given for cell in value if (given := _given(cell)) is not None]
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def _write_parquet(path: Path, events: Iterable[bytes]) -> int:
    polars, waiting, count = extra("polars"), iter(events), 0
    schema = {"event": polars.String}

    def batches(*_: object) -> Iterator[Any]:
        nonlocal count
        while texts := [event.decode() for event in islice(waiting, _ROWS)]:
            count += len(texts)
            yield polars.DataFrame({"event": texts}, schema)

    source = importlib.import_module("polars.io.plugins").register_io_source(batches, schema=schema)
    source.sink_parquet(path, row_group_size=_ROWS, maintain_order=True)
    return count
