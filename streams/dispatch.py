"""Delivers alerts from the outbox to the webhook: each at least once, with the same id on every try."""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog
from redis.exceptions import RedisError

from streams import metrics
from streams.delivery.outbox import Outbox
from streams.delivery.queued_alert import QueuedAlert
from streams.delivery.retries import Retries
from streams.delivery.webhook import Answer, Outcome, Webhook
from streams.delivery.webhook_health import WebhookHealth
from streams.store.connection import Lost, patiently

log = structlog.get_logger()

GRACE = timedelta(seconds=4)
"""On stopping, deliveries under way have so long to end."""
LAST_CALL = timedelta(milliseconds=500)
"""And what is in hand then has so long to be given back."""
REPORT_EVERY = timedelta(seconds=5)


class Dispatcher:
    """Works the outbox off until told to stop; several may do so at once.

    Alerts of one seller go out in order on their first try. One that fails is put aside until its next
    try, and the others pass it. In memory are at most some dozens of alerts.

    Args:
        outbox: Where the alerts are.
        webhook: Where they go; `None` = nowhere: they stay in the outbox.
        retries: The schedule of further tries.
        concurrency: Deliveries at the same time.
        idle: Pause when there is nothing to do.
        clock: The time, in seconds since the epoch.
    """

    def __init__(
        self,
        outbox: Outbox,
        webhook: Webhook | None,
        *,
        retries: Retries = Retries(),  # noqa: B008 - frozen
        concurrency: int = 8,
        idle: timedelta = timedelta(milliseconds=200),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox = outbox
        self._webhook = webhook
        self._health = WebhookHealth(webhook.host if webhook else "", clock)
        self._retries = retries
        self._most_in_hand = 4 * concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._idle = idle.total_seconds()
        self._clock = clock
        self._lanes: dict[str, deque[QueuedAlert]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop_by = math.inf
        self._renew_at = self._report_at = 0.0
        self._hurries = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers until `stop` is set, and returns within 5 seconds of that; raises nothing."""
        if self._webhook is None:
            log.warning("webhook_not_set", effect="alerts stay in the outbox")
        async with self._webhook or contextlib.nullcontext():
            turns = asyncio.create_task(self._turns())
            try:
                await stop.wait()
            finally:
                self._stop_by = time.monotonic() + GRACE.total_seconds()
                await asyncio.wait({turns}, timeout=GRACE.total_seconds() / 4)  # it may be taking alerts
                turns.cancel()  # it may be waiting for Redis
                await self._put_down()

    async def _turns(self) -> None:
        while True:
            try:  # its end is no cancellation alone: redis-py swallows one now and then
                pause = await patiently(
                    self._outbox.redis, self._turn, stage="dispatch", alive=lambda: not self._stopping
                )
            except Lost:
                return
            except Exception:
                log.exception("dispatch_failed")  # a defect, and no reason to leave the other alerts
                pause = REPORT_EVERY.total_seconds()
            if self._tasks:  # one that ends makes room
                await asyncio.wait(self._tasks, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(pause)

    async def _turn(self) -> float:
        """Takes what there is room for; answers with the pause until the next turn."""
        await self._keep_up()
        if self._health.disabled and not self._tasks:
            await self._give_back()
        room = self._most_in_hand - len(self._in_hand())
        if self._webhook is None or self._health.disabled or self._health.halted or room < 1:
            return self._idle
        taken = await self._outbox.take(room)
        for queued in taken:
            self._start(queued)
        return 0.0 if taken else self._idle

    async def _keep_up(self) -> None:
        now = time.monotonic()
        if now >= self._renew_at:
            await self._outbox.renew(self._in_hand())
            self._renew_at = now + self._outbox.lease.total_seconds() / 3
        if now >= self._report_at:
            await self._report()
            self._report_at = now + REPORT_EVERY.total_seconds()
        if self._health.recovered:
            self._health.recovered = False
            self._hurries += 1
            log.info("webhook_recovered", hurried=await self._outbox.hurry())

    @property
    def _stopping(self) -> bool:
        return self._stop_by < math.inf

    def _in_hand(self) -> list[QueuedAlert]:
        return [queued for lane in self._lanes.values() for queued in lane]

    def _start(self, queued: QueuedAlert) -> None:
        """Puts an alert into its lane: a seller's first tries share one, a further try has its own."""
        name = f"alert {queued.alert_id}" if queued.tries.made else f"seller {queued.seller_id}"
        if name in self._lanes:
            self._lanes[name].append(queued)
            return
        self._lanes[name] = deque([queued])
        task = asyncio.create_task(self._work_off(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            async with self._slots:
                if self._stopping or self._health.disabled:
                    return  # what is left in the lane is given back
                try:
                    await self._deliver(lane[0])
                except Exception:
                    log.exception("delivery_failed", alert_id=lane[0].alert_id)  # it comes again by its lease
            lane.popleft()
        del self._lanes[name]

    async def _deliver(self, queued: QueuedAlert) -> None:
        assert self._webhook is not None
        hurries = self._hurries
        answer = await self._webhook.deliver(queued.alert_id, queued.type, queued.alert)
        metrics.WEBHOOK_ATTEMPTS.labels(answer.code).inc()
        self._health.learn(answer)
        write = self._consequence(queued, answer)
        until = time.monotonic() + self._outbox.lease.total_seconds()
        with contextlib.suppress(Lost):  # not ours any more: it is delivered again
            await patiently(
                self._outbox.redis,
                write,
                stage="dispatch",
                alive=lambda: time.monotonic() < min(until, self._stop_by),
            )
        if answer.outcome is not Outcome.DELIVERED and self._hurries != hurries:
            self._health.recovered = True  # this one failed while the receiver came back, and waits for hours

    def _consequence(self, queued: QueuedAlert, answer: Answer) -> Callable[[], Awaitable[bool]]:
        """What to write to the outbox after a try."""
        now = self._clock()
        if answer.outcome is Outcome.DELIVERED:
            metrics.WEBHOOK_DELIVERY_SECONDS.observe(max(0.0, now - queued.raised_at))
            return partial(self._outbox.delivered, queued)
        if answer.outcome is Outcome.GONE:
            return partial(self._outbox.try_again, queued, queued.tries, now)
        tries, due = self._retries.after(queued, answer, now)
        if due is not None:
            return partial(self._outbox.try_again, queued, tries, due)
        metrics.WEBHOOK_DEAD.inc()
        log.error("alert_dead", alert_id=queued.alert_id, tries=tries.made, code=answer.code)
        return partial(self._outbox.bury, queued, tries, answer.code)

    async def _report(self) -> None:
        depths = await self._outbox.depths()
        for depth in depths:
            metrics.OUTBOX_DEPTH.labels(str(depth.partition)).set(depth.undelivered)
            metrics.OUTBOX_DEAD.labels(str(depth.partition)).set(depth.dead)
        metrics.OUTBOX_OLDEST_SECONDS.set(max(depth.oldest_seconds for depth in depths))

    async def _put_down(self) -> None:
        """Lets deliveries under way end, and gives back what is still in hand."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._stop_by - time.monotonic())
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # the leases end by themselves
            async with asyncio.timeout(LAST_CALL.total_seconds()):
                await self._give_back()

    async def _give_back(self) -> None:
        left = self._in_hand()
        if left:
            await self._outbox.give_back(left)
        self._lanes.clear()
