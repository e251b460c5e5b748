"""A pack proves what it says to somebody who has nothing but Python, and one changed byte is named."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from detectors.decision import Alert
from sellerwatch.evidence.gathering import BrokenChainError
from sellerwatch.evidence.pack import SCRIPT, holdings_of, run
from sellerwatch.evidence.verify_evidence import Refused, canonical, check, read, sha256, zipped
from streams.errors import SettingsError
from streams.files import FilesError
from tests.audit.conftest import SETTINGS
from tests.audit.made import Made

STANDALONE = Path(__file__).parents[2] / "sellerwatch" / "evidence" / SCRIPT


@pytest.fixture(scope="module")
def alert(made: Made) -> Alert:
    """The last one: a policy, models and a verdict stand before it."""
    return made.alerts[-1]


@pytest.fixture(scope="module")
def files(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return made.write(tmp_path_factory.mktemp("topics"))


def pack(alert: Alert, files: Mapping[str, Path], output: Path) -> Path:
    holdings = holdings_of([files["log"]], [files["decisions"]], [files["alerts"]], [files["audit"]], SETTINGS)
    assert run(alert.alert_id, output, holdings, SETTINGS) == 0
    return output


@pytest.fixture(scope="module")
def packed(alert: Alert, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(alert, files, tmp_path_factory.mktemp("packs") / "pack.zip")


def script(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """The stand-alone script, with nothing of ours to import."""
    command = [sys.executable, "-I", "-S", str(STANDALONE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_the_script_verifies_a_folder_and_an_archive_offline(
    alert: Alert, files: dict[str, Path], packed: Path, tmp_path: Path
) -> None:
    folder = pack(alert, files, tmp_path / "pack")

    for each in (folder, packed):
        head = json.loads(read(each)["manifest.json"])["head"]["hash"]
        done = script(each, "--head", head)
        assert done.returncode == 0, done.stdout + done.stderr
        assert alert.alert_id in done.stdout
        assert "kept elsewhere" in done.stdout


def test_a_pack_holds_what_the_alert_rests_on(alert: Alert, made: Made, packed: Path) -> None:
    found = read(packed)
    records = [json.loads(line) for line in found["records.jsonl"].splitlines()]
    kinds = {json.loads(line)["body"]["kind"] for line in found["entries.jsonl"].splitlines()}

    assert found[SCRIPT] == STANDALONE.read_bytes()
    assert json.loads(found["manifest.json"])["recomputed"] is True
    assert {record["seller_id"] for record in records} == {alert.seller_id}
    assert set(alert.evidence.events) <= {record["event_id"] for record in records}
    assert {record["body"].get("order_id") for record in records} >= set(alert.evidence.orders)
    assert {"alert.raised", "policy.published"} <= kinds
    assert found["policy.toml"].startswith(b"[alerts]")
    others = {json.loads(line)["seller_id"] for line in made.log if b"seller_id" in line} - {alert.seller_id, ""}
    linked = {each.seller_id for each in alert.evidence.sellers}
    chain = found["entries.jsonl"] + found["links.jsonl"]
    assert [seller for seller in others - linked if seller.encode() in chain] == []


def test_the_page_says_why_and_loads_nothing(alert: Alert, packed: Path) -> None:
    page = read(packed)["index.html"].decode()

    assert alert.reasons[0].text.replace("'", "&#x27;") in page
    assert "equal, byte for byte" in page
    assert re.findall(r"(?:src|href)=|<script|https?://", page) == []


def test_one_changed_byte_in_any_file_is_refused_and_the_file_is_named(packed: Path, tmp_path: Path) -> None:
    whole = read(packed)
    for name, content in whole.items():
        for at in {0, len(content) // 3, len(content) // 2, len(content) - 1}:
            bad = bytearray(content)
            bad[at] ^= 0x04
            with pytest.raises(Refused, match=re.escape(name)):
                check(whole | {name: bytes(bad)})
    folder = tmp_path / "pack"
    shutil.unpack_archive(packed, folder)
    record = folder / "records.jsonl"
    record.write_bytes(record.read_bytes().replace(b"EUR", b"USD", 1).replace(b"GBP", b"USD", 1))

    done = script(folder)

    assert done.returncode == 1
    assert done.stdout.startswith("REFUSED  records.jsonl: was changed")


def test_one_changed_byte_anywhere_in_an_archive_is_refused(packed: Path, tmp_path: Path) -> None:
    whole, bad = packed.read_bytes(), tmp_path / "bad.zip"
    for at in [*range(0, len(whole), 997), *range(len(whole) - 400, len(whole), 7)]:
        bad.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Refused):
            check(read(bad))


def test_a_file_too_many_or_too_few_is_refused(packed: Path) -> None:
    whole = read(packed)

    for name in whole:
        with pytest.raises(Refused, match=re.escape(name)):
            check({kept: content for kept, content in whole.items() if kept != name})
    with pytest.raises(Refused, match=re.escape("more.txt")):
        check(whole | {"more.txt": b""})


def remade(files: Mapping[str, bytes], **changed: bytes) -> dict[str, bytes]:
    """The pack with some files changed and a manifest that knows it."""
    new = {**files, **{name.replace("__", "."): content for name, content in changed.items()}}
    said = {name: value for name, value in json.loads(files["manifest.json"]).items() if name != "hash"}
    said["files"] = {name: sha256(new[name]) for name in said["files"]}
    return new | {"manifest.json": canonical(said | {"hash": sha256(canonical(said))})}


def test_who_makes_the_manifest_anew_is_caught_by_the_chain(packed: Path) -> None:
    whole = read(packed)
    scored = whole["decisions.jsonl"].replace(b'"seller_score":0', b'"seller_score":1')
    forged = [
        ("alert.json", {"alert__json": whole["alert.json"].replace(b'"severity":"', b'"severity":"x')}),
        ("records.jsonl", {"records__jsonl": b"\n".join(whole["records.jsonl"].splitlines()[:-3])}),
        ("decisions.jsonl", {"decisions__jsonl": scored}),
        ("entries.jsonl", {"entries__jsonl": whole["entries.jsonl"].replace(b'"severity":"', b'"severity":"x')}),
        ("links.jsonl", {"links__jsonl": b"\n".join(whole["links.jsonl"].splitlines()[:-1])}),
        ("versions.json", {"versions__json": whole["versions.json"].replace(b'"sha256":"', b'"sha256":"0')}),
        ("versions.json", {"versions__json": whole["versions.json"].replace(b'"alert":{"', b'"alert":{"x')}),
        ("policy.signed", {"policy__signed": whole["policy.signed"] + b" "}),
        ("policy.toml", {"policy__toml": b"line = 0.1"}),
    ]  # fmt: skip
    for name, changed in forged:
        with pytest.raises(Refused, match=re.escape(name)):
            check(remade(whole, **changed))


def test_what_the_chain_does_not_name_hangs_on_the_hash_of_the_manifest(packed: Path, tmp_path: Path) -> None:
    whole = read(packed)
    manifest = json.loads(whole["manifest.json"])
    known = ("--head", manifest["head"]["hash"], "--manifest", manifest["hash"])
    forged = tmp_path / "pack.zip"
    forged.write_bytes(zipped(remade(whole, index__html=b"<p>nothing to see")))

    assert "it is the one that you were told" in script(packed, *known).stdout
    assert "manifest not compared" in script(forged, *known[:2]).stdout
    refused = script(forged, *known)
    assert refused.returncode == 1
    assert "not the one that you were told" in refused.stdout


def test_a_chain_written_anew_as_a_whole_is_caught_by_a_head_that_was_kept(packed: Path, tmp_path: Path) -> None:
    whole = read(packed)
    head = json.loads(whole["manifest.json"])["head"]
    kept = tmp_path / "heads.jsonl"
    kept.write_text(json.dumps({"partition": head["partition"], "entries": head["entries"], "hash": "0" * 64}) + "\n")

    done = script(packed, "--heads", kept)

    assert done.returncode == 1
    assert "links.jsonl" in done.stdout
    kept.write_text(json.dumps(head) + "\n")
    assert script(packed, "--heads", kept).returncode == 0


def test_a_head_that_was_kept_before_the_alert_or_of_another_partition_vouches_for_nothing(
    packed: Path, tmp_path: Path
) -> None:
    manifest = json.loads(read(packed)["manifest.json"])
    start, *links = map(json.loads, read(packed)["links.jsonl"].splitlines())
    hashes = {start["seq"]: start["previous"]}
    for link in links:
        seq = link["seq"]
        here = {"body": link["body"], "partition": start["partition"], "previous": hashes[seq], "seq": seq}
        hashes[seq + 1] = sha256(canonical(here))
    kept, at = tmp_path / "heads.jsonl", manifest["alert_entry"]

    def told(partition: int, entries: int) -> "subprocess.CompletedProcess[str]":
        kept.write_text(json.dumps({"partition": partition, "entries": entries, "hash": hashes[entries]}) + "\n")
        return script(packed, "--heads", kept)

    assert told(start["partition"], at).returncode == 1, "whatever stands behind a head can be made up"
    assert told(start["partition"] + 1, at + 1).returncode == 1
    assert told(start["partition"], at + 1).returncode == 0
    assert "is the one that was kept elsewhere" in told(start["partition"], manifest["head"]["entries"]).stdout


def test_a_manifest_that_names_another_alert_is_refused(packed: Path) -> None:
    whole = read(packed)
    for name in (b'"alert_id":"', b'"seller_id":"'):
        forged = whole | {"manifest.json": whole["manifest.json"].replace(name, name + b"x")}
        with pytest.raises(Refused, match=r"manifest\.json: names another"):
            check(remade(forged))


def test_an_archive_is_the_same_bytes_whenever_it_is_made(packed: Path) -> None:
    assert zipped(read(packed)) == packed.read_bytes()


def test_nothing_is_packed_of_a_chain_that_does_not_hold(
    alert: Alert, made: Made, files: dict[str, Path], tmp_path: Path
) -> None:
    def holdings(entries: list[bytes]) -> object:
        (tmp_path / "chain.jsonl").write_bytes(b"\n".join(entries) + b"\n")
        return holdings_of(
            [files["log"]], [files["decisions"]], [files["alerts"]], [tmp_path / "chain.jsonl"], SETTINGS
        )

    of_alert = next(n for n, entry in enumerate(made.entries) if alert.alert_id.encode() in entry)
    changed = list(made.entries)
    changed[of_alert] = changed[of_alert].replace(b'"severity":"', b'"severity":"x')
    with pytest.raises(BrokenChainError, match="audit verify"):
        run(alert.alert_id, tmp_path / "p", holdings(changed), SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="does not name alert"):
        run(alert.alert_id, tmp_path / "p", holdings(made.entries[:of_alert]), SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no alert"):
        run("alr_unknown", tmp_path / "p", holdings(made.entries), SETTINGS)  # type: ignore[arg-type]
    assert not (tmp_path / "p").exists()


def test_a_log_that_has_lost_its_beginning_is_named_and_nothing_is_packed(
    alert: Alert, files: dict[str, Path], tmp_path: Path
) -> None:
    lines = files["log"].read_bytes().splitlines(keepends=True)
    named = next(n for n, line in enumerate(lines) if alert.evidence.events[0].encode() in line)
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines[:named] + lines[named + 1 :]))
    holdings = holdings_of(
        [tmp_path / "log.jsonl"], [files["decisions"]], [files["alerts"]], [files["audit"]], SETTINGS
    )
    with pytest.raises(SettingsError, match="reach back to its beginning"):
        run(alert.alert_id, tmp_path / "p", holdings, SETTINGS)
    assert not (tmp_path / "p").exists()


def test_what_exists_is_not_written_over(packed: Path, alert: Alert, files: dict[str, Path]) -> None:
    before = packed.read_bytes()

    with pytest.raises(FilesError, match="exists"):
        pack(alert, files, packed)
    with pytest.raises(FilesError, match="--alerts and --chain"):
        holdings_of([files["log"]], [], [], [], SETTINGS)
    assert packed.read_bytes() == before
