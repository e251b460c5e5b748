"""Builds the Faust app of one stage; the only module that configures Faust."""

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import faust
import structlog

from streams.kafka.consumer import Consumer, Ownership
from streams.kafka.poll import Claim, Part, Poll
from streams.kafka.producer import Batches, Producer
from streams.kafka.recovery import TableManager
from streams.store.connection import Lost

log = structlog.get_logger()

STOP_SECONDS = 8.0
TEND_SECONDS = 2.0
EXIT_TEMPORARY = 75
"""Exit code after a fault that a restart may mend: the supervisor is to start the process again."""


class Stage(Ownership, Protocol):
    """One stage: what it reads, and what it does with a poll."""

    app: "App"

    @property
    def topics(self) -> Sequence[str]:
        """Names of the topics it reads."""

    async def process(self, poll: Poll) -> None:
        """Works off one poll; returns when its effects are committed, or are no longer ours to make."""

    async def tend(self) -> None:
        """What is to be done every few seconds, whether or not anything comes."""


class App(faust.App):
    """A Faust app that runs one stage."""

    stage: Stage
    exit_code: int = 0

    def __init__(self, stage: Stage, *args: Any, **kwargs: Any) -> None:
        self.stage = stage
        self.ended = asyncio.Event()
        super().__init__(*args, **kwargs)
        stage.app = self

    def give_up(self, reason: str) -> None:
        """Ends the process with a code of its own; may be called from any thread."""
        log.error("gave_up", stage=self.stage.name, reason=reason)
        self.exit_code = EXIT_TEMPORARY
        self.loop.call_soon_threadsafe(self.ended.set)

    def _create_directories(self) -> None:
        """Nothing is kept on disk: Faust would make folders in the working directory."""

    def _crash(self, reason: BaseException) -> None:
        """A service of Faust's, whichever, met what it cannot handle: leave, and let the supervisor restart."""
        if not self.should_stop:
            self.give_up(repr(reason))
        super()._crash(reason)


def build_app(
    stage: Stage,
    *,
    brokers: Sequence[str],
    group: str,
    max_poll_records: int,
    session_timeout: float = 30.0,
    credentials: Any = None,
    tls: ssl.SSLContext | None = None,
) -> App:
    """The app of `stage`, with every Faust default that loses or delays records set otherwise.

    Args:
        brokers: Addresses `host:port`.
        group: The consumer group, also Faust's app id.
        max_poll_records: At most so many records in one poll, over all partitions.
        session_timeout: Seconds after which a silent worker loses its partitions.
    """
    app = App(
        stage,
        group,
        broker=[f"sellerwatch://{address}" for address in brokers],
        broker_credentials=credentials,
        ssl_context=tls,
        processing_guarantee="at_least_once",
        value_serializer="raw",
        key_serializer="raw",
        consumer_auto_offset_reset="none",  # else what retention has removed is passed over in silence
        stream_wait_empty=False,  # else a rebalance waits for an agent that waits for Redis
        stream_buffer_maxsize=2,  # polls, each of up to max_poll_records records
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / 10,
        broker_rebalance_timeout=2 * session_timeout,
        broker_request_timeout=session_timeout + 10,
        broker_max_poll_interval=86_400,  # while Redis is away, nothing is polled: that is no failure
        broker_commit_interval=5,
        broker_max_poll_records=max_poll_records,
        consumer_max_fetch_size=4 * 1024 * 1024,
        producer_acks=-1,
        producer_max_batch_size=900_000,
        producer_max_request_size=4 * 1024 * 1024,
        producer_request_timeout=40,
        topic_allow_declare=False,  # topics are made by `sellerwatch topics create`
        topic_disable_leader=True,
        table_standby_replicas=0,
        store="memory://",
        web_enabled=False,
        worker_redirect_stdouts=False,
        TableManager=TableManager,
    )
    if stage.topics:
        _add_agent(app)
    return app


def _add_agent(app: App) -> None:
    stage = app.stage

    @app.agent(app.topic(*stage.topics, value_serializer="raw", key_serializer="raw"), name=stage.name)
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            consumer = consumer_of(app)
            consumer.working = True
            await process_safely(app, event.value)
            consumer.working = False
            consumer.worked_off()

    @app.timer(interval=TEND_SECONDS)
    async def report() -> None:
        consumer_of(app).report_progress()
        await consumer_of(app).rewind_stalled()

    @app.timer(interval=TEND_SECONDS)
    async def tend() -> None:  # waits as long as Redis is away
        try:
            await app.stage.tend()
        except Exception:
            log.exception("tending_failed", stage=app.stage.name)


async def process_safely(app: App, poll: Poll) -> None:
    """Lets nothing escape: Faust would acknowledge what the exception came from, and go on."""
    try:
        await app.stage.process(poll)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log.exception("stage_failed", stage=app.stage.name)
        app.give_up(f"{app.stage.name} failed: {error!r}")
        await app.ended.wait()


def consumer_of(app: App) -> Consumer:
    """The app's consumer, as what it is."""
    return cast(Consumer, app.consumer)


def producer_of(app: App) -> Producer:
    """The app's producer, as what it is."""
    return cast(Producer, app.producer)


async def send(app: App, batches: Batches, alive: Callable[[], bool]) -> None:
    """Sends batches until Kafka has taken all of them.

    Raises:
        Lost: `alive` has become false while Kafka did not take them.
    """
    sending = asyncio.ensure_future(producer_of(app).send_batches(batches))
    while not sending.done():
        await asyncio.wait([sending], timeout=1.0)
        if not sending.done() and not alive():
            sending.cancel()
            raise Lost
    sending.result()


async def take(app: App, poll: Poll) -> list[tuple[Claim, Part]]:
    """The parts of a poll that are ours and next, each with its claim and its new records.

    A part whose claim is gone is dropped: its new owner reads it again. A part that begins after the
    claim's position means that records were lost on the way here: the partition is rewound.
    """
    consumer = consumer_of(app)
    taken = []
    for part in poll.parts:
        claim = consumer.claims.get(part.partition)
        if claim is None or not claim.live or claim.generation != poll.generation or claim.stopped:
            continue
        if claim.held_until > time.monotonic():  # it was on its way when the hold began: read it again after that
            await consumer.read_from(claim, claim.position)
            continue
        if part.start > claim.position:
            await consumer.rewind(claim)
        elif part.stop > claim.position:
            taken.append((claim, part))
    return taken


async def run(app: App, stop: asyncio.Event) -> int:
    """Runs the app until `stop` is set or it gives up; the process's exit code.

    Ends the process itself where Faust does not: its start and its stop wait for brokers that are away.
    """
    starting = asyncio.create_task(app.start())
    waiting = [asyncio.create_task(event.wait()) for event in (stop, app.ended)]
    await asyncio.wait([starting, *waiting], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        if (error := starting.exception()) is not None:  # the brokers went away after the topics were read
            app.give_up(f"{app.stage.name} could not start: {error!r}")
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    stopping = asyncio.create_task(app.stop())
    done, _ = await asyncio.wait([stopping], timeout=STOP_SECONDS)
    for task in (starting, stopping):  # what goes wrong while brokers are away is told in a line, not as a traceback
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.warning("ended_with_error", stage=app.stage.name, error=repr(error))
    if not done:
        log.warning("stop_cut_short", stage=app.stage.name, seconds=STOP_SECONDS)
        logging.shutdown()
        os._exit(app.exit_code)  # nothing is lost: whatever is not committed is done again
    for task in waiting:
        task.cancel()
    return app.exit_code
