"""When the broker is asked for records."""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchError

from streams.kafka.demand import Demand

HERE, THERE = TopicPartition("orders", 0), TopicPartition("orders", 1)


class Fetcher:
    """What `Demand` sees of aiokafka's: what is fetched and not taken, and a plan."""

    def __init__(self) -> None:
        self._records: dict[TopicPartition, FetchError] = {}
        self._wait_consume_future = object()
        self.told: list[Any] = []

    def _get_actions_per_node(self, assignment: Any) -> tuple[Any, ...]:
        waits = max((records.calculate_backoff() for records in self._records.values()), default=0)
        return ([] if waits else ["a request"], {}, waits, False, [])

    def _notify(self, future: Any) -> None:
        self.told.append(future)


def left_over() -> FetchError:
    return FetchError(error=OSError(), backoff=60.0)


async def test_nothing_is_asked_for_until_somebody_wants_it() -> None:
    fetcher = Fetcher()
    demand = Demand(fetcher)
    assert fetcher._get_actions_per_node(None)[0] == []
    demand.want(True)
    assert fetcher._get_actions_per_node(None)[0] == ["a request"]
    assert fetcher.told == [fetcher._wait_consume_future]  # it sleeps: it must be told
    demand.want(False)
    assert fetcher._get_actions_per_node(None)[0] == []


async def test_what_is_left_of_a_partition_that_is_held_keeps_no_other_waiting() -> None:
    fetcher = Fetcher()
    demand = Demand(fetcher)

    async def fetch(partitions: Any, wait: float | None, most: int) -> dict[Any, Any]:
        return {}

    fetcher._records[THERE] = left_over()
    await demand.records(fetch, {HERE, THERE}, 10, 1.0)
    assert fetcher._get_actions_per_node(None)[0] == []  # it is taken at once, and then asked for
    await demand.records(fetch, {HERE}, 10, 1.0)
    assert fetcher._get_actions_per_node(None)[0] == ["a request"]


async def test_what_was_left_over_is_taken_together_with_what_has_come_since() -> None:
    fetcher = Fetcher()
    demand = Demand(fetcher)
    answers: list[dict[Any, list[int]]] = [{HERE: [1, 2]}, {HERE: [3], THERE: [4]}]
    asked: list[tuple[float | None, int]] = []

    async def fetch(partitions: Any, wait: float | None, most: int) -> dict[Any, Any]:
        asked.append((wait, most))
        return answers.pop(0)

    fetcher._records[HERE] = left_over()
    assert await demand.records(fetch, {HERE, THERE}, 10, 5.0) == {HERE: [1, 2, 3], THERE: [4]}
    assert asked == [(5.0, 10), (0.02, 8)]
