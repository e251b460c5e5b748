"""`python -m bench`: how fast the stages are and how prompt, beside the usual way, on real services."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.throughput import cores
from bench.throughput.ground import Ground
from bench.throughput.latency import run_chain
from bench.throughput.learned import learn
from bench.throughput.metering import Speed
from bench.throughput.report import TITLES, delays, throughput
from bench.throughput.rounds import one_round
from bench.throughput.topics import Topics
from bench.throughput.traffic import Sender, make_up
from tests.e2e.system import MODEL_KEY
from tests.services import ServiceMissingError
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis

LEARNED = 40_000
"""So many events are learned from before; it takes a while, and more would change little."""


def main(words: Sequence[str] | None = None) -> int:
    """Measures, tells how it is going, prints the tables."""
    args = _parser().parse_args(words)
    prefix = cores.part()
    if not prefix:
        _tell("nothing is pinned: that takes two cores and `taskset`")
    try:
        text = _measured(args, prefix)
    except ServiceMissingError as missing:
        print(missing, file=sys.stderr)
        return 1
    print(text, end="")
    if args.markdown:
        args.markdown.write_text(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="upstream events of each round (100000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, every subject once in each (3)")
    parser.add_argument("--later", type=int, default=200_000, help="events sent at half load for the delays (200000)")
    parser.add_argument("--seed", type=int, default=7, help="of the made-up traffic (7)")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    return parser


def _measured(args: argparse.Namespace, prefix: list[str]) -> str:
    _tell(f"making up {args.events + args.later:,} events")
    events = make_up(args.seed, args.events + args.later)
    now, later = events[: args.events], events[args.events :]
    model = learn((event.body for event in now[:LEARNED]), MODEL_KEY.encode())
    with (
        tempfile.TemporaryDirectory() as logs,
        RealKafka(lasting=True) as kafka,
        RealRedis(appendfsync="everysec") as redis,
        closing(Topics(kafka.bootstrap)) as topics,
    ):
        ground = Ground(kafka, redis, topics, Path(logs), model)
        Sender(kafka.bootstrap).send(now)
        rounds = [_round(ground, args, prefix, number) for number in range(1, args.rounds + 1)]
        text = throughput(rounds)
        if later:
            cores.join(prefix, kafka.pid, redis.pid)
            ground.empty()
            _tell("the whole chain: at most, then at half of that")
            text += "\n" + delays(asyncio.run(run_chain(ground, len(now), later)))
    return text


def _round(ground: Ground, args: argparse.Namespace, prefix: list[str], number: int) -> dict[str, Speed]:
    speeds = {}
    for name, speed in one_round(ground, args.events, prefix):
        speeds[name] = speed
        _tell(f"round {number}, {TITLES[name]}: {speed.wall:,.0f} events/s, {speed.cpu:,.0f} a CPU second")
    return speeds


def _tell(text: str) -> None:
    load = os.getloadavg()[0]
    print(f"{time.strftime('%H:%M:%S')} load {load:.1f}  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
