"""What the tests of the deployment share."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Where the repository is."""
    return CHECKOUT
