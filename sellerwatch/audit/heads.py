"""Heads of the chains: what Redis knows, and what was kept elsewhere."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import typer
from msgspec import Struct
from redis.asyncio import Redis

from sellerwatch.operate.asking import with_redis
from streams.audit.chain import Chain
from streams.audit.verifying import Head
from streams.files import FilesError, read_events, write_events
from streams.settings import Settings
from streams.store.partition import PartitionStore
from streams.topics import read_layout


class KeptHead(Struct, frozen=True):
    """A line of `sellerwatch audit heads`."""

    partition: int
    entries: int
    hash: str


def heads_in_redis(settings: Settings, partitions: Iterable[int]) -> dict[int, Head]:
    """The heads that the state of the partitions holds.

    Raises:
        UnavailableError: Redis does not answer.
    """

    wanted = list(partitions)

    async def read(redis: Redis) -> list[Any]:
        store = PartitionStore(redis, settings.namespace, "watch")
        return [await redis.get(store.key(partition, "chain")) for partition in wanted]

    chains = [Chain(p, value) for p, value in zip(wanted, with_redis(settings, read), strict=True)]
    return {chain.partition: Head(chain.seq, chain.head) for chain in chains}


def read_heads(path: Path) -> dict[int, list[Head]]:
    """Heads that somebody has kept, of any time, by partition.

    Raises:
        FilesError: The file is none of `sellerwatch audit heads`.
    """
    found: dict[int, list[Head]] = {}
    for number, line in enumerate(read_events(path), start=1):
        try:
            kept = msgspec.json.decode(line, type=KeptHead)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FilesError(f"{path}:{number}: not a line of `sellerwatch audit heads`: {error}") from None
        found.setdefault(kept.partition, []).append(Head(kept.entries, kept.hash))
    return found


def show(settings: Settings, output: Path | None) -> None:
    """Prints or writes the heads of all partitions.

    Raises:
        UnavailableError: Kafka or Redis does not answer.
    """
    lines = lines_of(heads_in_redis(settings, range(read_layout(settings).log)))
    if output is not None:
        write_events(output, lines)
    else:
        typer.echo(b"\n".join(lines))


def lines_of(heads: dict[int, Head]) -> list[bytes]:
    """The heads as lines to keep."""
    return [msgspec.json.encode(KeptHead(partition, *head)) for partition, head in sorted(heads.items())]
