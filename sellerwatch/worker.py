"""`sellerwatch worker`: one stage in this process, or all four as child processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import structlog

from streams.logs import configure
from streams.names import STAGES
from streams.settings import Settings
from streams.worker import run_stage

log = structlog.get_logger()

GRACE_SECONDS = 12.0
PORT = "SELLERWATCH_METRICS_PORT"


def run_one(stage: str, settings: Settings) -> int:
    """Runs one stage until it is told to stop (SIGTERM, SIGINT); the exit code."""
    configure(settings.log_level, stage=stage)
    return asyncio.run(_until_signalled(stage, settings))


async def _until_signalled(stage: str, settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await run_stage(stage, settings, stop, started=lambda port: log.info("listening", port=port))


def run_all(config: Path | None) -> int:
    """Runs every stage in a process of its own; when one ends, all end, and its code is ours."""
    arguments = ["--config", str(config)] if config else []
    port = int(os.environ.get(PORT, "0") or 0)
    children = {
        stage: subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "sellerwatch", "worker", "--stage", stage, *arguments],
            env={**os.environ, PORT: str(port + place)} if port else None,  # one port each, from the one given on
        )
        for place, stage in enumerate(STAGES)
    }
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping and all(child.poll() is None for child in children.values()):
        time.sleep(0.2)
    ended = [child.returncode for child in children.values() if child.poll() is not None]
    end(list(children.values()))
    return 0 if stopping else max(ended[0], 0) or os.EX_TEMPFAIL  # one that was killed may be started again


def end(children: list[subprocess.Popen[bytes]], grace: float = GRACE_SECONDS) -> None:
    """Asks processes to stop, and kills those that have not after `grace` seconds."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + grace
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
