"""Who takes part: how many sellers of each kind, and which number each of them has."""

from collections.abc import Mapping

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
from simulator.kinds.warehouse_shop import MEMBERS, WarehouseShop
from simulator.seller import Role, Seller

# Rare kinds first: where sellers are few, each of them still gets one.
HONEST: tuple[tuple[type[Seller], float], ...] = (
    (SubscriptionBox, 0.03), (FixedPrice, 0.03), (FlashSale, 0.03), (BusinessSeller, 0.05), (WarehouseShop, 0.14),
    (Shop, 0.28), (MicroSeller, 0.44),
)  # fmt: skip
GROUPED: Mapping[type[Seller], tuple[int, int]] = {DeviceRing: (3, 8), ReturnAfterBan: (2, 3)}
"""Kinds whose accounts come in groups of one owner, and how large the groups are."""
_Cast = list[tuple[type[Seller], str, int, int]]


def cast(seed: int, sellers: int, illicit_share: float) -> list[Role]:
    """Deals the numbers 0 to `sellers` - 1 to the kinds; kinds do not cluster in the numbers."""
    dice = Dice(seed, "population")
    illicit = _illicit(dice, round(sellers * illicit_share))
    honest = _honest(sellers - len(illicit))
    numbers = dice.shuffled(range(sellers))
    roles = [Role(number, *part) for number, part in zip(numbers, illicit + honest, strict=True)]
    return sorted(roles, key=lambda role: role.number)


def company(seed: int, wanted: Mapping[type[Seller], int]) -> list[Role]:
    """Deals numbers to so many sellers of each kind; rings and chains of accounts are never cut short."""
    dice = Dice(seed, "population")
    parts: _Cast = []
    for kind, count in wanted.items():
        if kind in GROUPED:
            parts += _groups(dice, kind, count)
        else:
            parts += [(kind, "" if kind.illicit else str(n // MEMBERS), n % MEMBERS, count) for n in range(count)]
    numbers = dice.shuffled(range(len(parts)))
    roles = [Role(number, *part) for number, part in zip(numbers, parts, strict=True)]
    return sorted(roles, key=lambda role: role.number)


def _groups(dice: Dice, kind: type[Seller], count: int) -> _Cast:
    """At least `count` accounts of one kind, each with others of the same owner."""
    least, most = GROUPED[kind]
    parts: _Cast = []
    while len(parts) < count:
        size, group = dice.whole(least, most), f"{kind.kind}-{len(parts)}"
        parts += [(kind, group, place, size) for place in range(size)]
    return parts


def _honest(count: int) -> _Cast:
    parts: _Cast = []
    for kind, share in HONEST:
        wanted = max(1, round(share * count)) if kind is not MicroSeller else count
        for place in range(min(wanted, count - len(parts))):
            parts.append((kind, str(place // MEMBERS), place % MEMBERS, wanted))
    return parts


def _illicit(dice: Dice, count: int) -> _Cast:
    """Rounds of all kinds, as long as there is room for them."""
    parts: _Cast = []
    group = 0
    while len(parts) < count:
        for kind, size in (
            (SmallRepeat, 1), (ReturnAfterBan, 2 + dice.chance(0.25)), (TurnToCrypto, 1), (DormantTakeover, 1),
            (SmallRepeat, 1), (SmallRepeat, 1), (DeviceRing, dice.whole(3, 8)), (SmallRepeat, 1),
            (TurnToCrypto, 1), (DormantTakeover, 1),
        ):  # fmt: skip
            room = count - len(parts)
            size = size if kind is not DeviceRing else min(size, max(3, room))
            if size > room:
                continue
            group += 1
            parts += [(kind, f"group-{group}" if size > 1 else "", place, size) for place in range(size)]
    return parts
