"""Whoever changes a chain is found, and so is the place."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sellerwatch.audit.heads import heads_in_redis, lines_of
from sellerwatch.audit.verify import Verified, run, verify
from streams.audit.chain import Chain
from streams.audit.verifying import Head, PartitionCheck, check_lines
from streams.files import FilesError
from streams.settings import load_settings
from tests.audit.conftest import SETTINGS
from tests.audit.made import KEY, Made, folded


@pytest.fixture(scope="module")
def chain(made: Made) -> list[bytes]:
    """The longer of the two chains."""
    parts = [[e for e in made.entries if json.loads(e)["partition"] == p] for p in (0, 1)]
    return max(parts, key=len)


def checked(entries: Sequence[bytes]) -> PartitionCheck:
    (check,) = check_lines((f"t@{n}", None, entry) for n, entry in enumerate(entries)).values()
    return check


def said(entries: Sequence[bytes]) -> list[tuple[str, int, str]]:
    return [(f.problem, f.seq, f.place) for f in checked(entries).findings]


def test_a_chain_as_it_was_written_is_whole(chain: list[bytes]) -> None:
    assert len(chain) > 8
    assert said(chain) == []
    assert checked(chain).repeats == []


def test_every_single_changed_byte_is_found_where_it_is(chain: list[bytes]) -> None:
    for at in range(len(chain[3])):
        for flip in (0x01, 0x20):
            bad = bytearray(chain[3])
            bad[at] ^= flip
            found = said([*chain[:3], bytes(bad), *chain[4:]])
            assert [(seq, place) for _, seq, place in found] == [(3, "t@3")], (at, bytes(bad), found)
            assert found[0][0] in {"changed", "unreadable"}


@pytest.mark.parametrize("gone", [0, 4, 5])
def test_a_missing_entry_is_found_with_the_place_where_it_should_stand(chain: list[bytes], gone: int) -> None:
    found = said([*chain[:gone], *chain[gone + 1 :]])

    assert found == [("missing", gone, f"t@{gone}")]


@pytest.mark.parametrize(("first", "second"), [(3, 4), (2, 6), (0, 1)])
def test_entries_that_changed_places_are_found(chain: list[bytes], first: int, second: int) -> None:
    swapped = list(chain)
    swapped[first], swapped[second] = chain[second], chain[first]

    found = said(swapped)

    assert {problem for problem, _, _ in found} <= {"reordered", "duplicated"}
    assert (("reordered", first, f"t@{second}")) in found


@pytest.mark.parametrize(("copied", "behind"), [(2, 6), (0, 3), (5, 7)])
def test_an_entry_that_stands_twice_is_found(chain: list[bytes], copied: int, behind: int) -> None:
    found = said([*chain[: behind + 1], chain[copied], *chain[behind + 1 :]])

    assert found == [("duplicated", copied, f"t@{behind + 1}")]


def test_what_a_worker_writes_again_after_a_crash_is_no_fault(chain: list[bytes]) -> None:
    check = checked([*chain[:6], *chain[3:6], *chain[4:]])

    assert check.findings == []
    assert [seq for seq, _ in check.repeats] == [3, 4, 5, 4, 5]


def test_an_entry_written_anew_under_its_own_hash_breaks_the_link_behind_it(chain: list[bytes]) -> None:
    forger = Chain(json.loads(chain[0])["partition"])
    for entry in chain[:4]:
        forger.append(json.loads(entry)["body"])
    forged = forger.append(json.loads(chain[4])["body"] | {"event_id": "another"})

    assert said([*chain[:4], forged, *chain[5:]]) == [("unlinked", 5, "t@5")]
    assert ("forked", 4, "t@5") in said([*chain[:5], forged, *chain[5:]])


def test_an_entry_of_another_partition_is_none_of_this_one(chain: list[bytes]) -> None:
    own = json.loads(chain[0])["partition"]
    stranger = Chain(7).append({"kind": "x"})

    (check,) = check_lines((f"t@{n}", own, e) for n, e in enumerate([*chain[:2], stranger, *chain[2:]])).values()

    assert [(f.problem, f.place) for f in check.findings] == [("moved", "t@2")]


def test_a_tail_that_was_cut_off_is_found_by_a_head_that_was_kept(chain: list[bytes]) -> None:
    head = checked(chain).head
    cut = checked(chain[:-2])
    cut.compare(head, "Redis")

    assert [(f.problem, f.seq) for f in cut.findings] == [("truncated", len(chain) - 2)]


def test_a_chain_written_anew_as_a_whole_is_found_by_an_old_head(chain: list[bytes]) -> None:
    forger = Chain(json.loads(chain[0])["partition"])
    forged = [forger.append(json.loads(entry)["body"] | {"logged_at": 1}) for entry in chain]
    check = checked(forged)
    assert check.findings == []

    check.compare(Head(5, json.loads(chain[4])["hash"]), "heads.jsonl")

    assert [(f.problem, f.seq) for f in check.findings] == [("other_head", 4)]


def verified(tmp_path: Path, made: Made, **options: Any) -> Verified:
    files = made.write(tmp_path)
    return verify([files["audit"]], [files["log"]], options.get("heads"), SETTINGS)


def test_the_log_gives_the_chain_again(made: Made, tmp_path: Path) -> None:
    found = verified(tmp_path, made)

    assert found.findings == []
    assert sum(row["entries"] for row in found.partitions) == len(made.entries)


def test_a_forged_chain_that_is_whole_in_itself_is_not_what_the_log_gives(made: Made, tmp_path: Path) -> None:
    chains: dict[int, Chain] = {}
    entries = [json.loads(entry) for entry in made.entries]
    lenient = [e for e in entries if e["body"]["kind"] != "verdict.given"]
    forged = [chains.setdefault(e["partition"], Chain(e["partition"])).append(e["body"]) for e in lenient]
    found = verified(tmp_path, Made(made.log, forged))
    gone = next(e for e in entries if e["body"]["kind"] == "verdict.given")

    assert [(f.problem, f.partition, f.seq) for f in found.findings] == [("other_log", gone["partition"], gone["seq"])]
    assert "verdict.given" in found.findings[0].expected


def test_an_entry_that_was_put_in_or_says_something_else_is_not_what_the_log_gives(made: Made, tmp_path: Path) -> None:
    chains: dict[int, Chain] = {}
    entries = [json.loads(entry) for entry in made.entries]
    at = next(n for n, entry in enumerate(entries) if entry["body"]["kind"] == "verdict.given")
    entries[at]["body"]["said"]["verdict"] = "dismissed"
    entries.insert(2, json.loads(made.entries[1]))
    entries[2]["body"] |= {"source": ["verdicts", 0, 99, 0], "event_id": "made-up"}
    forged = [chains.setdefault(e["partition"], Chain(e["partition"])).append(e["body"]) for e in entries]

    found = verified(tmp_path, Made(made.log, forged))

    assert [finding.problem for finding in found.findings] == ["other_log", "other_log"]
    assert {"made-up" in f.found or '"verdict":"dismissed"' in f.found for f in found.findings} == {True}


def test_a_chain_that_began_in_the_middle_of_the_log_is_derived_from_there(made: Made, tmp_path: Path) -> None:
    chains: dict[int, Chain] = {}
    later = [json.loads(e) for e in made.entries[4:]]
    entries = [chains.setdefault(e["partition"], Chain(e["partition"])).append(e["body"]) for e in later]

    found = verified(tmp_path, Made(made.log, entries))

    assert found.findings == []
    assert any("the chain begins" in note for note in found.notes)


def test_alerts_that_another_version_decided_are_not_called_forged(made: Made, tmp_path: Path) -> None:
    others = load_settings(alert_threshold=0.45, model_keys=KEY.decode())
    files = made.write(tmp_path)

    found = verify([files["audit"]], [files["log"]], None, others)

    assert found.findings == []
    assert any("decided otherwise" in note and "policy" in note for note in found.notes)


def test_a_verdict_that_was_changed_is_found_whatever_version_derives_the_chain(made: Made, tmp_path: Path) -> None:
    others = load_settings(alert_threshold=0.45, model_keys=KEY.decode())
    chains: dict[int, Chain] = {}
    bodies = [json.loads(entry.replace(b"confirmed", b"dismissed")) for entry in made.entries]
    forged = [chains.setdefault(e["partition"], Chain(e["partition"])).append(e["body"]) for e in bodies]
    files = Made(made.log, forged).write(tmp_path)

    found = verify([files["audit"]], [files["log"]], None, others)

    assert [finding.problem for finding in found.findings] == ["other_log"]
    assert "verdict.given" in found.findings[0].found


def test_an_older_dump_leaves_the_end_of_the_chain_unsaid(made: Made, tmp_path: Path) -> None:
    half = folded(made.log[: len(made.log) * 2 // 3], SETTINGS)

    found = verified(tmp_path, Made(half.log, made.entries))

    assert found.findings == []
    assert any("after the end of the dump" in note for note in found.notes)


def test_the_command_says_what_it_found_and_ends_with_1(
    made: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = made.write(tmp_path)
    assert run([files["audit"]], [], None, SETTINGS) == 0
    capfd.readouterr()
    files["audit"].write_bytes(files["audit"].read_bytes().replace(b"confirmed", b"dismissed"))

    assert run([files["audit"]], [], None, SETTINGS, as_json=True) == 1

    told = json.loads(capfd.readouterr().out)
    assert told["whole"] is False
    assert [finding["problem"] for finding in told["findings"]] == ["changed"]
    line = int(told["findings"][0]["place"].rpartition(":")[2])
    assert b"dismissed" in files["audit"].read_bytes().splitlines()[line - 1]


def test_a_file_of_something_else_is_refused(made: Made, tmp_path: Path) -> None:
    files = made.write(tmp_path)

    with pytest.raises(FilesError, match="not a dump of"):
        verify([files["audit"]], [files["alerts"]], None, SETTINGS)
    with pytest.raises(FilesError, match="audit heads"):
        verify([files["audit"]], [], files["alerts"], SETTINGS)


def test_heads_are_read_from_the_state_and_kept_in_a_file(chain: list[bytes], redis_url: str, tmp_path: Path) -> None:
    partition = json.loads(chain[0])["partition"]
    written = Chain(partition)
    for entry in chain:
        written.append(json.loads(entry)["body"])
    Redis.from_url(redis_url).set(f"{{t.watch.{partition}}}chain", written.stored())
    settings = load_settings(redis_url=redis_url, namespace="t")

    heads = heads_in_redis(settings, [partition])

    (tmp_path / "heads.jsonl").write_bytes(b"\n".join(lines_of(heads)) + b"\n")
    (tmp_path / "cut.jsonl").write_bytes(b"\n".join(chain[:-1]) + b"\n")
    found = verify([tmp_path / "cut.jsonl"], [], tmp_path / "heads.jsonl", settings)
    assert [(f.problem, f.seq) for f in found.findings] == [("truncated", len(chain) - 1)]
