"""What speaks against a single order, whoever sells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, rise
from detectors.patterns.base import Case, Term, against, share
from detectors.patterns.intel import NONE
from detectors.profiles.facet_states import Intel


def _deviations(observed: float) -> str:
    x = min(observed, 0.97)
    return f"{3.0 * x / (1.0 - x):.1f}"


def _say_buyer_amount(case: Case) -> str:
    return f"amount {_deviations(case.observed)} deviations above what this buyer usually pays"


def _say_amount(case: Case) -> str:
    return f"amount {_deviations(case.observed)} deviations above the seller's own norm"


def _say_buyer_bad(case: Case) -> str:
    return against(case, "orders of this buyer were disputed lately")


def _say_pace(case: Case) -> str:
    return against(case, f"the buyer orders faster than usual (weight {share(case.observed)})")


def _say_shared(case: Case) -> str:
    return against(case, "device, card or address belongs to other buyers of this seller too")


def _say_listed(case: Case) -> str:
    latest = case.state(Intel, NONE).buyer_source
    return f"the buyer's {latest}" if latest else "a value of the buyer is listed"


@dataclass(frozen=True)
class OrderFacts:
    """Looks at the order alone: amount against buyer and seller, the buyer's record and pace.

    Counts in the order's score, never in the seller's: it raises no alert.
    """

    name: ClassVar[str] = "order"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("buyer_amount_high", "buyer_amount_high", _say_buyer_amount),
        Term("amount_high", "amount_high", _say_amount),
        Term("buyer_disputed", "buyer_bad", _say_buyer_bad),
        Term("buyer_pace", "buyer_pace", _say_pace),
        Term("shared_with_buyers", "shared_here", _say_shared),
        Term("listed_here", "listed_here", _say_listed),
    )

    buyer_amount: float = 0.8
    amount: float = 0.7
    buyer_bad: float = 1.8
    pace: float = 0.1
    shared: float = 0.4
    listed: float = 2.2

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        high = rise(f["buyer_amount_high"], 0.25, 0.15)
        return (
            self.buyer_amount * high,
            self.amount * rise(f["amount_high"], 0.4, 0.1),
            self.buyer_bad * f["buyer_bad"] * (0.05 + high),
            self.pace * f["buyer_pace"],
            self.shared * f["shared_here"],
            self.listed * f["listed_here"] * f["listed_here"],
        )
