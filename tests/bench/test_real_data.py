"""The converters on the third-party tables themselves, where those are at hand."""

import os
from pathlib import Path

import pytest

from bench.data.catalogue import LOADERS, VARIABLE, load
from bench.data.dataset import Selection
from bench.data.encode import encode
from streams.upstream import parse

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} does not say where the third-party data are"
)


@pytest.mark.parametrize("name", LOADERS)
def test_every_event_of_a_sample_is_read_in_time_order_and_once(name: str) -> None:
    sample = 0.05 if name in ("handbook", "sparkov") else 1.0
    dataset = load(name, Path(os.environ[VARIABLE]), Selection(sample=sample))

    ids = set()
    latest = 0
    for line in encode(dataset):
        event = parse(line)
        assert event.event_time >= latest
        latest = event.event_time
        ids.add(event.event_id)

    assert len(ids) == sum(dataset.counts().values()) > 10_000
