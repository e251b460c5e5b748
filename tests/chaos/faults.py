"""What goes wrong in a chaos run, when, and how it is put right again."""

import heapq
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from tests.e2e.system import System

KINDS = ("kill", "term", "stop", "redis", "rollback", "broker")
STOP_SECONDS = (7.5, 11.0)
"""Beyond the session timeout of 6 s, so that others have taken over when the worker goes on."""
TERM_SECONDS = 12.0


class Faults:
    """Injects faults after a seeded schedule, and supervises the workers as an orchestrator would.

    Args:
        history: Every action is written here, one JSON object a line.
    """

    def __init__(self, system: System, workers: Sequence[str], kinds: Sequence[str], seed: int, history: Path) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._system, self._workers, self._kinds = system, workers, kinds
        self._dice = random.Random(seed)
        self._history = history.open("a")
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._started = time.monotonic()
        self._paused: set[str] = set()
        self._servers = ThreadPoolExecutor(2, thread_name_prefix="servers")
        self._down: set[str] = set()
        """`redis`, `kafka`: not back yet."""

    def run(self, until: Callable[[], bool]) -> None:
        """Injects faults until told not to, then puts everything right."""
        due = time.monotonic() + 2
        while not until():
            if time.monotonic() > due:
                self._inject(self._dice.choice(self._kinds))
                due = time.monotonic() + self._dice.uniform(1.0, 5.0)
            self._tick()
            time.sleep(0.1)
        self.heal()

    def heal(self) -> None:
        """Everything runs again when this returns."""
        while self._later or self._down:
            self._tick()
            time.sleep(0.1)
        self._servers.shutdown()
        self._tick()
        self.note("healed")

    def tick(self) -> None:
        """Starts workers again that have ended by themselves."""
        self._tick()

    def note(self, what: str, **details: Any) -> None:
        """Writes a line of the history."""
        at = round(time.monotonic() - self._started, 2)
        self._history.write(msgspec.json.encode({"at": at, "what": what, **details}).decode() + "\n")
        self._history.flush()

    def _tick(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        for name in self._workers:
            worker = self._system.workers.get(name)
            if worker is not None and worker.poll() is not None:
                self._ended_by_itself(name, worker.poll())

    def _ended_by_itself(self, name: str, code: int) -> None:
        self.counts[f"exit {code}"] += 1
        self.note("ended by itself", worker=name, code=code)
        if code != 75:
            self.problems.append(f"{name} ended by itself with code {code}")
        del self._system.workers[name]
        self._after(1.0, lambda: self._system.start(name))

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), action))

    # -- faults -----------------------------------------------------------------------------------

    def _inject(self, kind: str) -> None:
        injected = getattr(self, f"_{kind}")()
        if injected:
            self.counts[kind] += 1
            self.note(kind, target=injected)

    def _victim(self) -> str | None:
        up = [name for name in self._workers if name in self._system.workers and name not in self._paused]
        return self._dice.choice(up) if up else None

    def _kill(self) -> str | None:
        name = self._victim()
        if name is not None:
            self._system.kill(name)
            self._after(self._dice.uniform(0.0, 3.0), lambda: self._system.start(name))
        return name

    def _term(self) -> str | None:
        name = self._victim()
        if name is None or not self._serves(name):
            return None  # not started as far as that: the signal would just end it
        worker = self._system.workers.pop(name)
        worker.terminate()
        self._await_end(name, worker, time.monotonic())
        return name

    def _await_end(self, name: str, worker: Any, asked: float) -> None:
        took = time.monotonic() - asked
        if worker.poll() is None and took < TERM_SECONDS:
            self._after(0.1, lambda: self._await_end(name, worker, asked))
            return
        if worker.poll() != 0:
            self.problems.append(f"{name}: SIGTERM, exit code {worker.poll()} after {took:.1f} s")
            worker.kill()
        self.note("ended", worker=name, code=worker.poll(), seconds=round(took, 1))
        self._system.start(name)

    def _stop(self) -> str | None:
        name = self._victim()
        if name is not None:
            worker = self._system.workers[name]
            worker.send_signal(signal.SIGSTOP)
            self._paused.add(name)
            self._after(self._dice.uniform(*STOP_SECONDS), lambda: self._go_on(name, worker))
        return name

    def _go_on(self, name: str, worker: Any) -> None:
        worker.send_signal(signal.SIGCONT)
        self._paused.discard(name)

    def _redis(self) -> str | None:
        return self._server_down("redis", self._system.redis_server, self._dice.uniform(0.3, 4.0))

    def _broker(self) -> str | None:
        return self._server_down("kafka", self._system.kafka, self._dice.uniform(0.5, 6.0))

    def _server_down(self, name: str, server: Any, seconds: float) -> str | None:
        if name in self._down:
            return None
        polite = self._dice.random() < 0.3
        self._down.add(name)
        self._servers.submit(self._bounce, name, server, polite, seconds).add_done_callback(self._bounced)
        return f"{name}, {'SIGTERM' if polite else 'SIGKILL'}, {seconds:.1f} s"

    def _bounce(self, name: str, server: Any, polite: bool, seconds: float) -> None:
        server.stop() if polite else server.kill()
        time.sleep(seconds)
        server.start()
        self._down.discard(name)
        self.note("up", server=name)

    def _bounced(self, done: "Future[None]") -> None:
        if error := done.exception():
            self.problems.append(f"a server could not be started again: {error!r}")

    def _rollback(self) -> str | None:
        if "redis" in self._down:
            return None
        age = self._dice.uniform(1.0, 3.0)
        older = self._system.redis_server.snapshot_aof()
        self._after(age, lambda: self._roll_back(older))
        return f"{age:.1f} s"

    def _roll_back(self, older: Path) -> None:
        if "redis" in self._down:
            self._after(0.2, lambda: self._roll_back(older))
            return
        self._down.add("redis")
        self._servers.submit(self._restore, older).add_done_callback(self._bounced)

    def _restore(self, older: Path) -> None:
        self._system.redis_server.restore_aof(older)
        self._down.discard("redis")
        self.note("rolled back")

    def _serves(self, name: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._system.ports[name]}/metrics", timeout=1):
                return True
        except (URLError, OSError):
            return False
