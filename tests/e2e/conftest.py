"""One broker and one Redis for the module's tests, which share a running system."""

from collections.abc import Iterator

import pytest

from tests.e2e.system import System
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose topics and Redis are its own; each test starts the workers it needs."""
    logs = tmp_path_factory.mktemp("logs")
    with RealKafka() as broker, RealRedis() as server, System(broker, server, logs, publish_interval="PT1M") as made:
        yield made
