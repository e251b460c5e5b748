"""What the tests of the deployment share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import ServiceMissingError

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Where the repository is."""
    return CHECKOUT


@contextmanager
def skipped_unless_required() -> Iterator[None]:
    """Skips where a service is missing, or fails where all are required."""
    try:
        yield
    except ServiceMissingError as missing:
        if os.environ.get("SELLERWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
