"""Feature rows that watch hands to learn: what the shared models are trained on."""

from typing import Literal

import msgspec
from msgspec import Struct

from detectors.events import Micros, Source


class TrainingRow(Struct, frozen=True, omit_defaults=True):
    """One order as it looked when it was scored, and later, perhaps, what it turned out to be."""

    source: Source
    """Position of the log record that gave this row."""
    event_id: str
    """Of the order; on a labelled row, of the event that brought the label."""
    order_id: str | None
    seller_id: str
    cohort: str
    """`buyer kind|category|price band`; see `detectors.models.cohorts.lineage`."""
    event_time: Micros
    logged_at: Micros
    features: tuple[float, ...]
    """0..1 each, in the order of `detectors.patterns.features.FEATURES`, as they were when the order was scored."""
    suspicious: bool
    """Scored above the learning line, or under an open alert: "normal" must not learn it."""
    label: Literal["bad", "good"] | None = None
    label_source: Literal["dispute", "verdict", "proven"] | None = None
    """`proven`: the seller has traded for long without a complaint."""
    weight: int = 1
    """Orders that this one stands for, where it is unlabelled."""
    extra: bool = False
    """Taken because the risk model saw some risk, on top of the sample: it is not what is usual."""
    unjudged: bool = False
    """A pattern that labels do not judge speaks against the seller: silence does not make the order good."""
    risk: float = -1.0
    """What the risk model in force gave the order when it was scored; -1 where there was none."""
    challenger: float = -1.0
    """The same of the model that scores in the shadow."""
    risk_offset: int = -1
    challenger_offset: int = -1
    """Training offsets that name the versions which gave these chances; -1: unknown."""
    texts: tuple[str, ...] = ()
    """Folded texts of the seller's listings; a row with texts has no features, and the other way round."""


decode_row = msgspec.json.Decoder(TrainingRow).decode
encode_row = msgspec.json.Encoder().encode
