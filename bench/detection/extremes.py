"""Two marketplaces that are extreme: hundreds behind one address, and one order in five illicit from the start."""

import re
from collections.abc import Iterator
from pathlib import Path

from bench.detection import found
from bench.detection.stage import stage
from bench.detection.trial import run
from detectors.events import DAY, Micros
from simulator import staged
from simulator.kinds.device_ring import DeviceRing
from simulator.kinds.escrow_early import EscrowEarly
from simulator.kinds.fake_sender import FakeSender
from simulator.kinds.flash_sale import FlashSale
from simulator.kinds.micro_seller import MicroSeller
from simulator.kinds.shop import Shop
from simulator.kinds.small_repeat import SmallRepeat
from simulator.kinds.subscription_box import SubscriptionBox
from simulator.kinds.warehouse_shop import WarehouseShop

CROWD, CROWD_DAYS = 500, 7
BUDGET = 2
"""Honest sellers that may lie above the line."""
_seller = re.compile(rb'"seller_id":"([^"]*)"').search


class Poison(SmallRepeat):
    """Small and repeated from the first day on, and never banned."""

    kind = "poison"

    def joined(self) -> Micros:
        self.new_for_it = True
        return self.world.start - DAY

    def close(self, at: Micros, reason: str, until: Micros | None = None) -> None:
        """Nobody notices."""


def crowd(seed: int) -> dict[str, float]:
    """Hundreds of shops behind one address: nobody is to be linked by it."""
    trial = run(staged(seed, CROWD_DAYS, {WarehouseShop: CROWD}).events())
    named = [alert for course in trial.courses.values() for _, alert in course.alerts if alert.evidence.sellers]
    return {f"{CROWD} sellers behind one address: alerts that name a link": len(named)}


def poisoning(data: Path | None, seed: int) -> dict[str, float]:
    """The same illicit sellers found with and without a fifth of the orders illicit all along."""
    market = stage(
        data,
        seed,
        honest={Shop: 50, MicroSeller: 150, SubscriptionBox: 8, FlashSale: 8},
        illicit={SmallRepeat: 7, DeviceRing: 6, FakeSender: 5, EscrowEarly: 5, Poison: 36},
        vendors=0,
    )
    poison = {seller for seller, bad in market.bad.items() if bad.kind == Poison.kind}
    tested = [seller for seller, bad in market.bad.items() if seller not in poison and bad.orders]
    lines = list(market.lines())
    clean, poisoned = run(_without(lines, poison)), run(lines)
    orders = sum(len(course.orders) for course in poisoned.courses.values())
    illicit = sum(len(bad.orders) for bad in market.bad.values())
    before, after = (found.recall_at(market, trial, tested, BUDGET) for trial in (clean, poisoned))
    return {
        "poisoned: share of illicit orders": illicit / orders,
        "poisoned: recall at the budget, of the clean run's": after / before if before else float("nan"),
        "poisoned: recall at the budget": after,
    }


def _without(lines: list[bytes], sellers: set[str]) -> Iterator[bytes]:
    for line in lines:
        match = _seller(line)
        if match is None or match[1].decode() not in sellers:
            yield line
