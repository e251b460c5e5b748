"""The store's tests run on one Redis, and on a cluster of three shards."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings


class AnyRedis(NamedTuple):
    """A Redis for a state machine."""

    url: str
    effort: settings
    """Fewer examples on a cluster: each step of them goes to several servers."""


@pytest.fixture(params=["redis_url", "redis_cluster_url"])
def of_any_kind(request: pytest.FixtureRequest) -> AnyRedis:
    """An empty Redis, alone or a cluster."""
    effort = settings(
        max_examples=100 if request.param == "redis_url" else 6,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    return AnyRedis(request.getfixturevalue(request.param), effort)
