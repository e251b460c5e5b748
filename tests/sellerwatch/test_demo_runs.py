"""The demo as a newcomer runs it: it finds somebody, and leaves nothing however it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.redis import embedded_binary
from tests.services.skipping import skipped_unless_required

ROOT = Path(__file__).parents[2]
WORKER = "sellerwatch.demo.worker watch"
UP_SECONDS = 150.0


class Run:
    """A demo in a process group of its own, as a shell starts it, with a folder for temporary files."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._folder = folder
        self.output = folder.with_suffix(".out")
        folder.mkdir()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sellerwatch", "demo", *words],
                cwd=ROOT,
                env=os.environ | {"TMPDIR": str(folder)},
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = UP_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}\n{self.text}"
            time.sleep(0.1)

    def processes(self) -> dict[int, str]:
        """Every process that has to do with the demo, and its command."""
        mark, found = f"TMPDIR={self._folder}".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (folder / "environ").read_bytes().split(b"\0")
                if ours or str(self._folder) in str((folder / "cwd").readlink()):  # Redis writes over its environment
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = command
            except OSError:  # it has just ended, or is not ours
                continue
        return found

    def started(self, command: str) -> list[int]:
        """Processes of the demo that run this command by now."""
        return [pid for pid, words in self.processes().items() if command in words and "prctl" not in words]

    def files(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir())


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts demos; those that a test leaves running are killed."""
    if sys.platform != "linux":
        pytest.skip("looks at processes in /proc")
    with skipped_unless_required():
        embedded_binary()
        EmbeddedKafka().close()
    runs: list[Run] = []

    def start(*words: str) -> Run:
        runs.append(Run(tmp_path / f"demo-{len(runs)}", *words))
        return runs[-1]

    yield start
    for run in runs:
        for pid in run.processes():
            os.kill(pid, signal.SIGKILL)
        run.process.wait()


TRUE_ALERT = re.compile(r"ALERT (low|medium|high|critical) \w+ seller_\w+ score 0\.\d\d: verified, true")


@pytest.mark.slow
def test_it_delivers_verified_alerts_finds_somebody_and_leaves_nothing(demo: Callable[..., Run]) -> None:
    run = demo("--plain")
    run.wait_for(lambda: TRUE_ALERT.search(run.text), "an illicit seller is found", 2 * UP_SECONDS)
    os.killpg(run.process.pid, signal.SIGINT)
    code = run.process.wait(timeout=60)

    assert code == 0, run.text
    assert not run.processes()
    assert not run.files()
    *_, found, first = run.text.splitlines()
    assert re.search(r"illicit sellers: [1-9]\d* found of the \d+ that were active", found)
    assert re.search(r"first true alert: \d+\.\d s after the start$", first)


@pytest.mark.slow
def test_it_ends_by_itself_when_its_time_is_over(demo: Callable[..., Run]) -> None:
    run = demo("--sellers", "40", "--for", "1s", "--plain")
    code = run.process.wait(timeout=UP_SECONDS)

    assert code == (0 if ": verified" in run.text else 1), run.text
    assert "illicit sellers: " in run.text
    assert not run.processes()
    assert not run.files()


@pytest.mark.slow
def test_ctrl_c_ends_everything_within_seconds_and_the_summary_is_the_last_word(demo: Callable[..., Run]) -> None:
    run = demo("--sellers", "40")
    run.wait_for(lambda: "events/s" in run.text, "events flow")
    others = run.processes().keys() - {run.process.pid}
    assert len(others) >= 7  # five workers, the feed, Redis

    os.killpg(run.process.pid, signal.SIGINT)
    asked = time.monotonic()
    code = run.process.wait(timeout=30)

    assert time.monotonic() - asked < 10  # 5 on a machine that has nothing else to do
    assert code == 0
    assert not run.processes()
    assert not run.files()
    assert run.text.splitlines()[-1].split(maxsplit=1)[1].startswith("first true alert: ")


def test_ctrl_c_in_the_middle_of_starting_leaves_nothing_either(demo: Callable[..., Run]) -> None:
    run = demo("--sellers", "40")
    run.wait_for(lambda: run.started("valkey-server"), "Redis starts")
    os.killpg(run.process.pid, signal.SIGINT)

    assert run.process.wait(timeout=30) == 0, run.text
    assert not run.processes()
    assert not run.files()


def test_a_worker_that_dies_is_named_and_its_log_is_kept(demo: Callable[..., Run]) -> None:
    run = demo("--sellers", "40", "--for", "60s")
    run.wait_for(lambda: len(run.started(WORKER)) == 2, "workers start")
    os.kill(min(run.started(WORKER)), signal.SIGKILL)
    code = run.process.wait(timeout=60)

    assert code == 1
    named = re.search(r"watch-[12] was killed by SIGKILL\. Its log is kept: (\S+watch-[12]\.log)", run.text)
    assert named, run.text
    assert Path(named[1]).is_file()
    assert not run.processes()


def test_when_the_command_itself_is_killed_its_processes_end(demo: Callable[..., Run]) -> None:
    run = demo("--sellers", "40")
    run.wait_for(lambda: len(run.started(WORKER)) == 2, "workers start")
    run.process.kill()
    run.process.wait()

    run.wait_for(lambda: not run.processes(), "all end", 10)


def test_a_reader_that_goes_away_ends_it_quietly(demo: Callable[..., Run], tmp_path: Path) -> None:
    folder = tmp_path / "piped"
    folder.mkdir()
    words = f"{sys.executable} -m sellerwatch demo --sellers 40 | head -n 1"
    ended = subprocess.run(
        ["sh", "-c", words],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=UP_SECONDS,
    )
    assert ended.stdout.count("\n") == 1
    assert "Traceback" not in ended.stderr
    assert not list(folder.iterdir())
