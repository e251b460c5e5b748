"""How much memory and time a report takes, however many decisions and sellers there are: `python -m bench.reports`.

Makes decisions, payments, alerts and verdicts (each seller another one), writes them to packed files, runs
`sellerwatch report` over them in a process of its own, and fails when that took more memory than `BOUND_MIB`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from detectors.assessment import Reason
from detectors.decision import Alert, Evidence, encode_alert
from streams.files import write_events

BOUND_MIB = 256
"""Some 165 of it are the program itself."""
COUNTRIES = ("DE", "FR", "PL", "US")
DAY_US = 86_400_000_000
START_US = 1_772_323_200_000_000


def decisions(count: int, sellers: int) -> Iterator[bytes]:
    """Scored orders of March, spread over sellers in a made-up order that visits all of them."""
    for n in range(count):
        seller, at = n * 7_919 % sellers, f"2026-03-{1 + n % 31:02d}T{n // 31 % 24:02d}:{n % 60:02d}:00Z"
        review, outcome = 0.01 if n % 5_000 == 0 else 0.0, "first" if n % 1_000 == 7 else "below_line"
        yield (
            f'{{"event_id":"evt_{n:016x}","type":"order.placed","seller_id":"seller_{seller:016x}","event_time":"{at}",'
            f'"score":0.1,"seller_score":0.2,"pattern":"small_repeat","outcome":"{outcome}",'
            f'"features":"{"A" * 200}","versions":{{"policy":"fe42d76bc369","patterns":"2bd9a0675d68"}},'
            f'"order_id":"order_{n:016x}","review":{review}}}'
        ).encode()


def log(count: int, sellers: int) -> Iterator[bytes]:
    """A payment for each decision, a registration of every hundredth seller, a verdict on each alert."""
    for n in range(count):
        seller, at, currency = n * 7_919 % sellers, START_US + n % 31 * DAY_US, "USD" if n % 3 else "EUR"
        paid = f'"payment_id":"p{n}","order_id":"order_{n:016x}","amount_minor":{2_000 + n % 5_000},"method":"card"'
        yield _record(n, at, seller, f'"type":"payment.captured","currency":"{currency}",{paid}')
        if n % 100 == 0:
            yield _record(f"r{n}", at, seller, f'"type":"seller.registered","country":"{COUNTRIES[n % 4]}"')
        if n % 1_000 == 7:
            yield _record(f"v{n}", at, seller, '"type":"verdict.given","verdict":"dismissed","analyst":"k:1"')


def _record(name: int | str, at: int, seller: int, body: str) -> bytes:
    return (
        f'{{"partition":0,"source":["payments",0,0],"logged_at":{at},"event_id":"log_{name}","event_time":{at},'
        f'"seller_id":"seller_{seller:016x}","body":{{{body}}}}}'
    ).encode()


def alerts(count: int, sellers: int) -> Iterator[bytes]:
    """One for every thousandth decision."""
    for n in range(7, count, 1_000):
        at, seller = f"2026-03-{1 + n % 31:02d}T00:00:00Z", f"seller_{n * 7_919 % sellers:016x}"
        reason = Reason("near_repeat", "text", 1.0, None, None, 0.8)
        told = "small_repeat", "low", 0.8, at, at, [reason], Evidence([], [], []), dict[str, str]()
        yield encode_alert(Alert(f"alr_{n}", seller, *told))


TELLING = """
from sellerwatch.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
"""Runs the command and tells the most memory it held, in KiB; what its parent says counts the parent's own (Linux)."""


def measure(count: int, sellers: int, folder: Path) -> tuple[float, float, int]:
    """Runs a report over so many decisions: peak memory in MiB, seconds, and the decisions that it counted."""
    files = {"log": log, "decisions": decisions, "alerts": alerts}
    for name, make in files.items():
        write_events(folder / f"{name}.jsonl.gz", make(count, sellers))
    words = ["report", "--from", "2026-03-01", "--to", "2026-04-01", "--json", str(folder / "report.json")]
    words += [part for name in files for part in (f"--{name}", str(folder / f"{name}.jsonl.gz"))]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit("the report failed")
    report = json.loads((folder / "report.json").read_text())
    return (
        int(done.stdout.split()[-1]) / 1024,
        time.perf_counter() - started,
        int(report["sections"][0]["tables"][0]["rows"][0][1]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--sellers", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peak, seconds, counted = measure(given.decisions, given.sellers, Path(folder))
    print(f"{counted:,} decisions, {given.sellers:,} sellers: {peak:.0f} MiB at most, {seconds:.0f} s")
    if counted != given.decisions or peak > BOUND_MIB:
        raise SystemExit(f"more than {BOUND_MIB} MiB, or decisions that were not counted")


if __name__ == "__main__":
    main()
