"""`sellerwatch demo`: starts everything, shows what happens, ends everything."""

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError
from rich.console import Console

from sellerwatch.demo.lines import Lines
from sellerwatch.demo.options import Options
from sellerwatch.demo.probe import Look, Probe
from sellerwatch.demo.scoreboard import Judged
from sellerwatch.demo.seasons import Show
from sellerwatch.demo.stack import WORKERS, DemoError, Stack, new_secret
from sellerwatch.demo.state import State
from sellerwatch.demo.summary import summary
from sellerwatch.demo.view import LiveDisplay
from sellerwatch.embedded import PartMissingError
from sellerwatch.receiver import ReceivedAlert, Receiver

LOOK_SECONDS = 0.25
READY_SECONDS = 120.0
"""Workers that are not ready by then never will be."""
ANSWER_SECONDS = 20.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Display(Protocol):
    """Shows the state to a person, or to a file."""

    def start(self) -> None: ...
    def update(self) -> None: ...
    def alert(self, judged: Judged) -> None: ...
    def end(self) -> None: ...
    def summary(self, facts: Sequence[tuple[str, str]]) -> None: ...


class Demo:
    """One run, from nothing to nothing."""

    def __init__(self, state: State, display: Display) -> None:
        self._state, self._display = state, display
        options = state.options
        self._show = Show.starting_now(options.seed, options.sellers, options.speed)
        self._arrived: deque[tuple[ReceivedAlert, float]] = deque()
        self._started = time.monotonic()
        self._up_at: float | None = None
        self._season = -1

    async def run(self) -> int:
        """Runs until the time is over, a signal comes or a process dies; the exit code.

        Raises:
            DemoError: A process has died; its log is kept.
        """
        secret = new_secret()
        async with Receiver(secret, on_alert=self._take) as receiver:
            stack = Stack(self._show, receiver.url, secret, console=self._state.options.console)
            starting = asyncio.create_task(asyncio.to_thread(stack.start))
            watching = asyncio.create_task(self._watch(stack, starting))
            with _ended_by_signal(watching, stack):
                await self._until_over(watching, starting, stack)
        self._display.summary(summary(self._state))
        return self._state.exit_code

    def _take(self, received: ReceivedAlert) -> None:
        """The receiver has verified an alert; it is looked at later, so that the sender need not wait."""
        self._arrived.append((received, time.monotonic() - self._started))

    async def _until_over(self, watching: "asyncio.Task[None]", starting: "asyncio.Task[None]", stack: Stack) -> None:
        failed = False
        try:
            self._display.start()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        except Exception:
            failed = True
            raise
        finally:
            self._state.stopping = True
            watching.cancel()
            await asyncio.wait({starting, watching})  # nothing may be started any more
            try:
                self._display.update()  # it raises when nobody reads any more
            finally:
                await stack.close(keep_logs=failed)
            self._take_in()
            self._display.end()

    async def _watch(self, stack: Stack, starting: "asyncio.Task[None]") -> None:
        await self._learn(0)
        await asyncio.shield(starting)
        try:
            async with Probe(stack.kafka.bootstrap, stack.redis.url, stack.workers) as probe:
                while not self._over(stack):
                    stack.check()
                    self._state.look = await _patient_look(probe)
                    self._state.console = stack.console
                    await self._show_it()
                    await asyncio.sleep(LOOK_SECONDS)
        except (RedisError, KafkaError, TimeoutError) as error:
            stack.check()
            raise DemoError(f"the embedded Kafka or Redis does not answer: {error!r}. Logs: {stack.folder}") from error

    def _over(self, stack: Stack) -> bool:
        """Whether the time is over; it begins to count when all workers are ready."""
        now = time.monotonic()
        missing = WORKERS.keys() - self._state.look.ready
        if not missing and self._up_at is None:
            self._up_at = now
        if self._up_at is None:
            if now - self._started > READY_SECONDS:
                who = ", ".join(sorted(missing))
                raise DemoError(f"not ready after {READY_SECONDS:.0f} s: {who}. The logs are kept: {stack.folder}")
            return False
        seconds = self._state.options.seconds
        return seconds is not None and now - self._up_at > seconds

    async def _show_it(self) -> None:
        feed = self._state.look.feed
        for season in range(self._season + 1, feed.season + 1 if feed else 0):
            await self._learn(season)
        state = self._state
        state.elapsed = time.monotonic() - self._started
        if state.look.applied and state.working_since is None:
            state.working_since = state.elapsed
        self._take_in()
        self._display.update()

    def _take_in(self) -> None:
        while self._arrived:
            self._display.alert(self._state.board.judge(*self._arrived.popleft()))

    async def _learn(self, season: int) -> None:
        truth = self._show.season(season).market.truth()
        self._state.board.learn(await asyncio.to_thread(list, truth))
        self._season = season


async def _patient_look(probe: Probe) -> Look:
    """A look; when the demo was suspended in the middle of one, another is taken."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await probe.look()
    except TimeoutError:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await probe.look()


@contextlib.contextmanager
def _ended_by_signal(watching: "asyncio.Task[None]", stack: Stack) -> Iterator[None]:
    """The first signal ends the demo in order, the second at once."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        stack.kill() if watching.cancelling() else watching.cancel()

    wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    for number in wanted:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


def run(options: Options) -> int:
    """Runs the demo; the exit code.

    Raises:
        DemoError: A part is missing or has died; the message says what to do.
    """
    console = Console()
    state = State(options)
    plain = options.plain or not console.is_terminal
    display: Display = Lines(console, state) if plain else LiveDisplay(console, state)
    try:
        return asyncio.run(Demo(state, display).run())
    except PartMissingError as missing:
        raise DemoError(str(missing)) from None
