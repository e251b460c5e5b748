"""A person stops a partition, its owner heeds that, and another lets it go on; each is recorded."""

import redis.asyncio

from streams.kafka.poll import Claim, Partition
from streams.refused.stops import Stops
from tests.sellerwatch.operate.conftest import Ground


def test_a_partition_is_stopped_with_a_reason_and_let_go_on(ground: Ground) -> None:
    assert ground.run("partitions", "stop", "orders/1", "--reason", "bad prices").exit_code == 2  # nobody to ask
    assert ground.told("partitions", "list") == []

    assert ground.run("partitions", "stop", "orders/1", "--reason", "bad prices", "--yes").exit_code == 0
    assert ground.told("partitions", "list") == [{"partition": "orders/1", "reason": "by hand: bad prices"}]
    assert not ground.told("partitions", "stop", "orders/1", "--reason", "again", "--yes")["stopped"]

    assert ground.told("partitions", "resume", "orders/1", "--tolerate", "7")["resumed"]
    assert ground.redis.hget("{sw.stops}tolerated", "orders/1") == b"7"
    assert [(act["act"], act["subject"]) for act in ground.acts()] == [
        ("partition.stopped", "orders/1"),
        ("partition.resumed", "orders/1"),
    ]


def test_a_mistyped_partition_does_nothing(ground: Ground) -> None:
    ground.run("partitions", "stop", "orders/1", "--reason", "bad prices", "--yes")

    for words in (["stop", "ordres/1", "--reason", "x", "--yes"], ["stop", "sellerwatch.training/0", "--reason", "x"]):
        assert "no partition" in ground.run("partitions", *words).output
    resumed = ground.run("partitions", "resume", "orders/0")

    assert (resumed.exit_code, "did you mean orders/1" in resumed.output) == (2, True)
    assert len(ground.acts()) == 1
    assert len(ground.told("partitions", "list")) == 1


async def test_an_owner_heeds_a_stop_and_its_end_within_its_next_look(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        stops, claim = Stops(client, "sw", "intake"), Claim(Partition("orders", 1), 1, "", 5)
        other = Claim(Partition("orders", 2), 1, "", 5)

        assert await stops.heed([claim, other]) == []
        await stops.ask("orders/1", "by hand: bad prices")
        assert await stops.heed([claim, other]) == []
        assert (claim.stopped, other.stopped) == ("by hand: bad prices", None)

        await stops.resume("orders/1", 0)
        assert await stops.heed([claim, other]) == [claim]


async def test_what_stops_for_another_reason_is_not_let_go_on(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        claim = Claim(Partition("orders", 1), 1, "", 5, stopped="the log was truncated")

        assert await Stops(client, "sw", "watch").heed([claim]) == []
