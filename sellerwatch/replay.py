"""`sellerwatch replay`: recorded events in, alerts and decisions out, as fast as one process can."""

import heapq
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from detectors.events import SECOND, decode_record
from detectors.models.learners import Learners
from streams.errors import InvalidEventError
from streams.files import FilesError, check_apart, read_events, total_bytes
from streams.models.snapshots import ModelShelf
from streams.policy.published import OnlyPolicy, PolicyShelf, with_lists_of
from streams.privacy import HashKey, Pseudonyms
from streams.replay import Counts, EventReplay, LogReplay
from streams.results import ResultFiles
from streams.screening.facts import Screening
from streams.settings import Settings
from streams.upstream import EPOCH, MICROSECOND, parse
from streams.worker import usual_policy

REPLAY_KEY = b"a replay without configured keys"
"""Hashes of a replay without configured keys never leave its memory, but for its own files."""


def run(
    paths: Sequence[Path],
    alerts: Path | None,
    decisions: Path | None,
    settings: Settings,
    policy: Path | None = None,
    audit: Path | None = None,
) -> None:
    """Replays files of contract events, or of the log, and writes what came of them.

    Raises:
        FilesError: A file cannot be read or written, or files of both kinds were given.
    """
    console = Console(stderr=True, highlight=False)
    if alerts is not None and not alerts.name.endswith(".jsonl"):
        raise FilesError(f"{alerts}: alerts are written as .jsonl")
    if decisions is not None and not decisions.name.endswith((".jsonl", ".parquet")):
        raise FilesError(f"{decisions}: decisions are written as .jsonl or .parquet")
    if audit is not None and not audit.name.endswith(".jsonl"):
        raise FilesError(f"{audit}: the audit chain is written as .jsonl")
    if audit is not None and policy is not None:
        raise FilesError("--audit tells what was done; leave out --policy, which tries what was not")
    check_apart([alerts, decisions, audit], paths)
    started = time.perf_counter()
    replay = _replay_of(paths, settings, policy)
    with ExitStack() as stack:
        reader = stack.enter_context(Reader(paths, console))
        lines = reader.by_event_time() if isinstance(replay, EventReplay) else reader.as_recorded()
        write = stack.enter_context(ResultFiles(alerts, decisions, audit))
        for step in replay.run(lines):
            write(step)
    _summary(console, replay.counts, write, time.perf_counter() - started)


def _summary(console: Console, counts: Counts, written: ResultFiles, seconds: float) -> None:
    rate = counts.events / max(seconds, 1e-9)
    console.print(
        f"{counts.events:,} records of {counts.sellers:,} sellers in {seconds:.1f} s ({rate:,.0f}/s): "
        f"{written.decisions:,} decisions, {written.alerts:,} alerts"
    )
    for reason, count in sorted(counts.rejected.items()):
        console.print(f"[yellow]refused[/yellow] {count:,} events: {reason}")
    if counts.failed:
        console.print(f"[red]failed[/red] {counts.failed:,} records could not be processed and changed nothing")


def _replay_of(paths: Sequence[Path], settings: Settings, policy: Path | None) -> EventReplay | LogReplay:
    if policy is not None:
        from sellerwatch.policy.reading import read_policy  # needs the extra `policy`

        only = OnlyPolicy(with_lists_of(usual_policy(settings), read_policy(policy).policy))
    if of_log(paths):
        return trusting_replay(settings, only if policy is not None else None)
    policies = only if policy is not None else PolicyShelf([signing_key(settings)], usual_policy(settings))
    return event_replay(policies, settings)


def trusting_replay(settings: Settings, policies: PolicyShelf | None = None) -> LogReplay:
    """A replay of the log; without keys it takes models and policies unchecked: its user trusts the file."""
    keys = settings.signing() or None
    return LogReplay(ModelShelf(keys), policies or PolicyShelf(keys, usual_policy(settings)))


def of_log(paths: Sequence[Path]) -> bool:
    """Whether the files are dumps of the log.

    Raises:
        FilesError: Some are, others are not.
    """
    kinds = {is_log(path) for path in paths}
    if len(kinds) > 1:
        raise FilesError("some of the files hold contract events, others lines of the log; replay one kind at a time")
    return kinds == {True}


def signing_key(settings: Settings) -> bytes:
    """What a replay of events signs its models with."""
    return (settings.signing() or [REPLAY_KEY])[0]


def event_replay(policies: PolicyShelf, settings: Settings) -> EventReplay:
    """A replay of contract events."""
    keys = settings.hashing() or [HashKey("r", REPLAY_KEY)]
    key = signing_key(settings)
    interval = int(settings.publish_interval.total_seconds()) * SECOND
    screening = Screening.load(settings.screening_lists)
    pseudonyms = Pseudonyms(keys, settings.exchanging())
    wait = int(settings.wait_for_order.total_seconds()) * SECOND
    learners = Learners.new(interval)
    return EventReplay(ModelShelf([key]), policies, pseudonyms, learners, key, wait=wait, screening=screening)


def is_log(path: Path) -> bool:
    """Whether a file holds lines of the log, and no contract events."""
    first = next(iter(read_events(path)), None)
    if first is None:
        return False
    try:
        decode_record(first)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


class _EventTime(msgspec.Struct):
    event_time: datetime | None = None


_decode_time = msgspec.json.Decoder(_EventTime).decode


def _timed(lines: Iterable[bytes]) -> Iterator[tuple[datetime, bytes]]:
    """Lines with their event times; one without a readable time keeps its place."""
    latest = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        latest = _time_of(line) or latest
        yield latest, line


def _time_of(line: bytes) -> datetime | None:
    """When the event happened; `None` where that cannot be read."""
    try:
        found = _decode_time(line).event_time
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if found is not None:
        return found if found.tzinfo is not None else None
    try:  # a CloudEvent tells it elsewhere
        return EPOCH + MICROSECOND * parse(line).event_time
    except InvalidEventError:
        return None


def _in_order(path: Path) -> bool:
    latest = datetime.min.replace(tzinfo=UTC)
    for time_of, _ in _timed(read_events(path)):
        if time_of < latest:
            return False
        latest = time_of
    return True


def _key(item: tuple[datetime, bytes]) -> datetime:
    return item[0]


class Reader:
    """Reads the files and draws how far that has come, where a person watches."""

    def __init__(self, paths: Sequence[Path], console: Console, doing: str = "replaying") -> None:
        self._paths = paths
        columns = (
            TextColumn(doing),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=sum(total_bytes(path) for path in paths))
        self._read: dict[Path, int] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def as_recorded(self) -> Iterator[bytes]:
        """The lines of the files, one file after the other."""
        for path in self._paths:
            yield from self._lines(path)

    def by_event_time(self) -> Iterator[bytes]:
        """The lines of all files in the order of their event times; merged where each file is in order."""
        timed: Iterable[tuple[datetime, bytes]]
        if all(_in_order(path) for path in self._paths):
            timed = heapq.merge(*(_timed(self._lines(path)) for path in self._paths), key=_key)
        else:
            timed = sorted((item for path in self._paths for item in _timed(self._lines(path))), key=_key)
        for _, line in timed:
            yield line

    def _lines(self, path: Path) -> Iterator[bytes]:
        def consumed(count: int) -> None:
            self._read[path] = count
            self._bar.update(self._task, completed=sum(self._read.values()))

        return read_events(path, consumed)
