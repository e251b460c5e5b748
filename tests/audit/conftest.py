"""One small log and what its fold gives, for all tests of the chain."""

import pytest

from streams.settings import load_settings
from tests.audit.made import KEY, Made, folded, made_log

SETTINGS = load_settings(alert_threshold=0.6, model_keys=KEY.decode(), hash_keys="k1:a key for hashes of tests")


@pytest.fixture(scope="session")
def made() -> Made:
    """Made once; whoever changes something of it changes a copy."""
    return folded(made_log(SETTINGS), SETTINGS)
