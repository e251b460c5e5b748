"""One marketplace of a seed: real honest trade, real illicit trade, and made-up sellers of every kind.

The third-party tables are moved in time, so that all of it happens in the same weeks. A seed draws which weeks
and which sellers are taken of them, and everything of the simulation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import merge
from pathlib import Path

import msgspec
import polars as pl

from bench.data.catalogue import load
from bench.data.dataset import Dataset, Facts, Selection
from bench.data.encode import encode
from simulator import Truth, staged
from simulator.dice import Dice
from simulator.kinds.business_seller import BusinessSeller
from simulator.kinds.device_ring import DeviceRing
from simulator.kinds.dormant_takeover import DormantTakeover
from simulator.kinds.fixed_price import FixedPrice
from simulator.kinds.flash_sale import FlashSale
from simulator.kinds.micro_seller import MicroSeller
from simulator.kinds.return_after_ban import ReturnAfterBan
from simulator.kinds.shop import Shop
from simulator.kinds.small_repeat import SmallRepeat
from simulator.kinds.subscription_box import SubscriptionBox
from simulator.kinds.turn_to_crypto import TurnToCrypto
from simulator.kinds.warehouse_shop import WarehouseShop
from simulator.marketplace import START
from simulator.seller import Seller

DAYS = 42
HONEST: Mapping[type[Seller], int] = {
    SubscriptionBox: 50, FlashSale: 50, WarehouseShop: 60,
    Shop: 40, MicroSeller: 160, BusinessSeller: 12, FixedPrice: 3,
}  # fmt: skip
ILLICIT: Mapping[type[Seller], int] = {
    SmallRepeat: 12, TurnToCrypto: 8, DormantTakeover: 8, DeviceRing: 18, ReturnAfterBan: 14,
}  # fmt: skip
VENDORS = 60
"""Of the darknet market."""
OLIST_FIRST, OLIST_LAST = date(2017, 4, 1), date(2018, 6, 1)
"""Weeks of steady trade begin between these days."""
AGORA_FIRST = date(2014, 1, 6)


@dataclass
class Bad:
    """An illicit seller and its illicit orders, in time order."""

    kind: str
    group: str | None = None
    place: int = 0
    """Among the accounts of its group."""
    orders: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """Events in time order, and the truth about the sellers."""

    sources: Sequence[Iterator[bytes]]
    kinds: Mapping[str, str]
    """Of every seller, honest or not."""
    bad: Mapping[str, Bad]

    @property
    def hard(self) -> list[str]:
        """Honest made-up kinds."""
        return sorted({kind for seller, kind in self.kinds.items() if seller not in self.bad} - {"olist"})

    def lines(self) -> Iterator[bytes]:
        return merge(*self.sources, key=_time_of)


def _time_of(line: bytes) -> bytes:
    at = line.index(b'"event_time":"') + 14
    return line[at : at + 19]


def stage(data: Path | None, seed: int, *, honest: Mapping[type[Seller], int] = HONEST,
          illicit: Mapping[type[Seller], int] = ILLICIT, vendors: int = VENDORS) -> Stage:  # fmt: skip
    """The marketplace of a seed."""
    dice = Dice(seed, "stage")
    offset = dice.whole(0, (OLIST_LAST - OLIST_FIRST).days)
    olist = _weeks_of("olist", data, OLIST_FIRST + timedelta(days=offset))
    agora_ = _weeks_of("agora", data, AGORA_FIRST)
    taken = set(dice.several(sorted(set(agora_.orders()["seller_id"])), vendors))
    agora_ = _of_sellers(agora_, taken)
    market = staged(seed, DAYS, {**honest, **illicit})
    truth = [msgspec.json.decode(line, type=Truth) for line in market.truth()]
    kinds = dict.fromkeys(olist.sellers(), "olist") | dict.fromkeys(taken, "agora")
    kinds |= {true.seller_id: true.kind for true in truth}
    bad = {vendor: Bad("agora") for vendor in taken}
    for order_id, seller_id in agora_.orders().select("order_id", "seller_id").iter_rows():
        bad[seller_id].orders[order_id] = None
    for true, role in zip(truth, market.roles, strict=True):
        if true.illicit:
            bad[true.seller_id] = Bad(true.kind, true.group, role.place, dict.fromkeys(true.orders))
    return Stage((encode(olist), encode(agora_), market.events()), kinds, bad)


def _weeks_of(name: str, data: Path | None, since: date) -> Dataset:
    """The weeks of a data set from `since` on, moved to the weeks of the simulation."""
    dataset = load(name, data, Selection(since, since + timedelta(days=DAYS)))
    shift = START.replace(tzinfo=None) - datetime.combine(since, time())
    end = START.replace(tzinfo=None) + timedelta(days=DAYS)
    facts = [
        Facts(
            fact.type,
            fact.table.with_columns(pl.col("event_time") + shift).filter(pl.col("event_time") < end),
            fact.fields,
        )
        for fact in dataset.facts
    ]
    return Dataset(tuple(facts))


def _of_sellers(dataset: Dataset, sellers: set[str]) -> Dataset:
    return Dataset(tuple(
        Facts(fact.type, fact.table.filter(fact.fields["seller_id"].is_in(sorted(sellers))), fact.fields)
        for fact in dataset.facts
    ))  # fmt: skip
