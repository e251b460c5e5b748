"""Tables of facts as one stream of contract events in time order."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from bench.data.dataset import Dataset, Facts

CHUNK = 50_000
"""Events whose text is in memory at once (about 20 MB)."""
NULL_FIELD = r',"\w+":null'
"""Inside a JSON string every quote has a backslash before it, so this matches no text."""


def encode(dataset: Dataset, chunk: int = CHUNK) -> Iterator[bytes]:
    """Every event as one line of JSON; events of one time in the order of `dataset.facts`."""
    times = [facts.table["event_time"].to_physical().to_numpy() for facts in dataset.facts]
    everything = np.sort(np.concatenate(times)) if times else np.empty(0, np.int64)
    cuts = np.unique(everything[chunk::chunk])  # equal times never fall into two chunks
    bounds = [[0, *np.searchsorted(column, cuts).tolist(), len(column)] for column in times]
    for row_ranges in zip(*(pairwise(of_one) for of_one in bounds), strict=True):
        parts = [
            _lines(facts, first, end - first) for facts, (first, end) in zip(dataset.facts, row_ranges, strict=True)
        ]
        yield from pl.concat(parts).sort("event_time", maintain_order=True)["line"].to_list()


def _lines(facts: Facts, first: int, rows: int) -> pl.DataFrame:
    fields = dict(facts.fields)
    head = pl.struct(
        fields.pop("event_id").alias("event_id"),  # first, and never null: NULL_FIELD needs a field before it
        pl.lit(facts.type).alias("type"),
        pl.col("event_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        *(expr.alias(name) for name, expr in fields.items()),
    )
    text = head.struct.json_encode().str.replace_all(NULL_FIELD, "")
    return facts.table.slice(first, rows).select("event_time", line=text.cast(pl.Binary))
