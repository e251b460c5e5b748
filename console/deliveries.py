"""Where an alert is on its way to the webhook, as the outbox in Redis says."""

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from detectors.decision import Alert
from detectors.events import SECOND, Micros
from streams.delivery.queued_alert import Tries
from streams.upstream import micros_of

if TYPE_CHECKING:
    from console.state import Console

EARLIER_MS: Final = 60_000
LOOKED_THROUGH: Final = 500
"""Entries of each partition's outbox that are looked through, from a minute before the alert was raised."""
PATIENCE_SECONDS: Final = 1.0


class Delivery(Struct, frozen=True):
    """`waiting` for a first or another try, `dead`, `unknown` (Redis is away), `crowded`, or `gone`.

    `crowded`: so many wait that it may be among them. `gone`: taken by the webhook, or discarded.
    """

    state: str
    tries: Tries = Tries()
    reason: str = ""
    due: Micros | None = None
    """When it is tried again."""


async def delivery_of(console: "Console", alert: Alert) -> Delivery:
    """Finds the alert in the outbox of the log's partitions."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _find(console, alert)
    except (RedisError, OSError, TimeoutError):
        return Delivery("unknown")


async def _find(console: "Console", alert: Alert) -> Delivery:
    redis, namespace = console.redis, console.settings.namespace
    partitions = int(await redis.get(f"{{{namespace}.layout}}partitions") or 0)
    since, wanted = max(micros_of(alert.raised_at) // 1_000 - EARLIER_MS, 0), alert.alert_id.encode()
    pipeline = redis.pipeline(transaction=False)
    for partition in range(partitions):
        for name in ("out", "dead"):
            pipeline.xrange(f"{{{namespace}.watch.{partition}}}{name}", min=since, count=LOOKED_THROUGH)
    replies = await pipeline.execute()
    for number, entries in enumerate(replies):
        for entry, fields in entries:
            if wanted in fields.get(b"alert", b""):
                partition, dead = divmod(number, 2)
                return await _told(console, f"{{{namespace}.watch.{partition}}}", entry, fields, bool(dead))
    return Delivery("crowded" if any(len(entries) == LOOKED_THROUGH for entries in replies) else "gone")


async def _told(console: "Console", tag: str, entry: bytes, fields: dict[bytes, bytes], dead: bool) -> Delivery:
    if dead:
        tries = msgspec.json.decode(fields.get(b"tries", b"[]"), type=Tries)
        return Delivery("dead", tries, fields.get(b"reason", b"").decode(errors="replace"))
    stored = await console.redis.hget(f"{tag}tries", entry)
    due = await console.redis.zscore(f"{tag}retry", entry)
    tries = msgspec.json.decode(stored, type=Tries) if isinstance(stored, bytes) else Tries()
    return Delivery("waiting", tries, due=int(due * SECOND) if due else None)
