"""A made-up marketplace of honest and illicit sellers, and the truth about them."""

from simulator.live import LiveEvent, live
from simulator.marketplace import Marketplace, Truth, simulate, staged

__all__ = ["LiveEvent", "Marketplace", "Truth", "live", "simulate", "staged"]
