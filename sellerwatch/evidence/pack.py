"""`sellerwatch evidence`: writes a pack that others can check without us."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

import msgspec
import typer

from detectors.decision import say_time
from detectors.patterns.features import FEATURES
from sellerwatch.evidence.explaining import features_in_words
from sellerwatch.evidence.gathering import Evidence, Publication, gather
from sellerwatch.evidence.holdings import Files, Holdings, Topics
from sellerwatch.evidence.page import page
from sellerwatch.evidence.verify_evidence import FORMAT, Refused, check, zipped
from sellerwatch.operate.asking import record
from streams.audit.chain import canonical, digest
from streams.errors import SettingsError
from streams.files import FilesError
from streams.settings import Settings

SCRIPT: Final = "verify_evidence.py"


def run(alert_id: str, output: Path, holdings: Holdings, settings: Settings) -> int:
    """Packs the evidence of an alert; the exit code: 1: the log no longer gives this alert.

    Raises:
        FilesError: There is something at `output` already.
        SettingsError: There is no such alert, or what it rests on is not at hand.
        UnavailableError: Kafka has not taken the record of this act: nothing is written.
    """
    if output.exists():
        raise FilesError(f"{output} exists already; give a name that is free")
    evidence = gather(alert_id, holdings, settings)
    files = packed(evidence, say_time(time.time_ns() // 1_000 // 1_000_000 * 1_000_000))
    manifest = _checked(files)
    if isinstance(holdings, Topics):
        about = {"subject_kind": "alert", "subject": alert_id, "seller_id": evidence.alert.seller_id}
        record(settings, "evidence.packed", **about, details={"manifest": manifest["hash"]})
    write(files, output)
    typer.echo(f"{output}: {len(files)} files about alert {alert_id}, manifest {manifest['hash']}")
    typer.echo(f"head of partition {evidence.partition}: {evidence.head[0]} entries, {evidence.head[1]}")
    typer.echo(f"anybody can check it: python {SCRIPT} {output}")
    if not evidence.recomputed:
        typer.echo("the log that was read does not give this alert again: see `sellerwatch explain`", err=True)
    return 0 if evidence.recomputed else 1


def _checked(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The manifest of what is handed out: it holds.

    Raises:
        SettingsError: What the chain names is not in the log that was read.
    """
    try:
        return check(files)
    except Refused as refused:
        raise SettingsError(
            f"nothing was packed, as it would not hold: {refused}. Does the log reach back to its beginning?"
        ) from None


def holdings_of(
    log: Sequence[Path], decisions: Sequence[Path], alerts: Sequence[Path], chain: Sequence[Path], settings: Settings
) -> Holdings:
    """Dumps where a dump of the log is given, the topics where none is.

    Raises:
        FilesError: Some dumps are missing.
    """
    if not log:
        if decisions or alerts or chain:
            raise FilesError("give --log too: either everything is read from dumps, or from Kafka")
        return Topics(settings)
    if not (alerts and chain):
        raise FilesError("with --log, give --alerts and --chain as well")
    return Files(log, decisions, alerts, chain)


def packed(evidence: Evidence, made_at: str) -> dict[str, bytes]:
    """The files of a pack, by name."""
    named = {
        "alert.json": evidence.raw_alert,
        "records.jsonl": _lines(line for line, _ in evidence.records),
        "decisions.jsonl": _lines(line for line, _ in evidence.decisions),
        "features.json": _features(evidence),
        "entries.jsonl": _lines(canonical(entry) for _, entry in sorted(evidence.entries.items())),
        "links.jsonl": _links(evidence),
        "versions.json": canonical(_versions(evidence)),
        SCRIPT: (resources("sellerwatch.evidence") / SCRIPT).read_bytes(),
    }
    if evidence.policy:
        named |= {"policy.toml": evidence.policy_text().encode(), "policy.signed": evidence.policy.content}
    named["index.html"] = page(evidence, made_at).encode()
    said = {
        "format": FORMAT,
        "alert_id": evidence.alert.alert_id,
        "seller_id": evidence.alert.seller_id,
        "alert_entry": evidence.alert_entry,
        "head": {"partition": evidence.partition, "entries": evidence.head[0], "hash": evidence.head[1]},
        "recomputed": evidence.recomputed,
        "made_at": made_at,
        "made_by": f"sellerwatch {version('sellerwatch')}",
        "files": {name: digest(content) for name, content in sorted(named.items())},
    }
    return named | {"manifest.json": canonical(said | {"hash": digest(canonical(said))})}


def _lines(lines: Any) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _links(evidence: Evidence) -> bytes:
    start = {"partition": evidence.partition, "seq": evidence.start, "previous": evidence.before_start}
    links = ({"seq": seq, "body": body} for seq, body in enumerate(evidence.links, start=evidence.start))
    return _lines(canonical(line) for line in (start, *links))


def _features(evidence: Evidence) -> bytes:
    """Levels of every feature of each decision, and what they are."""
    named = {decision.event_id: features_in_words(decision) for _, decision in evidence.decisions}
    told = {event_id: {name: round(level, 4) for name, _, level in features} for event_id, features in named.items()}
    words = {name: text for features in named.values() for name, text, _ in features}
    order = [name for name in FEATURES if name in words]
    shown = {"what": {name: words[name] for name in order}, "of_event": told, "others": "are 0"}
    return msgspec.json.format(msgspec.json.encode(shown), indent=1)


def _versions(evidence: Evidence) -> dict[str, Any]:
    entries = {entry["body"]["record"]: seq for seq, entry in evidence.entries.items()}

    def told(each: Publication) -> dict[str, Any]:
        return {
            "what": each.what,
            "version": each.version,
            "sha256": digest(each.content),
            "entry": entries[each.record],
        }

    return {"alert": dict(evidence.alert.versions), "published": [told(each) for each in evidence.published]}


def write(files: Mapping[str, bytes], output: Path) -> None:
    """Writes a folder, or a .zip where the name ends so; never over something.

    Raises:
        FilesError: It cannot be written there.
    """
    draft = output.with_name(f".{os.getpid()}.{output.name}.draft")
    try:
        if output.suffix == ".zip":
            with output.open("xb") as archive:
                archive.write(zipped(files))
            return
        draft.mkdir()
        for name, content in files.items():
            (draft / name).write_bytes(content)
        draft.rename(output)
    except OSError as refused:
        shutil.rmtree(draft, ignore_errors=True)
        raise FilesError(f"{output}: cannot write there ({refused.strerror})") from refused
