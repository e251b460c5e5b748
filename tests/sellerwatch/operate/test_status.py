"""One screen tells how all of it stands; half of it where Kafka or Redis is away, and says so."""

import time
from typing import Any

import msgspec
import pytest

from detectors.events import ModelPublished, PolicyPublished
from sellerwatch.embedded.processes import free_port
from streams import names
from streams.presence import Place, Presence, Told, presence_key
from streams.status.redis_side import lowest_marks, version_in
from tests.sellerwatch.operate.conftest import PARTITIONS, Ground

encode = msgspec.msgpack.encode


def present(ground: Ground, stage: str, *places: Place, ago: float = 0.0, ready: bool = True) -> None:
    """A process that has told of itself."""
    told = Told({"redis": ready}, list(places))
    one = Presence(stage, "host", 7, "0.1.0", 9101, time.time() - 100, time.time() - ago, told)
    ground.redis.hset(presence_key("sw"), one.name, encode(one))


def running(ground: Ground) -> None:
    """A system in which all is well: three records in log partition 0, applied."""
    ground.send(names.EVENTS, b"a", b"b", b"c")
    ground.redis.set("{sw.layout}partitions", PARTITIONS)
    ground.redis.hset("{sw.watch.0}owner", mapping={"token": "t", "position": 3})
    model = ModelPublished("cohorts", "cohorts-17", b"x" * 10_000)
    ground.redis.mset({f"{{sw.watch.{p}}}model": encode(model) for p in range(PARTITIONS)})
    ground.redis.set("{sw.watch.0}policy", encode(PolicyPublished("p-3", b"y" * 300)))
    present(ground, "intake", *(Place(topic, p, 0, 0.1) for topic in names.UPSTREAM for p in range(PARTITIONS)))
    present(ground, "watch", Place(names.EVENTS, 0, 3, 0.1), Place(names.EVENTS, 1, 0, 0.1))
    present(ground, "learn", Place(names.TRAINING, 0, 0, 0.1))
    present(ground, "dispatch")


def partition(state: Any, name: str) -> dict[str, Any]:
    (found,) = (one for one in state["partitions"] if f"{one['topic']}/{one['partition']}" == name)
    return dict(found)


def test_all_of_it_stands_on_one_screen(ground: Ground) -> None:
    running(ground)

    result = ground.run("status")

    assert result.exit_code == 0, result.output
    assert "nothing needs a person" in result.stdout
    assert "cohorts-17" in result.stdout
    assert "p-3 in 1 of 2" in result.stdout
    assert len(result.stdout.splitlines()) <= 40


def test_positions_ends_and_owners_are_told_of_each_partition(ground: Ground) -> None:
    running(ground)

    state = ground.told("status")

    first = partition(state, "sellerwatch.events/0")
    assert (first["position"], first["end"], first["lag"], first["owner"]) == (3, 3, 0, "watch@host:7")
    assert state["models"] == {"cohorts": {"cohorts-17": 2}}
    assert state["needs"] == []


def test_a_partition_that_nobody_owns_or_that_stands_still_needs_a_person(ground: Ground) -> None:
    running(ground)
    ground.redis.hset("{sw.watch.0}owner", "position", 1)
    present(ground, "watch", Place(names.EVENTS, 0, 1, 500.0))
    ground.send(names.EVENTS, b"d", partition=1)

    result = ground.run("status")

    assert result.exit_code == 1
    assert "sellerwatch.events/0 has not advanced for 0:08:20" in result.stdout
    assert "sellerwatch.events/1 is 1 records behind and nobody owns it" in result.stdout


def test_a_stage_that_has_fallen_silent_a_stop_and_dead_alerts_need_a_person(ground: Ground) -> None:
    running(ground)
    present(ground, "dispatch", ago=300)
    ground.redis.hset("{sw.stops}stopped", "orders/1", "more than 100 events in a row were refused")
    ground.redis.xadd("{sw.watch.1}dead", {"alert": "{}"})

    needs = " ".join(ground.told("status")["needs"])

    assert "no process of dispatch" in needs
    assert "sellerwatch partitions resume orders/1" in needs
    assert "1 alerts were given up" in needs


def test_without_redis_what_kafka_says_is_shown_and_what_is_not_known_is_said(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", f"redis://user:swordfish@127.0.0.1:{free_port()}/0")

    result = ground.run("status")

    assert result.exit_code == 1
    assert "bring Redis back" in result.stdout
    assert "positions, stops, outbox" in result.stdout
    assert "topics in order, 2 partitions" in result.stdout
    assert "swordfish" not in result.output


def test_without_kafka_what_redis_says_is_shown(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    running(ground)
    monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", f"127.0.0.1:{free_port()}")
    monkeypatch.delenv("SELLERWATCH_KAFKA_API_VERSION")

    state = ground.told("status")

    assert not state["kafka"]["up"]
    assert partition(state, "sellerwatch.events/0")["position"] == 3
    assert partition(state, "sellerwatch.events/0")["lag"] is None
    assert state["needs"] == ["bring Kafka back: the stages wait and lose nothing"]


def test_the_version_is_read_off_the_beginning_of_what_was_published() -> None:
    model, policy = ModelPublished("risk", "risk-9", b"x" * 500), PolicyPublished("p-1", b"z" * 70_000)

    assert version_in(encode(model)[:400]) == "risk-9"
    assert version_in(encode(policy)[:400]) == "p-1"
    assert version_in(b"") is None
    assert version_in(b"\x84rubbish\xa8snapshot") is None


def test_a_source_is_as_far_as_the_shard_that_is_furthest_behind() -> None:
    shards = [{b"orders/0": b"7", b"orders/0#": b"nonce", b"orders/1": b"3"}, {b"orders/0": b"5"}]

    assert lowest_marks(shards) == {("orders", 0): 5}
