"""What becomes of a test whose service cannot be had."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sellerwatch.embedded import PartMissingError
from tests.services import ServiceMissingError


@contextmanager
def skipped_unless_required() -> Iterator[None]:
    """Skips the test where a service is missing; fails it where all are required."""
    try:
        yield
    except (ServiceMissingError, PartMissingError) as missing:
        if os.environ.get("SELLERWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
