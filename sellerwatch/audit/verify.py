"""`sellerwatch audit verify`: goes through the chains and says what is not as it was written, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from sellerwatch.audit.heads import heads_in_redis, read_heads
from sellerwatch.replay import is_log, trusting_replay
from streams import names
from streams.audit.deriving import Compared, Derived, compare, derive
from streams.audit.verifying import Finding, Head, PartitionCheck, check_lines, parsed
from streams.errors import UnavailableError
from streams.files import FilesError, read_events
from streams.reading import read_topic
from streams.settings import Settings

Entries = dict[int, dict[int, tuple[str, dict[str, Any]]]]
"""(place, body), by partition and number."""
Line = tuple[str, int | None, bytes]
"""Place, partition where the place tells it, entry."""


@dataclass
class Verified:
    """What was looked at, and what was found."""

    partitions: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return not self.findings


def run(
    files: Sequence[Path], log: Sequence[Path], kept: Path | None, settings: Settings, *, as_json: bool = False
) -> int:
    """Verifies, prints what came of it; the exit code: 0 all is as it was written, 1 something is not.

    Raises:
        FilesError: A file cannot be read.
        UnavailableError: Kafka does not answer.
    """
    found = verify(files, log, kept, settings)
    if as_json:
        shown = {"whole": found.whole, "partitions": found.partitions, "notes": found.notes}
        typer.echo(msgspec.json.encode(shown | {"findings": [asdict(each) for each in found.findings]}))
    else:
        _print(found)
    return 0 if found.whole else 1


def verify(files: Sequence[Path], log: Sequence[Path], kept: Path | None, settings: Settings) -> Verified:
    """Checks the chains of files, or of the topic, against themselves, heads, and a dump of the log."""
    found, entries = Verified(), Entries()
    anchors = read_heads(kept) if kept else {}
    heads = {} if files else _heads(settings, found)
    lines = _from_files(files) if files else _from_topic(settings)
    checks = check_lines(_noting(lines, entries) if log else lines)
    for partition in {*heads, *anchors} - checks.keys():
        checks[partition] = PartitionCheck(partition)
    for partition, check in sorted(checks.items()):
        if partition in heads:
            check.compare(heads[partition], "Redis")
        for anchor in anchors.get(partition, ()):
            check.compare(anchor, str(kept))
        found.findings += check.findings
        found.partitions.append(_row(check))
    if files and not kept:
        found.notes.append("where the chains end is not known: give --heads FILE, or read from Kafka with Redis up")
    if log:
        _derive(found, entries, log, settings)
    return found


def _heads(settings: Settings, found: Verified) -> dict[int, Head]:
    """Read before the topic is: what Redis knows must stand there by then."""
    try:
        return heads_in_redis(settings, range(_partitions(settings)))
    except UnavailableError as error:
        found.notes.append(f"where the chains end is not checked: {error}")
        return {}


def _partitions(settings: Settings) -> int:
    from streams.topics import read_layout

    return read_layout(settings).partitions.get(names.AUDIT, 0)


def _from_files(files: Sequence[Path]) -> Iterator[Line]:
    for path in files:
        for number, line in enumerate(read_events(path), start=1):
            yield f"{path}:{number}", None, line


def _from_topic(settings: Settings) -> Iterator[Line]:
    for held in read_topic(settings, names.AUDIT):
        yield f"{names.AUDIT}/{held.partition}@{held.offset}", held.partition, held.value


def _noting(lines: Iterator[Line], entries: Entries) -> Iterator[Line]:
    """Passes lines on and keeps what they say, the first of each number."""
    for place, partition, line in lines:
        if (entry := parsed(line)) is not None:
            entries.setdefault(entry["partition"], {}).setdefault(entry["seq"], (place, entry["body"]))
        yield place, partition, line


def _row(check: PartitionCheck) -> dict[str, Any]:
    entries, head = check.head
    return {
        "partition": check.partition,
        "entries": entries,
        "head": head,
        "repeats": [{"seq": seq, "place": place} for seq, place in check.repeats],
    }


def _derive(found: Verified, entries: Entries, log: Sequence[Path], settings: Settings) -> None:
    for path in log:
        if not is_log(path):
            raise FilesError(f"{path}: not a dump of {names.EVENTS}")
    replay = trusting_replay(settings)
    derived = derive(replay, (line for path in log for line in read_events(path)))
    for partition in sorted({*entries, *derived}):
        compared = compare(partition, entries.get(partition, {}), derived.get(partition, Derived()))
        found.findings += compared.findings
        found.notes.append(f"partition {partition}: {_said(compared)}")


def _said(compared: Compared) -> str:
    text = f"{compared.equal} entries are what the log gives"
    if compared.before:
        text += f"; the chain begins {compared.before} entries after the log does"
    if compared.otherwise:
        text += f"; {compared.unlike} alerts differ, as some were decided otherwise: by {'; '.join(compared.otherwise)}"
    if compared.beyond:
        text += f"; {compared.beyond} come after the end of the dump"
    return text


def _print(found: Verified) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for row in found.partitions:
        repeats = f", {len(row['repeats'])} repeated by a worker" if row["repeats"] else ""
        console.print(f"partition {row['partition']}: {row['entries']} entries{repeats}, head {row['head'] or '?'}")
    for note in found.notes:
        console.print(f"[dim]{escape(note)}[/dim]")
    for finding in found.findings:
        place = f" at {finding.place}" if finding.place else ""
        text = f"partition {finding.partition}, entry {finding.seq}{place}: {finding.text}"
        console.print(f"[red]{finding.problem}[/red] {escape(text)}")
        for name, said in (("expected", finding.expected), ("found", finding.found)):
            if said:
                console.print(f"    {name}: {escape(said)}")
    console.print("all is as it was written" if found.whole else f"[red]{len(found.findings)} findings[/red]")
