"""Events through real workers on a real Kafka and a real Redis, and what comes out."""

import base64
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, cast

import pytest

from detectors.events import ActRecorded, LinkFound, ModelPublished, OrderPlaced, PaymentCaptured
from detectors.models.learners import COHORTS
from detectors.profiles.order_rows import decode_order_row
from detectors.profiles.profile import decode_profile
from sellerwatch.audit.heads import heads_in_redis
from sellerwatch.audit.verify import verify
from sellerwatch.evidence.verify_evidence import check, read
from simulator import simulate
from streams import names
from streams.acts import Act, record_act
from streams.intake import log_partition
from tests.chaos.reference import fold_partition
from tests.e2e.system import System, rows_of
from tests.upstream import event, line
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def running(system: System) -> System:
    """Intake, watch and learn, up; a second watch joins when half of a small marketplace has been fed."""
    events = list(simulate(seed=11, sellers=60, days=8).events())
    half, rest = len(events) // 2, len(events) * 3 // 4
    system.start("intake", "watch", "learn")
    system.feed(events[:half])
    system.start("watch2")
    system.feed(events[half:rest])
    wait_until(lambda: system.serves("watch2") and claims(system, "watch2") > 0, 60, "the second watch has its part")
    system.feed(events[rest:])
    system.feed(event(kind, seller_id="judged") for kind in ("verdict.given", "verdict.snoozed", "seller.banned"))
    opened = Act(
        act="seller.opened", actor="ann", role="lead", subject_kind="seller", subject="judged", seller_id="judged"
    )
    for act in (opened, Act(act="keys.rotated", actor="ann", role="admin", details={"keys": 2})):
        record_act(system.settings(), act)
    system.settle(120)
    return system


def claims(system: System, name: str) -> float:
    return system.metrics(name).get('sellerwatch_claims_total{stage="watch"}', 0.0)


PUBLISHED = 'sellerwatch_models_published_total{model="cohorts"}'


def rejected(system: System) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in system.read(names.REJECTED)]


def test_a_replay_of_the_log_gives_what_the_workers_gave_byte_for_byte(running: System, tmp_path: Path) -> None:
    assert claims(running, "watch2") > 0
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(value + b"\n" for _, value in running.read(names.EVENTS)))
    files = {topic: tmp_path / f"{topic}.jsonl" for topic in (names.ALERTS, names.DECISIONS, names.AUDIT)}
    options = zip(("--alerts", "--decisions", "--audit"), map(str, files.values()), strict=True)
    done = running.command("replay", str(log), *(word for option in options for word in option))
    assert done.returncode == 0, done.stderr

    for topic, id_of in ((names.DECISIONS, "event_id"), (names.ALERTS, "alert_id")):
        live = defaultdict(set)
        for _, value in running.read(topic):
            live[json.loads(value)[id_of]].add(value)
        replayed = {json.loads(value)[id_of]: {value} for value in files[topic].read_bytes().splitlines()}
        assert live == replayed
        assert live
    chain = files[names.AUDIT].read_bytes().splitlines()
    assert chains_of(running) == sorted(chain, key=lambda entry: json.loads(entry)["partition"])
    kinds = {json.loads(entry)["body"]["kind"] for entry in chain}
    assert {"alert.raised", "verdict.given", "verdict.snoozed", "seller.banned", "act.recorded"} <= kinds


def chains_of(system: System) -> list[bytes]:
    """The audit chains, one partition after the other, without what a worker has repeated."""
    return list(dict.fromkeys(value for _, value in system.read(names.AUDIT)))


def test_the_chains_are_whole_and_end_where_the_state_says(running: System) -> None:
    assert verify([], [], None, running.settings()).findings == []

    lengths = Counter(json.loads(entry)["partition"] for entry in chains_of(running))
    heads = heads_in_redis(running.settings(), range(running.partitions))
    assert {partition: head.entries for partition, head in heads.items()} == {p: lengths[p] for p in heads}


def test_an_alert_is_explained_and_packed_from_the_topics(running: System, tmp_path: Path) -> None:
    alert = json.loads(running.read(names.ALERTS)[-1][1])

    explained = running.command("explain", alert["evidence"]["events"][0])
    assert explained.returncode == 0, explained.stderr
    assert "byte for byte" in explained.stdout
    made = running.command("evidence", "--alert", alert["alert_id"], "-o", str(tmp_path / "pack.zip"))
    assert made.returncode == 0, made.stderr
    manifest = check(read(tmp_path / "pack.zip"))
    assert manifest["recomputed"] is True
    wait_until(lambda: manifest["hash"].encode() in b"".join(chains_of(running)), 30, "that it was packed is chained")


def test_the_log_holds_every_accepted_event_once(running: System) -> None:
    fed = {json.loads(value)["event_id"] for topic in names.UPSTREAM for _, value in running.read(topic)}
    refused = {json.loads(base64.b64decode(r["original"]))["event_id"] for r in rejected(running)}
    logged = [r.event_id for r in running.log() if r.seller_id and not isinstance(r.body, LinkFound | ActRecorded)]

    assert sorted(logged) == sorted(fed - refused)


def test_no_personal_value_is_behind_intake(running: System) -> None:
    personal = set()
    for topic in ("orders", "payments", "sellers"):
        for _, value in running.read(topic):
            fields = json.loads(value)
            personal |= {
                fields.get(name) for name in ("email", "phone", "ip", "payout_account", "instrument", "buyer_id")
            }
    personal.discard(None)
    behind = [
        value
        for topic in (names.EVENTS, names.DECISIONS, names.ALERTS, names.TRAINING)
        for _, value in running.read(topic)
    ]
    client = running.redis()
    for key in client.scan_iter(count=1_000):
        behind.append(cast(bytes, key))
        if client.type(key) == b"string":
            behind.append(cast(bytes, client.get(key)))
    behind += [path.read_bytes() for path in running.logs.glob("*.log")]
    everything = b"\n".join(behind)

    assert len(personal) > 500
    assert [value for value in sorted(personal)[::5] if str(value).encode() in everything] == []


def test_an_event_that_waits_twice_changes_its_seller_once(running: System) -> None:
    running.feed([event("payment.captured", event_id="waits-twice", order_id="awaited", seller_id=None)])

    def waiting() -> list[Any]:
        return [record for record in running.records(names.WAITING) if b"waits-twice" in record.value]

    wait_until(lambda: bool(waiting()), 20, "the payment waits")
    left_behind = waiting()[0]
    running.feed([event("order.placed", order_id="awaited", seller_id="awaited-shop")])
    running.settle()
    running.feed(event("order.placed", order_id=f"a{n}", seller_id="awaited-shop") for n in range(300))
    running.settle()
    key = next(key for key in running.redis().scan_iter("*s:awaited-shop"))
    profile = running.redis().get(key)

    # As a worker leaves it that ended between sending it to wait and noting that.
    running.send(names.WAITING, left_behind.value, headers=left_behind.headers, partition=left_behind.partition)
    running.settle()

    assert [r.by_order for r in running.log() if r.event_id == "waits-twice"] == [True, True]
    assert running.redis().get(key) == profile


def test_models_are_published_and_scored_with(running: System) -> None:
    orders = (
        event(
            "order.placed",
            order_id=f"m{n}",
            buyer_id=f"b{n}",
            seller_id=f"peer-{n % 400}",
            amount_minor=2_000 + n % 900,
        )
        for n in range(6_000)
    )
    running.feed(orders)
    wait_until(lambda: running.metrics("learn").get(PUBLISHED, 0) > 0, 60, "learn has published")
    running.feed([event("order.placed", event_id=f"scored-{n}", seller_id=f"peer-{n}") for n in range(8)])
    running.settle()

    decisions = [json.loads(value) for _, value in running.read(names.DECISIONS)]
    versions = {d["versions"]["model"] for d in decisions if d["event_id"].startswith("scored-")}
    assert len(versions) == 1
    assert versions.pop().startswith("cohorts-")


def test_a_version_of_the_models_is_put_back_and_held_until_it_is_released(running: System) -> None:
    def published() -> list[str]:
        return [r.body.version for r in running.log() if isinstance(r.body, ModelPublished) and r.body.model == COHORTS]

    def held() -> bool:
        return "held" in running.command("models", "list").stdout

    wait_until(lambda: bool(published()), 60, "learn has published")
    before = published()
    asked = running.command("models", "rollback", before[0])
    assert asked.returncode == 0, asked.stderr
    wait_until(lambda: len(published()) > len(before), 30, "the version stands in the log again")
    assert set(published()[len(before) :]) == {before[0]}
    wait_until(held, 30, "newer ones do not follow")
    assert any(b'"model.rollback"' in entry and before[0].encode() in entry for entry in chains_of(running))
    assert running.command("models", "release", COHORTS).returncode == 0
    wait_until(lambda: not held(), 30, "newer ones follow again")

    unknown = running.command("models", "rollback", "cohorts-of-nobody")
    assert unknown.returncode == 2
    assert "models list" in unknown.stderr


MALFORMED = {
    "not_json": [b"{", b"\xff\xfe", b"", b'{"event_id": NaN}', b"[" * 50_000],
    "too_large": [b" " * 70_000],
    "unknown_type": [line("order.returned")],
    "missing_field": [line("order.placed", seller_id=None)],
    "wrong_type": [line("order.placed", amount_minor="free"), line("order.placed").replace(b"2500", b"9" * 400)],
    "bad_time": [line("order.placed", event_time="2026-03-01T12:00:00")],
}


def test_what_cannot_be_read_is_kept_with_its_reason_and_its_neighbours_go_on(running: System) -> None:
    good = event("order.placed", event_id="between-the-bad", order_id="between", seller_id="malformed-shop")
    running.send("orders", *(value for values in MALFORMED.values() for value in values), partition=0)
    running.send("orders", b" " * 900_000, None, key=b"k" * 20_000, partition=0)
    running.send("orders", json.dumps(good).encode(), partition=0)
    running.settle()

    found = [r for r in rejected(running) if r["topic"] == "orders"]
    kept = {(r["reason"], base64.b64decode(r["original"])) for r in found}
    assert kept >= {(reason, value) for reason, values in MALFORMED.items() for value in values}
    assert ("too_large", b" " * 600_000) in kept, "of one too large to keep, the beginning is kept"
    assert [r.event_id for r in running.log() if r.seller_id == "malformed-shop"] == ["between-the-bad"]


def test_a_payment_that_comes_before_its_order_waits_for_it(running: System) -> None:
    payment = event("payment.captured", order_id="late-order", seller_id=None)
    running.feed([payment])
    wait_until(lambda: sum(running.ends(names.WAITING).values()) > 0, 20, "the payment waits")
    running.feed([event("order.placed", order_id="late-order", seller_id="late-shop")])

    def logged() -> list[type]:
        return [type(r.body) for r in running.log() if r.seller_id == "late-shop"]

    wait_until(lambda: len(logged()) == 2, 20, "the payment has found its order")
    assert logged() == [OrderPlaced, PaymentCaptured]


def test_a_second_event_with_the_same_id_changes_nothing(running: System) -> None:
    order = event("order.placed", event_id="twice", order_id="twice", seller_id="twice-shop")
    running.feed([order])
    running.settle()
    key = next(key for key in running.redis().scan_iter("*s:twice-shop"))
    profile = running.redis().get(key)

    running.feed([order])
    running.settle()

    assert running.redis().get(key) == profile
    assert [json.loads(v)["event_id"] for _, v in running.read(names.DECISIONS)].count("twice") == 1


def test_a_bad_deploy_upstream_stops_its_partition_until_a_person_lets_it_go_on(running: System) -> None:
    bad = [json.dumps(event("order.placed", amount_minor="free")).encode() for _ in range(150)]
    running.send("reviews", *bad, partition=1)
    running.send("reviews", line("review.left", event_id="after-the-bad", seller_id="reviewed"), partition=1)

    wait_until(
        lambda: "reviews/1" in running.command("partitions", "list").stdout, 30, "the partition has stopped", pause=1.0
    )
    assert sum(r["topic"] == "reviews" for r in rejected(running)) == 101
    assert running.command("partitions", "resume", "reviews/9").returncode == 2

    assert running.command("partitions", "resume", "reviews/1", "--tolerate", "1000").returncode == 0

    wait_until(
        lambda: any(r.event_id == "after-the-bad" for r in running.log()), 30, "the partition goes on", pause=1.0
    )
    assert sum(r["topic"] == "reviews" for r in rejected(running)) == 150


def test_a_seller_is_erased_at_a_record_of_the_log_and_a_replay_erases_it_there_too(running: System) -> None:
    sold = Counter(record.seller_id for record in running.log() if isinstance(record.body, OrderPlaced))
    seller = sold.most_common(1)[0][0]
    disputed = next(r.body.order_id for r in running.log() if r.seller_id == seller and isinstance(r.body, OrderPlaced))
    partition = log_partition(seller, running.partitions)

    mistyped = running.command("erase", "--seller", f"{seller}x", "--yes")
    done = running.command("erase", "--seller", seller, "--yes", "--wait", "60", "--json")
    running.feed([event("payment.disputed", seller_id=seller, order_id=disputed)])
    running.settle()

    assert (mistyped.returncode, seller in mistyped.stderr) == (2, True)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = [(r.offset, r.value) for r in running.records(names.EVENTS) if r.partition == partition]
    expected, stored = fold_partition(partition, lines, running.settings()), running.stored(partition)
    assert stored.profiles == expected.profiles
    left = decode_profile(stored.profiles[seller])
    assert (left.orders, left.disputes, left.erased_at > 0) == (0, 1, True)
    assert seller not in {decode_order_row(row).seller_id for row in stored.rows.values()}
    assert seller in {decode_order_row(row).seller_id for row in expected.rows.values()}, (
        "a replay keeps what it ignores"
    )
    assert not any(row.order_id == disputed and row.label for row in rows_of(running))
