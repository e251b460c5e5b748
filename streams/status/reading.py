"""A look at the whole system: Kafka, Redis and the processes, each as far as it answers."""

import asyncio
import time
from collections.abc import Iterator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.errors import UnavailableError
from streams.names import EVENTS
from streams.presence import SILENT_SECONDS, places_of
from streams.settings import Settings
from streams.status.kafka_side import READ_BY, KafkaSide, KafkaView
from streams.status.local_side import LocalSide, read_local
from streams.status.redis_side import RedisSide, read_redis
from streams.status.state import PartitionState, Service, SystemState
from streams.store.connection import connect

PATIENCE_SECONDS = 6.0
BLIND_REDIS = (
    "Redis is away: positions, stops, outbox, models and policy are not known. Shown is what processes on this "
    "machine say (ports 9101 to 9104, or SELLERWATCH_METRICS_PORT and the three after it)"
)
BLIND_KAFKA = "Kafka is away: where topics end, and so the lag, is not known"


class Looks:
    """Takes looks over connections that it keeps."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kafka = KafkaView(settings)
        self._redis = connect(settings.redis_url.get_secret_value(), retries=False)

    async def look(self) -> SystemState:
        """How everything stands; what does not answer within some seconds is said to be away."""
        kafka, redis = await asyncio.gather(_kafka(self._kafka), _redis(self._redis, self._settings))
        return await _state(self._settings, kafka, redis)

    async def close(self) -> None:
        await self._redis.aclose()
        await asyncio.to_thread(self._kafka.close)


async def look(settings: Settings) -> SystemState:
    """One look by connections of its own; see `Looks.look`."""
    looks = Looks(settings)
    try:
        return await looks.look()
    finally:
        await looks.close()


async def _state(settings: Settings, kafka: KafkaSide, redis: RedisSide) -> SystemState:
    unseen = [BLIND_KAFKA] * (not kafka.service.up)
    local = LocalSide([], [])
    if not redis.service.up:
        unseen.append(BLIND_REDIS)
        local = await asyncio.to_thread(read_local, settings)
    now = time.time()
    partitions = list(_partitions(kafka, redis, now)) if redis.service.up else _with_ends(local.partitions, kafka)
    return SystemState(
        now,
        settings.namespace,
        kafka.service,
        redis.service,
        redis.workers or local.workers,
        partitions,
        redis.stopped,
        redis.outbox,
        redis.models,
        redis.policy,
        kafka.layout.get(EVENTS) or redis.partitions,
        unseen,
    )


async def _kafka(view: KafkaView) -> KafkaSide:
    try:
        return await asyncio.wait_for(asyncio.to_thread(view.look), PATIENCE_SECONDS)
    except UnavailableError as error:
        return KafkaSide(Service(up=False, text=str(error)))
    except TimeoutError:
        return KafkaSide(Service(up=False, text=f"no answer within {PATIENCE_SECONDS:.0f} s"))


async def _redis(client: Redis, settings: Settings) -> RedisSide:
    try:
        return await asyncio.wait_for(read_redis(client, settings), PATIENCE_SECONDS)
    except (RedisError, OSError) as error:
        text = str(error).rstrip(".") or "no answer in time"
        return RedisSide(Service(up=False, text=f"{settings.redis_place} does not answer: {text}"), None)


def _partitions(kafka: KafkaSide, redis: RedisSide, now: float) -> Iterator[PartitionState]:
    owned = places_of([one for one in redis.workers if now - one.told_at <= SILENT_SECONDS])
    known = dict.fromkeys((*sorted(kafka.ends), *sorted(redis.positions), *sorted(owned)))
    stages = {topic: stage for stage, topics in READ_BY.items() for topic in topics}
    for topic, partition in known:
        if topic not in stages:
            continue
        owner, place = owned.get((topic, partition), (None, None))
        position, end = redis.positions.get((topic, partition)), kafka.ends.get((topic, partition))
        begun = position if position is not None else kafka.begins.get((topic, partition))
        stopped = redis.stopped.get(f"{topic}/{partition}") or (place.stopped if place else None)
        yield PartitionState(
            stages[topic],
            topic,
            partition,
            position,
            end,
            max(end - begun, 0) if end is not None and begun is not None else None,
            place.age if place else None,
            owner.name if owner else "",
            stopped,
        )


def _with_ends(partitions: list[PartitionState], kafka: KafkaSide) -> list[PartitionState]:
    from msgspec.structs import replace

    return [replace(one, end=kafka.ends.get((one.topic, one.partition))) for one in partitions]
