"""Money in many currencies, made comparable by order of magnitude and readable in a sentence."""

import zlib
from functools import lru_cache
from typing import NamedTuple


def _each(codes: str, value: float) -> dict[str, float]:
    return dict.fromkeys(codes.split(), value)


_EXPONENTS = {
    **_each("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0),
    **_each("BHD IQD JOD KWD LYD OMR TND", 3),
    **_each("BTC BCH LTC DOGE", 8),
    "ETH": 18.0,
    "XMR": 12.0,
    **_each("USDT USDC", 6),
}
"""Decimal places of the smallest unit, where they are not 2."""

_ROUGH_VALUES = {
    **_each("BTC", 60_000.0),
    **_each("ETH", 2_500.0),
    **_each("BCH XMR LTC", 150.0),
    **_each("BRL PLN ILS MYR SAR AED QAR RON", 0.22),
    **_each("CNY HKD SEK NOK DKK MXN ZAR MAD MDL EGP TRY", 0.1),
    **_each("CZK THB PHP TWD UAH UYU DOGE", 0.03),
    **_each("INR RUB BDT PKR LKR ISK HUF JPY KES NPR RSD DZD", 0.008),
    **_each("CLP KRW XAF XOF CRC AMD KZT NGN MMK ARS TZS", 0.0012),
    **_each("COP IDR VND PYG UGX MNT RWF IQD GNF LBP IRR", 0.00008),
    **_each("KWD BHD OMR JOD", 2.5),
}
"""What one unit is worth in EUR, by order of magnitude; 1 where it is not listed.

Good enough for "is this a small amount" and for price bands, not for accounts. It is fixed, so that
a replay years later judges as today.
"""

_PRICE_MARKS = 0x10000
"""First character used as a price mark: beyond the surrogates, so every mark can be encoded."""


class Unit(NamedTuple):
    """What a smallest unit of a currency stands for."""

    worth: float
    """Rough EUR of one smallest unit."""
    first_mark: int
    """Where the price marks of this currency begin."""


@lru_cache(maxsize=512)
def unit(currency: str) -> Unit:
    exponent = int(_EXPONENTS.get(currency, 2))
    currency_slot = zlib.crc32(currency.encode("utf-8", "replace")) % 250
    return Unit(_ROUGH_VALUES.get(currency, 1.0) / 10.0**exponent, _PRICE_MARKS + 4096 * currency_slot)


def exponent(currency: str) -> int:
    """Decimal places of the currency's smallest unit."""
    return int(_EXPONENTS.get(currency, 2))


def say_money(amount_minor: int, currency: str) -> str:
    """`EUR 39.00` for 3900 cents; exact, whatever the size."""
    places = exponent(currency)
    if not places:
        return f"{currency} {amount_minor}"
    whole, rest = divmod(amount_minor, 10**places)
    return f"{currency} {whole}.{rest:0{places}d}"
