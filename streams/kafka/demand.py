"""Asks the broker for records when somebody wants them, and not before."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

Fetch = Callable[[Any, float | None, int], Awaitable[dict[Any, Any]]]
"""Partitions, seconds to wait, records at most; the records by partition."""

STRAGGLERS_SECONDS = 0.02
"""So long is waited for the other brokers when what one had sent too late for the last poll is already here."""


class Demand:
    """Holds back an aiokafka `Fetcher` until it is asked, and for as long as it is not.

    By itself it asks again as soon as an answer has come. While the stage works, that answer is a few
    records; they are the stage's next poll, however many have come to the broker since, and nothing more
    is asked for before they are taken. So a record waits for two short polls that it could have been part
    of. Asked when the stage is ready, the broker gives everything that there is.

    Private names of aiokafka are used; tests/kafka/test_private_names.py guards them.
    """

    def __init__(self, fetcher: Any) -> None:
        self.fetcher = fetcher
        self._plan = fetcher._get_actions_per_node
        self._wanted = False
        self._partitions: Collection[Any] = ()
        fetcher._get_actions_per_node = self._planned

    def _planned(self, assignment: Any) -> tuple[Any, ...]:
        for tp, records in self.fetcher._records.items():
            if tp not in self._partitions:  # nobody takes them now: the others are not to wait for that
                records._backoff = 0.0
        fetches, *others = self._plan(assignment)
        return (fetches if self._wanted else [], *others)

    async def records(self, fetch: Fetch, partitions: Collection[Any], most: int, wait: float | None) -> Any:
        """What `fetch` brings; it is called twice where the first time brings only what was left over."""
        self._partitions = partitions
        left_over = any(tp in partitions for tp in self.fetcher._records)
        self.want(True)
        fetched = await fetch(partitions, wait, most)
        room = most - sum(map(len, fetched.values()))
        if fetched and left_over and room > 0:
            for tp, records in (await fetch(partitions, STRAGGLERS_SECONDS, room)).items():
                fetched[tp] = fetched.get(tp, []) + records
        return fetched

    def want(self, wanted: bool) -> None:
        """Whether the broker may be asked from now on."""
        self._wanted = wanted
        if wanted:
            self.fetcher._notify(self.fetcher._wait_consume_future)
