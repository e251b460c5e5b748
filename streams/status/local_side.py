"""What the processes on this machine say of themselves, where Redis cannot be asked for all of them."""

import json
import re
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

from msgspec import Struct

from streams.names import STAGES
from streams.presence import Presence, Told
from streams.settings import Settings
from streams.status.state import PartitionState
from streams.worker import PORTS

PATIENCE_SECONDS: Final = 1.0
GAUGE: Final = re.compile(
    r"sellerwatch_(partition_lag|watermark_age_seconds|partition_stopped)"
    r'\{partition="(\d+)",stage="\w+",topic="([^"]+)"\} (\S+)'
)


class LocalSide(Struct, frozen=True):
    """The processes that answered, and the partitions that they own."""

    workers: list[Presence]
    partitions: list[PartitionState]


def read_local(settings: Settings) -> LocalSide:
    """Asks the usual ports of this machine, one of each stage; who does not answer is left out."""
    first = settings.metrics_port
    ports = PORTS if first is None else {stage: first + place for place, stage in enumerate(STAGES) if first}
    found = [look for stage, port in ports.items() if (look := _look(stage, settings.metrics_host, port)) is not None]
    return LocalSide([worker for worker, _ in found], [place for _, places in found for place in places])


def _look(stage: str, host: str, port: int) -> tuple[Presence, list[PartitionState]] | None:
    here = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - where to connect, not to listen
    try:
        ready = json.loads(_page(f"http://{here}:{port}/readyz"))
        samples = _page(f"http://{here}:{port}/metrics").decode()
    except (OSError, ValueError):
        return None
    worker = Presence(stage, here, 0, "", port, 0.0, time.time(), Told(ready))
    return worker, list(_places(stage, f"{stage}@{here}", samples.splitlines()))


def _page(url: str) -> bytes:
    try:
        with urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our own listener
            return bytes(answer.read())
    except HTTPError as error:  # 503: not ready, and says of what
        return error.read()


def _places(stage: str, owner: str, lines: Iterable[str]) -> Iterable[PartitionState]:
    gauges: dict[tuple[str, int], dict[str, Any]] = {}
    for line in lines:
        if match := GAUGE.match(line):
            gauges.setdefault((match[3], int(match[2])), {})[match[1]] = float(match[4])
    for (topic, partition), values in sorted(gauges.items()):
        lag, age = values.get("partition_lag"), values.get("watermark_age_seconds")
        stopped = "stopped; why stands in Redis" if values.get("partition_stopped") else None
        yield PartitionState(
            stage, topic, partition, lag=None if lag is None else int(lag), age=age, owner=owner, stopped=stopped
        )
