"""What one event adds to the profile: facts of this order or payment alone."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from detectors.events import BuyerHistory
from detectors.expectations import NO_EXPECTATIONS, Market
from detectors.language.reader import SAMPLE_READER, Reader, Reading


class Moment(Struct, gc=False):
    """Facts of the event at hand, on top of its seller's profile."""

    market: Market = NO_EXPECTATIONS
    """What the policy in force says of corridors, categories and lists."""
    reader: Reader = SAMPLE_READER
    """Reads titles and descriptions, by the lists and the text model in force."""
    amount_z: float = 0.0
    """Deviations of the amount above the seller's own norm."""
    buyer_z: float = 0.0
    """Deviations of the amount above the buyer's own norm."""
    buyer_bad: float = 0.0
    """0..1: how much of the buyer's trade was disputed, fading over weeks."""
    buyer_pace: float = 0.0
    """0..1: how far the buyer's last day lies above its month."""
    shared: float = 0.0
    """0..1: device, instrument or address that other buyers of this seller use as well."""
    order_number: int = 0
    """Which of the seller's orders a label is about; 0 where it is not known any more."""
    order_time: int = 0
    prolific: float = 0.0
    """0..1: how far the buyer buys more, at more sellers, than people do."""
    led: float = 0.0
    """1 where a prolific buyer bought of a banned or confirmed seller before."""
    card_strange: float = 0.0
    """1 where a known card is used on an unknown device for an unusual amount."""
    level: float = 0.0
    """ln(1 + amount in rough EUR) of an order."""
    amount_offset: float = 0.0
    """`level` against the seller's own norm."""
    log_minor: float = 0.0
    """ln(1 + amount_minor)."""
    buyer: BuyerHistory | None = None
    buyer_seen: int = 0
    """When the buyer was last seen."""
    buyer_deviation: float = 0.0
    """Mean deviations of the amount above the buyer's usual one, on a plain scale."""
    buyer_ratio: float = 1.0
    """The amount against the buyer's usual one."""
    listed: float = 0.0
    """0..1: a value of the buyer's that somebody has listed."""
    reading: Reading | None = None
    """What the texts of the event say."""


Learner = Callable[[Any, Any, Any, int, Moment], None]
"""Profile, record, its body, the profile's clock, moment: takes an event in."""
