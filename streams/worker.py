"""Runs one stage: builds its parts from the settings, and ends it cleanly.

A stage's own modules are imported when it is built: river and numpy take watch and learn a second and 100 MB
that intake and dispatch need not spend.
"""

import asyncio
import gc
import os
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from redis.asyncio import Redis

from detectors.events import SECOND
from streams import metrics, names
from streams.errors import SettingsError, UnavailableError
from streams.health import Health, HealthServer
from streams.presence import Announcer, Place, Told
from streams.settings import Settings
from streams.store.connection import Lost, connect, load_scripts, of_each_server, patiently
from streams.topics import Layout, read_layout

if TYPE_CHECKING:
    from detectors.alert_policy import Policy
    from streams.app import App, Stage
    from streams.screening.facts import Screening

log = structlog.get_logger()

KAFKA_PAUSE_SECONDS = 1.0
PORTS = {"intake": 9101, "watch": 9102, "learn": 9103, "dispatch": 9104}


async def run_stage(name: str, settings: Settings, stop: asyncio.Event, *, started: Callable[[int], None]) -> int:
    """Runs a stage until `stop` is set; the process's exit code.

    Args:
        started: Told the port of the listener once it is up.

    Raises:
        SettingsError: The settings, the topics or Redis are not fit for the stage.
    """
    metrics.prepare(name)
    layout = await _layout(settings, stop)
    if layout is None:
        return 0
    layout.check()
    redis = connect(settings.redis_url.get_secret_value())
    try:
        await _check_redis(redis, settings, layout, name, lambda: not stop.is_set())
        if name == "dispatch":
            return await _dispatch(redis, settings, layout, stop, started)
        from streams.app import run

        app = _app(_stage(name, redis, settings, layout), settings)
        server = HealthServer(settings.metrics_host, _port(name, settings), lambda: look(app))
        port = await _listen(server, settings, name)
        started(port)
        presence = _present(redis, settings, name, port, lambda: told(app))
        gc.freeze()  # what is loaded by now stays: full collections need not walk it again and again
        gc.set_threshold(50_000, 50, 100)
        try:
            return await run(app, stop)
        finally:
            await _leave(presence)
            await server.stop()
    except Lost:  # told to stop while Redis was still away
        return 0
    finally:
        await redis.aclose()


async def _layout(settings: Settings, stop: asyncio.Event) -> Layout | None:
    """The topics, as soon as a broker answers; `None`: told to stop before that."""
    while not stop.is_set():
        try:
            return await asyncio.to_thread(read_layout, settings)
        except UnavailableError as error:
            log.warning("kafka_unavailable", error=str(error))
            await asyncio.wait([asyncio.ensure_future(stop.wait())], timeout=KAFKA_PAUSE_SECONDS)
    return None


def _stage(name: str, redis: Redis, settings: Settings, layout: Layout) -> "Stage":
    from streams.refused.stops import Stops

    _check_keys(settings)
    if name == "intake":
        from streams.intake import Intake
        from streams.privacy import Pseudonyms
        from streams.store.entities import RedisEntities

        return Intake(
            RedisEntities(redis, settings.namespace, lifetime=int(settings.entity_lifetime.total_seconds())),
            Pseudonyms(settings.hashing(), settings.exchanging()),
            Stops(redis, settings.namespace, name),
            wait_seconds=settings.wait_for_order.total_seconds(),
            log_partitions=layout.log,
            rejected_partitions=layout.partitions[names.REJECTED],
            waiting_partitions=layout.partitions[names.WAITING],
            screening=_screening(settings),
        )
    from streams.store.partition import PartitionStore

    store = PartitionStore(redis, settings.namespace, name, outbox_limit=settings.outbox_limit)
    if name == "watch":
        from streams.models.snapshots import ModelShelf
        from streams.watch import Watch

        shelf = ModelShelf(settings.signing())
        stops = Stops(redis, settings.namespace, name)
        from streams.policy.published import PolicyShelf

        policies = PolicyShelf(settings.signing(), usual_policy(settings))
        return Watch(store, shelf, stops, policies, cached_profiles=settings.cached_profiles)
    from detectors.models.learners import Learners
    from streams.learn import Learn

    interval = int(settings.publish_interval.total_seconds()) * SECOND
    return Learn(store, lambda: Learners.new(interval), settings.signing(), log_partitions=layout.log)


def _screening(settings: Settings) -> "Screening | None":
    from streams.screening.facts import Screening

    screening = Screening.load(settings.screening_lists)
    if screening is not None:
        log.info("screening_lists_read", names=len(screening.lists), version=screening.lists.version)
    return screening


def usual_policy(settings: Settings) -> "Policy":
    """The alert policy that the settings ask for, in force until one is published."""
    from detectors.alert_policy import Policy
    from streams.lexicons import lexicon_of

    quiet = int(settings.quiet_period.total_seconds()) * SECOND
    return Policy(line=settings.alert_threshold, quiet_period=quiet, lexicon=lexicon_of(settings.lexicons))


def _app(stage: "Stage", settings: Settings) -> "App":
    from streams.app import build_app

    tls = None
    if settings.kafka_security.endswith("SSL"):
        tls = ssl.create_default_context(cafile=str(settings.kafka_ca_file) if settings.kafka_ca_file else None)
    return build_app(
        stage,
        brokers=settings.kafka_brokers,
        group=f"{settings.namespace}-{stage.name}",
        max_poll_records=settings.max_poll_records,
        session_timeout=settings.session_timeout.total_seconds(),
        credentials=_credentials(settings, tls),
        tls=tls,
    )


def _credentials(settings: Settings, tls: ssl.SSLContext | None) -> Any:
    import faust

    if settings.kafka_security.startswith("SASL") and settings.kafka_password is not None:
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=tls,
        )
    return faust.SSLCredentials(context=tls) if tls else None


def _check_keys(settings: Settings) -> None:
    if not settings.hash_keys:
        raise SettingsError("SELLERWATCH_HASH_KEYS: set at least one `id:secret`; personal values are hashed with it")
    if not settings.model_keys:
        raise SettingsError("SELLERWATCH_MODEL_KEYS: set at least one secret; model snapshots are signed with it")


async def _check_redis(redis: Redis, settings: Settings, layout: Layout, name: str, alive: Callable[[], bool]) -> None:
    """Refuses a Redis that may throw state away, and a log whose partition count has changed."""
    await load_scripts(redis, stage=name, alive=alive)
    memory = partial(redis.info, "memory")
    infos = await patiently(redis, lambda: of_each_server(redis, memory), stage=name, alive=alive)
    for server, info in infos.items():
        policy = info.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise SettingsError(
                f"Redis {server or settings.redis_place} evicts keys (maxmemory-policy {policy}), watermarks among "
                "them; set `maxmemory-policy noeviction`"
            )
    key = f"{{{settings.namespace}.layout}}partitions"
    await patiently(redis, lambda: redis.setnx(key, layout.log), stage=name, alive=alive)
    stored = await patiently(redis, lambda: redis.get(key), stage=name, alive=alive)
    if stored is not None and int(stored) != layout.log:
        raise SettingsError(
            f"{names.EVENTS} has {layout.log} partitions, but its state in Redis was built with {int(stored)}: sellers "
            "would change partition. Give the topic its partitions back; see docs/operations.md"
        )


def _port(name: str, settings: Settings) -> int:
    return PORTS[name] if settings.metrics_port is None else settings.metrics_port


async def _listen(server: HealthServer, settings: Settings, name: str) -> int:
    try:
        return await server.start()
    except OSError as error:
        where = f"{settings.metrics_host}:{_port(name, settings)}"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise SettingsError(
            f"cannot listen on {where} for /metrics ({reason}); set SELLERWATCH_METRICS_PORT to another port, 0 for any"
        ) from None


def look(app: "App") -> Health:
    """How a stage on Kafka is doing."""
    from streams.app import consumer_of

    consumer = consumer_of(app)
    assigned = consumer.owned()
    claims = list(consumer.claims.values())
    return Health(
        alive={"running": not app.ended.is_set(), "heartbeat": consumer.heard_from()},
        ready={
            "joined": app.consumer_generation_id > 0,  # with no partition left for it, a worker is a ready stand-by
            "claimed": len(claims) >= len(assigned),
            "redis": metrics.REDIS_UP._value.get() == 1,
            "not_stopped": all(claim.stopped is None for claim in claims),
        },
    )


def told(app: "App") -> Told:
    """What the process says of itself: `look`, and the partitions in its hands."""
    from streams.app import consumer_of

    consumer = consumer_of(app)
    places = [
        Place(*claim.partition, claim.position, consumer.age_of(claim.partition), claim.stopped)
        for claim in list(consumer.claims.values())
        if claim.live
    ]
    return Told(look(app).ready, places)


def _present(redis: Redis, settings: Settings, name: str, port: int, say: Callable[[], Told]) -> "asyncio.Task[None]":
    return asyncio.create_task(Announcer(redis, settings.namespace, name, port, say).run())


async def _leave(presence: "asyncio.Task[None]") -> None:
    presence.cancel()
    await asyncio.wait([presence])  # whatever became of it: the stage ends as it should


async def _dispatch(
    redis: Redis, settings: Settings, layout: Layout, stop: asyncio.Event, started: Callable[[int], None]
) -> int:
    """Dispatch reads no topic: its input is the outbox that watch's commits fill."""
    from streams.delivery.outbox import Outbox
    from streams.delivery.webhook import Webhook
    from streams.dispatch import Dispatcher

    webhook = None
    if settings.webhook_url:
        webhook = Webhook(
            settings.webhook_url,
            [secret.get_secret_value() for secret in settings.webhook_secrets],
            allow_private=settings.webhook_allow_private,
            allow_hosts=settings.webhook_allow_hosts,
        )
    dispatcher = Dispatcher(Outbox(redis, f"{settings.namespace}.watch", layout.log), webhook)

    def state() -> Health:
        up = {"redis": metrics.REDIS_UP._value.get() == 1}
        return Health(alive={"running": True}, ready=up)

    server = HealthServer(settings.metrics_host, _port("dispatch", settings), state)
    port = await _listen(server, settings, "dispatch")
    started(port)
    presence = _present(redis, settings, "dispatch", port, lambda: Told(state().ready))
    try:
        await dispatcher.run(stop)
    finally:
        await _leave(presence)
        await server.stop()
    return 0
