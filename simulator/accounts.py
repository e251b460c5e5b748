"""What a seller tells the marketplace about itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from stdnum.es import dni
from stdnum.iso7064 import mod_11_10

from detectors.events import Place, SellerRegistered
from simulator.dice import Dice
from simulator.places import (
    COUNTRIES,
    FIRST_NAMES,
    LAST_NAMES,
    MAIL_HOSTS,
    SHOP_ENDS,
    SHOP_WORDS,
    Country,
    carrier_address,
    neighbour,
    network_address,
    place,
)

Verification = Literal["none", "pending", "verified", "failed"]


CHECKS: Mapping[str, Callable[[str], str]] = {"DE": mod_11_10.calc_check_digit, "ES": dni.calc_check_digit}
"""What follows the first eight digits."""


@dataclass(frozen=True)
class Account:
    country: Country
    display_name: str
    legal_name: str
    email: str
    phone: str
    payout_account: str
    tax_id: str
    address: Place
    ip: str
    device_id: str
    verification: Verification

    def registered(self) -> SellerRegistered:
        fields: Mapping[str, Any] = {**vars(self), "country": self.country.code}
        return SellerRegistered(**fields)


def open_account(seed: int, dice: Dice, country: Country | None = None) -> Account:
    """A new seller's account; what is honest and what is not looks the same here."""
    country = country or dice.pick(COUNTRIES)
    ip = network_address(dice, country)
    draw = dice.random()
    return Account(
        country=country,
        **name_and_mail(dice),
        phone=phone(dice, country),
        payout_account=payout_account(dice, country),
        tax_id=tax_id(country, dice.whole(10**8, 10**9 - 1)),
        address=place(dice, country),
        ip=carrier_address(seed, country, 1, dice) if dice.chance(0.12) else ip,
        device_id=device(dice),
        verification="verified" if draw < 0.75 else "pending" if draw < 0.9 else "none",
    )


def name_and_mail(dice: Dice) -> dict[str, str]:
    first, last, number = dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES), dice.whole(1, 9999)
    shop = f"{dice.pick(SHOP_WORDS)} {dice.pick(SHOP_ENDS)} {number % 100}"
    shown = dice.pick((shop, shop, f"{first} {last}", f"{first.lower()}_{number}"))
    address = f"{first}.{last}{number}@{dice.pick(MAIL_HOSTS)}".lower()
    return {"display_name": shown, "legal_name": f"{first} {last}", "email": address}


def phone(dice: Dice, country: Country) -> str:
    return f"{country.dial}{dice.whole(150_000_000, 179_999_999)}"


def payout_account(dice: Dice, country: Country) -> str:
    """Like an IBAN, with its check digits."""
    bank, number = dice.whole(10**7, 10**8 - 1), dice.whole(10**9, 10**10 - 1)
    letters = "".join(str(ord(letter) - 55) for letter in country.code)
    return f"{country.code}{98 - int(f'{bank}{number}{letters}00') % 97:02d}{bank}{number}"


def tax_id(country: Country, number: int) -> str:
    """A VAT number with its check digit where the country's has this form; elsewhere a number of some other kind."""
    check = CHECKS.get(country.code)
    return f"{country.code}{number // 10}{check(str(number // 10)) if check else number % 10}"


def device(dice: Dice) -> str:
    return f"dev_{dice.hexadecimal(12)}"


def another_front(seed: int, dice: Dice, owner: Account, keep: tuple[str, ...]) -> Account:
    """A new account of the same owner: the fields in `keep` stay, all others are new."""
    fresh = open_account(seed, dice, owner.country)
    kept = {field: getattr(owner, field) for field in keep}
    return replace(fresh, **{"ip": neighbour(owner.ip, dice), **kept})
