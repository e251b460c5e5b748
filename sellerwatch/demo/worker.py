"""A worker on the embedded Kafka: the ordinary one, with a patience that only this Kafka needs.

The embedded Kafka refuses members whose SyncGroup comes after the leader's, and each refusal costs a
rebalance. So the leader lets the others go first; where that fails, the consumer's watchdog joins again.
"""

import asyncio
import sys
from typing import Any

from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance

from sellerwatch.worker import run_one
from streams.settings import load_settings

PAUSE_SECONDS = 0.4
_lead = CoordinatorGroupRebalance._on_join_leader


async def _lead_last(rebalance: Any, response: Any) -> Any:
    await asyncio.sleep(PAUSE_SECONDS)
    return await _lead(rebalance, response)


if __name__ == "__main__":
    CoordinatorGroupRebalance._on_join_leader = _lead_last
    sys.exit(run_one(sys.argv[1], load_settings()))
