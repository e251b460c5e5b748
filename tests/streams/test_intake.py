"""Whatever instant intake is cut off at, an event is in the log, waits, or is refused: never nowhere."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from detectors.events import Record, decode_record
from streams import names
from streams.app import App
from streams.intake import Intake
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.privacy import HashKey, Pseudonyms
from streams.refused.stops import Stops
from streams.store.connection import connect, load_scripts
from streams.store.entities import RedisEntities
from tests.upstream import line

GENERATION = 1


class Topics:
    """A producer that keeps what it is given; a topic that is `away` takes nothing."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Outgoing]] = {}
        self.away: set[str] = set()

    async def send_batches(self, batches: Mapping[tuple[str, int], Sequence[Outgoing]]) -> None:
        await asyncio.gather(*(self._send(topic, records) for (topic, _), records in batches.items()))

    async def _send(self, topic: str, records: Sequence[Outgoing]) -> None:
        if topic in self.away:
            await asyncio.Event().wait()
        self.sent.setdefault(topic, []).extend(records)

    def log(self) -> list[Record]:
        return [decode_record(outgoing.value) for outgoing in self.sent.get(names.EVENTS, [])]


class Worker:
    """Intake on a real Redis, with everything around it made up."""

    def __init__(
        self, redis: Redis, topics: Topics, *, wait_seconds: float = 600, pseudonyms: Pseudonyms | None = None
    ) -> None:
        self.claims: dict[Partition, Claim] = {}
        self.intake = Intake(
            RedisEntities(redis, "t", lifetime=1_000),
            pseudonyms or Pseudonyms([HashKey("k1", b"a key for hashes of tests")]),
            Stops(redis, "t", "intake"),
            wait_seconds=wait_seconds,
            log_partitions=1,
            rejected_partitions=1,
            waiting_partitions=1,
        )
        consumer = SimpleNamespace(claims=self.claims)
        app = SimpleNamespace(consumer=consumer, producer=topics, consumer_generation_id=GENERATION)
        self.intake.app = cast(App, app)

    async def read(self, topic: str, *values: bytes) -> None:
        """Claims the topic's only partition, and works off what of `values` comes next."""
        claim = await self.intake.claim(Partition(topic, 0), GENERATION)
        assert claim is not None
        claim.position = max(claim.position, 0)
        self.claims[claim.partition] = claim
        records = [Source(offset, value) for offset, value in enumerate(values) if offset >= claim.position]
        part = Part(claim.partition, claim.position, len(values), len(values), cast(Any, records))
        await self.intake.process(Poll(GENERATION, (part,)))

    async def read_and_lose(self, topic: str, *values: bytes) -> None:
        """The same, but the partition is lost while Kafka does not take all of it."""
        reading = asyncio.create_task(self.read(topic, *values))
        await asyncio.sleep(0.3)
        for claim in self.claims.values():
            claim.live = False
        await reading


class Source(SimpleNamespace):
    """A record of a source topic."""

    def __init__(self, offset: int, value: bytes) -> None:
        super().__init__(offset=offset, value=value, key=None, headers=(), timestamp=0)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    redis = connect(redis_url)
    await load_scripts(redis, stage="intake")
    yield redis
    await redis.aclose()


def applied(topics: Topics) -> list[str]:
    """The events that watch would take in, in order."""
    marks = Marks()
    return [record.event_id for record in topics.log() if marks.advance(record.source)]


async def test_refusals_that_a_person_has_accepted_are_accepted_once(redis: Redis) -> None:
    stops, bad = Stops(redis, "t"), line("order.placed", amount_minor="free")
    await stops.stop(Claim(Partition("orders", 0), GENERATION, "", 0), "too many")
    await stops.resume("orders/0", tolerate=3)

    await Worker(redis, Topics()).read("orders", bad, bad)

    assert await stops.tolerated("orders/0", lambda: True) == 1


PAYMENTS = (
    line("payment.captured", event_id="by-order", seller_id=None, order_id="late"),
    line("payment.captured", event_id="by-seller", seller_id="shop", order_id="other"),
)
ORDER = line("order.placed", event_id="order", order_id="late", seller_id="shop")


@pytest.mark.parametrize("away", [names.WAITING, names.EVENTS])
async def test_a_payment_whose_order_comes_while_its_worker_is_cut_off_is_not_lost(redis: Redis, away: str) -> None:
    topics = Topics()
    topics.away = {away}
    await Worker(redis, topics).read_and_lose("payments", *PAYMENTS)
    topics.away = set()

    another = Worker(redis, topics)
    await another.read("orders", ORDER)
    await another.read("payments", *PAYMENTS)

    assert {"by-seller", "order"} <= set(applied(topics))
    assert "by-order" in applied(topics) or topics.sent.get(names.WAITING)


async def test_a_payment_that_was_to_be_refused_is_refused_or_found_when_its_worker_is_cut_off(redis: Redis) -> None:
    topics = Topics()
    topics.away = {names.REJECTED}
    await Worker(redis, topics, wait_seconds=-1).read_and_lose("payments", *PAYMENTS)
    topics.away = set()

    another = Worker(redis, topics, wait_seconds=-1)
    await another.read("orders", ORDER)
    await another.read("payments", *PAYMENTS)

    assert "by-order" in applied(topics) or topics.sent.get(names.REJECTED)
