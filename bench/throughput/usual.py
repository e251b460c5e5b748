"""The same detection in the usual style: stock Faust, an event at a time, awaited Redis.

This is what Sellerwatch is measured against: the fold's own detectors, run for one record at once,
between a read and a write of the seller's profile, as the examples of the libraries do it. Its state
is not exactly-once. With `judge=False` it only decodes, reads and writes: what the style costs alone.
"""

import asyncio
import sys
import tempfile
from typing import cast

import faust
from redis.asyncio import Redis

from detectors.alert_policy import Policy
from detectors.decision import encode_alert, encode_decision
from detectors.events import ModelPublished, decode_record
from detectors.fold import encode_order_row, fold
from detectors.profiles.profile import Profile, decode_profile, encode_profile
from streams import names
from streams.models.snapshots import ModelShelf

APPLIED = "applied"
"""Redis key of the number of records done, for whoever measures; written now and then."""
TELL_SECONDS = 0.02


def app(broker: str, redis_url: str, group: str, *, judge: bool) -> faust.App:
    """The app, reading the log from its start."""
    made = faust.App(
        group,
        broker=f"kafka://{broker}",
        value_serializer="raw",
        key_serializer="raw",
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=tempfile.gettempdir(),  # nothing is kept there, but a folder is made
        web_enabled=False,
        stream_wait_empty=False,
    )
    redis = Redis.from_url(redis_url)
    shelf = ModelShelf(None)
    policy, models = Policy(), shelf.prior
    decisions, alerts = made.topic(names.DECISIONS), made.topic(names.ALERTS)
    done = 0

    @made.agent(made.topic(names.EVENTS))
    async def watch(stream: faust.StreamT) -> None:
        nonlocal done, models
        async for value in stream:
            record = decode_record(value)
            done += 1
            if isinstance(record.body, ModelPublished):
                models = shelf.take(models, record.body) or models
            seller = record.seller_id
            if not seller:
                continue
            stored = await redis.get(f"s:{seller}")
            sellers = {seller: decode_profile(cast(bytes, stored))} if stored else {}
            if judge:
                effects = fold([record], [0], sellers, {}, models, policy)
                for decision in effects.decisions:
                    await decisions.send(key=seller.encode(), value=encode_decision(decision))
                for alert in effects.alerts:
                    await alerts.send(key=seller.encode(), value=encode_alert(alert))
                for order, row in effects.order_rows.items():
                    await redis.set(f"o:{order}", encode_order_row(row))
            await redis.set(f"s:{seller}", encode_profile(sellers.get(seller) or Profile()))

    @made.task
    async def tell() -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            await redis.set(APPLIED, done)

    return made


if __name__ == "__main__":
    broker, redis_url, group, judge = sys.argv[1:5]

    async def main() -> None:
        await app(broker, redis_url, group, judge=judge == "judge").start()
        await asyncio.Event().wait()

    asyncio.run(main())
