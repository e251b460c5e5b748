"""Verifies an evidence pack of Sellerwatch offline, with nothing but Python: `python verify_evidence.py PACK`.

PACK is a folder or a .zip. With `--heads FILE` (lines of `sellerwatch audit heads` that were kept elsewhere) or
`--head HASH`, the chain in the pack must lead to what was kept. With `--manifest HASH`, as it was told when the pack
was made, the pack must be that one: of what the chain does not name, nothing else tells that it was changed or left
out. Take this script from where you trust it, not from the pack. Exit code: 0 whole, 1 refused.
"""

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FORMAT = "sellerwatch.evidence/1"
NEEDED = ("alert.json", "decisions.jsonl", "entries.jsonl", "links.jsonl", "records.jsonl", "versions.json")


class Refused(Exception):  # noqa: N818 - says what becomes of the pack
    """The pack is not what was packed: which file, and what of it."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> bytes:
    """The one form of RFC 8785, for values without fractions and with names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read(pack: Path) -> dict[str, bytes]:
    """The files of a folder or of a .zip, by name."""
    if pack.is_dir():
        found = (path for path in sorted(pack.rglob("*")) if path.is_file())
        return {path.relative_to(pack).as_posix(): path.read_bytes() for path in found}
    try:
        with zipfile.ZipFile(pack) as archive:
            if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
                raise Refused(f"{pack.name}: is packed otherwise than evidence is")
            files = {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{pack.name}: cannot be read ({error})") from None
    if zipped(files) != pack.read_bytes():
        raise Refused(f"{pack.name}: the archive holds bytes that belong to none of its files")
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The one archive that these files make: no times, no packing, in the order of their names."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            place = zipfile.ZipInfo(name)
            place.create_system, place.external_attr = 3, 0o644 << 16
            archive.writestr(place, files[name])
    return made.getvalue()


def parsed(files: Mapping[str, bytes], name: str) -> Any:
    try:
        return json.loads(files[name])
    except ValueError as error:
        raise Refused(f"{name}: is no JSON ({error})") from None


def lines(files: Mapping[str, bytes], name: str) -> Iterator[tuple[int, Any, bytes]]:
    """(number, what it says, the line itself) of each line of a file."""
    for number, line in enumerate(files[name].splitlines(), start=1):
        try:
            yield number, json.loads(line), line
        except ValueError as error:
            raise Refused(f"{name}:{number}: is no JSON ({error})") from None


def check(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Goes through the files of a pack; its manifest, where everything holds.

    Raises:
        Refused: Names the first file that does not hold, and why.
    """
    manifest = check_manifest(files)
    try:
        entries = check_chain(files, manifest)
        check_alert(files, manifest, entries)
        check_versions(files, entries)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise Refused(f"a file has another form than this script knows ({error!r})") from None
    return manifest


def check_manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Every file is there and is the one that was packed."""
    if "manifest.json" not in files:
        raise Refused("manifest.json: is missing")
    manifest = parsed(files, "manifest.json")
    said = {name: value for name, value in manifest.items() if name != "hash"} if isinstance(manifest, dict) else {}
    if canonical(manifest) != files["manifest.json"] or manifest["hash"] != sha256(canonical(said)):
        raise Refused("manifest.json: was changed, it does not give the hash that it carries")
    if manifest.get("format") != FORMAT:
        raise Refused(f"manifest.json: has the format {manifest.get('format')!r}, this script reads {FORMAT}")
    for name, told in sorted(manifest["files"].items()):
        if name not in files:
            raise Refused(f"{name}: is missing")
        if sha256(files[name]) != told:
            raise Refused(f"{name}: was changed: its SHA-256 is {sha256(files[name])}, the manifest says {told}")
    for name in (*NEEDED, *files):
        if name not in manifest["files"] and name != "manifest.json":
            raise Refused(f"{name}: the manifest does not know it")
    return dict(manifest)


def check_chain(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Every entry lies on the way to the head; the entries by number."""
    entries: dict[int, dict[str, Any]] = {}
    for number, entry, line in lines(files, "entries.jsonl"):
        if canonical(entry) != line or entries.setdefault(entry["seq"], entry) is not entry:
            raise Refused(f"entries.jsonl:{number}: is not an entry as its topic holds it")
    walk = lines(files, "links.jsonl")
    _, start, _ = next(walk)
    partition, seq, previous = start["partition"], start["seq"], start["previous"]
    for number, link, _ in walk:
        entry = entries.get(seq)
        here = {"body": link["body"], "partition": partition, "previous": previous, "seq": seq}
        if link["seq"] != seq:
            raise Refused(f"links.jsonl:{number}: is link {link['seq']}, {seq} must stand here")
        if entry is not None and sha256(canonical(entry["body"])) != link["body"]:
            raise Refused(f"entries.jsonl: entry {seq} does not say what the chain holds")
        if entry is not None and (entry["previous"] != previous or entry["hash"] != sha256(canonical(here))):
            raise Refused(f"entries.jsonl: entry {seq} is not linked to the one before it")
        seq, previous = seq + 1, sha256(canonical(here))
    head = manifest["head"]
    if (partition, seq, previous) != (head["partition"], head["entries"], head["hash"]):
        raise Refused(f"links.jsonl: leads to {previous} after {seq} entries, the manifest names {head['hash']}")
    beyond = [number for number in entries if not start["seq"] <= number < seq]
    if beyond:
        raise Refused(f"entries.jsonl: entry {beyond[0]} is not on the way to the head")
    return entries


def check_alert(files: Mapping[str, bytes], manifest: Mapping[str, Any], entries: Mapping[int, dict[str, Any]]) -> None:
    """The alert, the decision that it comes from, and the records are those that the chain names."""
    alert = parsed(files, "alert.json")
    if (manifest["alert_id"], manifest["seller_id"]) != (alert["alert_id"], alert["seller_id"]):
        raise Refused("manifest.json: names another alert or seller than alert.json does")
    entry = entries[manifest["alert_entry"]]["body"]
    if entry["digest"] != sha256(files["alert.json"]) or entry["said"]["alert_id"] != alert["alert_id"]:
        raise Refused(f"alert.json: is not the alert of entry {manifest['alert_entry']}")
    records = {sha256(line): record for _, record, line in lines(files, "records.jsonl")}
    for seq, each in sorted(entries.items()):
        if each["body"].get("seller_id") and each["body"]["record"] not in records:
            raise Refused(f"records.jsonl: the record that entry {seq} rests on is not there, or was changed")
    tipping = records[entry["record"]]["event_id"]
    decided = [decision for _, decision, _ in lines(files, "decisions.jsonl") if decision["event_id"] == tipping]
    if not decided or any(decision["seller_score"] != alert["score"] for decision in decided):
        raise Refused(f"decisions.jsonl: the decision on {tipping} does not give the alert's score")


def check_versions(files: Mapping[str, bytes], entries: Mapping[int, dict[str, Any]]) -> None:
    """Policy and models are those that the chain names."""
    versions = parsed(files, "versions.json")
    if versions["alert"] != parsed(files, "alert.json")["versions"]:
        raise Refused("versions.json: names other versions than alert.json does")
    for told in versions["published"]:
        body = entries[told["entry"]]["body"]
        if (body["digest"], body["said"]["version"]) != (told["sha256"], told["version"]):
            raise Refused(f"versions.json: {told['what']} {told['version']} is not that of entry {told['entry']}")
        if told["what"] == "policy":
            if sha256(files["policy.signed"]) != body["digest"]:
                raise Refused(f"policy.signed: is not the policy of entry {told['entry']}")
            if files["policy.toml"] not in files["policy.signed"]:
                raise Refused("policy.toml: is not the text of policy.signed")


def check_heads(files: Mapping[str, bytes], kept: Mapping[int, str], alert_entry: int) -> int:
    """Compares with heads (number of entries -> hash) that were kept elsewhere; up to which one they vouch.

    Raises:
        Refused: One differs, or none was kept at or behind the alert: what is behind a head may be made up.
    """
    walk = lines(files, "links.jsonl")
    _, start, _ = next(walk)
    partition, previous, met = start["partition"], start["previous"], 0
    for _, link, _ in walk:
        seq = link["seq"]
        previous = sha256(canonical({"body": link["body"], "partition": partition, "previous": previous, "seq": seq}))
        if (known := kept.get(seq + 1)) is not None:
            met = seq + 1
            if known != previous:
                raise Refused(f"links.jsonl: after {seq + 1} entries {known} was kept, here it is {previous}")
    if met <= alert_entry:
        raise Refused(f"links.jsonl: no head of partition {partition} was kept after the alert, entry {alert_entry}")
    return met


def kept_heads(path: Path, partition: int) -> dict[int, str]:
    try:
        told = list(map(json.loads, path.read_text().splitlines()))
        return {each["entries"]: each["hash"] for each in told if each["partition"] == partition}
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"{path}: no file of heads: {error!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Verifies an evidence pack of Sellerwatch offline.")
    parser.add_argument("pack", type=Path, help="the folder or .zip")
    parser.add_argument("--head", help="the hash that the chain must lead to")
    parser.add_argument("--heads", type=Path, help="heads that were kept elsewhere (.jsonl)")
    parser.add_argument("--manifest", help="the hash of the manifest, as it was told when the pack was made")
    given = parser.parse_args()
    say = sys.stdout.write
    try:
        files = read(given.pack)
        manifest = check(files)
        head = manifest["head"]
        kept = kept_heads(given.heads, head["partition"]) if given.heads else {}
        met = check_heads(files, kept, manifest["alert_entry"]) if given.heads else 0
        if given.head and given.head != head["hash"]:
            raise Refused(f"manifest.json: the head is {head['hash']}, and not the one that you know")
        if given.manifest and given.manifest != manifest["hash"]:
            raise Refused(f"manifest.json: has the hash {manifest['hash']}, and not the one that you were told")
    except Refused as refused:
        say(f"REFUSED  {refused}\n")
        return 1
    say(f"whole    alert {manifest['alert_id']}, {len(manifest['files'])} files, manifest {manifest['hash']}\n")
    say(f"chain    partition {head['partition']}, {head['entries']} entries, head {head['hash']}\n")
    if given.head or met == head["entries"]:
        say("head     it is the one that was kept elsewhere\n")
    elif met:
        say(f"head     a kept one vouches for the first {met} entries, the alert among them; not for what follows\n")
    else:
        say("head     not compared: ask for a head that was kept elsewhere (`sellerwatch audit heads`)\n")
    if given.manifest:
        say("manifest it is the one that you were told\n")
    else:
        say("manifest not compared: page, features, decisions and what may be left out hang on its hash alone\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
