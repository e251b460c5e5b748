"""Servers run as child processes: on loopback, in a folder of their own, never outliving this process."""

import abc
import atexit
import contextlib
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, ClassVar, Self

# Runs before the server in its process: asks Linux for SIGKILL when the parent is gone, however it went.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def spawn(
    command: Sequence[str], *, output: IO[bytes] | int, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a process that gets no signals of our terminal and dies with us, even on kill -9 (Linux)."""
    if sys.platform == "linux":
        command = [sys.executable, "-ISc", _DIE_WITH_PARENT, str(os.getpid()), *command]
    # Linux means the parent *thread*, so one thread that lives to the end starts them all.
    process = _spawner(os.getpid()).submit(
        subprocess.Popen,
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=env,
        start_new_session=True,
    )
    return process.result()


@functools.cache
def _spawner(pid: int) -> ThreadPoolExecutor:  # one per process: a fork does not inherit threads
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"spawner-{pid}")


def free_port() -> int:
    """A loopback port outside the range of outgoing connections: it is still free after a restart."""
    for port in random.sample(range(20_000, 30_000), 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port between 20000 and 30000 on 127.0.0.1")


class ServerProcess(abc.ABC):
    """A server that can be started, stopped, killed, paused and started again on the same data and port."""

    name: ClassVar[str]
    start_timeout: ClassVar[float] = 60.0

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"sellerwatch-{self.name}-"))
        self.log = self.directory / "server.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @abc.abstractmethod
    def command(self) -> Sequence[str]:
        """What to run."""

    @abc.abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work by now."""

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> Self:
        """Starts the server and returns when it answers."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} is already running")
        with self.log.open("ab") as output:
            self._process = spawn(self.command(), output=output)
        deadline = time.monotonic() + self.start_timeout
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not start:\n{self.log_tail()}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Ends it the polite way (SIGTERM), by force after 30 seconds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once, as a crash does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def bounce(self, down_for: float = 0.0) -> None:
        """Stops it, waits, and starts it again on the same data and port."""
        self.stop()
        time.sleep(down_for)
        self.start()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the server wrote."""
        written = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(written.splitlines()[-lines:])

    def close(self) -> None:
        """Ends it and removes its folder; safe to call twice."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # a paused one would not notice SIGTERM
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
