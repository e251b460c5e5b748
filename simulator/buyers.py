"""The people and firms who buy: any of them can be looked up by number, none is stored."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from detectors.events import Method, Place
from simulator.dice import Dice
from simulator.ids import Ids
from simulator.places import COUNTRIES, Country, carrier_address, network_address, place

PEOPLE_PER_SELLER = 60
_REMEMBERED = 30_000  # building one costs 20 microseconds, keeping one a kilobyte
_KINDS_OF_METHOD: tuple[tuple[float, Method], ...] = (
    (0.60, "card"), (0.82, "wallet"), (0.95, "bank_transfer"), (0.98, "gift_card"), (1.0, "other"),
)  # fmt: skip
_SLOTS = {home.code: [slot for slot, country in enumerate(COUNTRIES) if country is home] for home in COUNTRIES}
BuyerKind = Literal["consumer", "business"]


@dataclass(frozen=True, slots=True)
class Buyer:
    number: int
    buyer_id: str
    kind: BuyerKind
    country: Country
    home: Place
    home_ip: str
    mobile_ip: str
    device_id: str
    method: Method
    instruments: tuple[str, ...]
    """Of the method; more than one where a person has two cards."""
    crypto_wallet: str


class Buyers:
    """A population, a few of which buy most."""

    def __init__(self, seed: int, kind: BuyerKind, count: int) -> None:
        self._seed, self._kind, self._ids = seed, kind, Ids(seed)
        self._rows = max(4, count // len(COUNTRIES))
        self._carriers = 1 + count // 60_000
        self.by_number = lru_cache(maxsize=_REMEMBERED)(self._build)

    def draw(self, dice: Dice, country: Country, at_home: float) -> Buyer:
        """Someone of `country` with probability `at_home`, else of anywhere."""
        slot = dice.whole(0, len(COUNTRIES) - 1)
        if COUNTRIES[slot] is not country and dice.chance(at_home):
            slot = dice.pick(_SLOTS[country.code])
        row = int(self._rows * dice.random() ** 1.4)  # low rows buy more often
        return self.by_number(row * len(COUNTRIES) + slot)

    def _build(self, number: int) -> Buyer:
        own = Dice(self._seed, self._kind, number)
        row, slot = divmod(number, len(COUNTRIES))
        country = COUNTRIES[slot]
        # Every second person may live with the one before: same address and network, often same device.
        # The home is what comes first out of a person's dice, so the other's can be had without the other.
        together = row % 2 == 1 and own.chance(0.3)
        house = Dice(self._seed, self._kind, number - len(COUNTRIES)) if together else own
        home, device, home_ip = place(house, country), house.hexadecimal(12), network_address(house, country)
        mobile_ip = carrier_address(self._seed, country, self._carriers, own)
        draw = own.random()
        method = next(method for limit, method in _KINDS_OF_METHOD if draw < limit)
        if self._kind == "business":
            method = "bank_transfer" if own.chance(0.7) else "card"
        return Buyer(
            number=number,
            buyer_id=self._ids.make("buyer", number << 1 | (self._kind == "business")),
            kind=self._kind,
            country=country,
            home=home,
            home_ip=mobile_ip if own.chance(0.25) else home_ip,
            mobile_ip=mobile_ip,
            device_id=f"dev_{own.hexadecimal(12) if together and own.chance(0.5) else device}",
            method=method,
            instruments=tuple(f"{method}_{own.hexadecimal(12)}" for _ in range(1 + own.chance(0.2))),
            crypto_wallet=f"bc1q{own.hexadecimal(12)}{own.hexadecimal(12)}",
        )
