import pytest

from simulator import simulate
from tests.simulator.observed import Observed


@pytest.fixture(scope="session")
def seen() -> Observed:
    return Observed.of(simulate(11, 360, 35, illicit_share=0.08))
