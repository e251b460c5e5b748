"""Whether a tax id can be one: all that is kept of it beside its hash."""

from typing import Literal

from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, ValidationError

TaxCheck = Literal["right", "wrong"]
UNCONFIRMED = ("LV0", "LV1", "LV2", "LV3")
"""A Latvian person's number is the personal code, whose check digit no authority describes."""


def tax_check(text: str) -> TaxCheck | None:
    """Checks the digits of an EU VAT number with its country's prefix; `None` for what has not the form of one.

    A seller may give another number that its state knows it by: only a number that is a VAT number in country,
    length and alphabet, and in its check digits is none, is wrong.
    """
    try:
        vat.validate(text)
    except InvalidChecksum:
        return None if vat.compact(text).startswith(UNCONFIRMED) else "wrong"
    except ValidationError:
        return None
    return "right"
