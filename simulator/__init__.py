"""A made-up marketplace of honest and illicit sellers, and the truth about them."""

from simulator.live import LiveEvent, live
from simulator.marketplace import Marketplace, Truth, simulate

__all__ = ["LiveEvent", "Marketplace", "Truth", "live", "simulate"]
