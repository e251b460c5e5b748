"""A stage for tests of the transport: it keeps what it was given, and where it stands, as a store would."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, pairwise

from streams.app import App, build_app, run, take
from streams.kafka.poll import Claim, Part, Partition, Poll
from tests.waiting import eventually

_groups = count()


class Recorder:
    """Notes the parts of each poll, and works on it for as long as it is told."""

    name = "recorder"
    app: App

    def __init__(self, *topics: str) -> None:
        self.topics = topics
        self.polls: list[list[tuple[Partition, Part]]] = []
        self.positions: dict[Partition, int] = {}
        self.claims = 0
        self.lose_next = 0
        """So many polls are lost on their way here."""
        self._came = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def claim(self, partition: Partition, generation: int) -> Claim:
        self.claims += 1
        return Claim(partition, generation, "", self.positions.get(partition, -1))

    async def begin(self, claim: Claim) -> None:
        self.positions[claim.partition] = claim.position

    def forget(self, claim: Claim) -> None:
        pass

    async def tend(self) -> None:
        pass

    async def process(self, poll: Poll) -> None:
        if self.lose_next:
            self.lose_next -= 1
            return
        taken = await take(self.app, poll)
        self.polls.append([(claim.partition, part) for claim, part in taken])
        self._came.set()
        await self.go_on.wait()
        for claim, part in taken:
            claim.position = self.positions[claim.partition] = part.stop

    # -- what came ------------------------------------------------------------------------------

    def values(self) -> list[list[bytes | None]]:
        """The values that each poll brought."""
        return [[record.value for _, part in poll for record in part.records] for poll in self.polls]

    def parts(self, partition: int = 0) -> list[Part]:
        """All parts of one partition (of the only topic), in the order in which they came."""
        return [part for poll in self.polls for where, part in poll if where.partition == partition]

    def offsets(self, partition: int = 0) -> list[int]:
        """Offsets of all records of one partition."""
        return [record.offset for part in self.parts(partition) for record in part.records]

    async def has(self, records: int, timeout: float = 90) -> None:
        """Returns once so many records have come."""
        async with asyncio.timeout(timeout):
            while sum(map(len, self.values())) < records:
                self._came.clear()
                await self._came.wait()

    async def reaches(self, stop: int, partition: int = 0, timeout: float = 90) -> None:
        """Returns once a partition was worked off up to an offset."""
        await eventually(lambda: self.positions.get(Partition(self.topics[0], partition), -1) >= stop, timeout)


def build(stage: Recorder, bootstrap: str, *, max_poll_records: int = 1_000, session_timeout: float = 6.0) -> App:
    """An app of its own group around a stage."""
    group, brokers = f"recorders-{next(_groups)}", bootstrap.split(",")
    return build_app(
        stage, brokers=brokers, group=group, max_poll_records=max_poll_records, session_timeout=session_timeout
    )


@asynccontextmanager
async def running(bootstrap: str, *topics: str, max_poll_records: int = 1_000) -> AsyncIterator[Recorder]:
    """A stage at work on some topics; it ends with the block."""
    stage, stop = Recorder(*topics), asyncio.Event()
    task = asyncio.create_task(run(build(stage, bootstrap, max_poll_records=max_poll_records), stop))
    try:
        yield stage
    finally:
        stage.go_on.set()
        stop.set()
        await task


def chained(parts: Sequence[Part]) -> bool:
    """Whether each part begins where the one before it ends."""
    return all(after.start == before.stop for before, after in pairwise(parts))
