"""Trade that suddenly runs much faster than the seller's own, with signs that it is not the seller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, above, either, rise
from detectors.patterns.base import Case, Term, against, share


def _say_burst(case: Case) -> str:
    x = min(case.observed, 0.95)
    return f"orders of the last day run {4.0 * x / (1.0 - x) + 2.0:.0f} times above the seller's month"


def _say_hour(case: Case) -> str:
    x = min(case.observed, 0.95)
    return f"orders of the last hour run {8.0 * x / (1.0 - x) + 4.0:.0f} times above the seller's week"


def _say_woken(case: Case) -> str:
    return against(case, f"trade after a long silence, weight {share(case.observed)}")


def _say_changed(case: Case) -> str:
    return f"payout account or device changed within the last days (weight {share(case.observed)})"


def _say_amount(case: Case) -> str:
    x = min(case.observed, 0.95)
    return f"amount {3.0 * x / (1.0 - x):.1f} deviations above the seller's own norm"


def _say_failed(case: Case) -> str:
    return against(case, f"{share(case.observed)} of payments failed")


def _say_turn(case: Case) -> str:
    return against(case, f"share of crypto and gift cards {share(case.observed)} above the seller's own")


@dataclass(frozen=True)
class Velocity:
    """Looks for a burst of orders that comes with signs of a takeover or a bust-out.

    A burst alone is a flash sale and stays below the line. It counts with a long silence before it, a change
    of payout account or device just before, and then dearer goods than ever, failing payments (card testing), or a
    turn to crypto. A new phone after a long break is no burst, nor is a sale at usual prices.

    Misses what keeps the seller's pace: a turn to crypto is then a matter of `payment_mix`, other goods of `takeover`.

    Args:
        burst, woken, changed, amount, failed, turn: Weight of each fact.
    """

    name: ClassVar[str] = "velocity"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("burst_day", "burst_day", _say_burst),
        Term("burst_hour", "burst_hour", _say_hour),
        Term("woken", "woken", _say_woken),
        Term("account_changed", "account_changed", _say_changed),
        Term("amount_in_burst", "amount_high", _say_amount),
        Term("failed_payments", "failed_payments", _say_failed),
        Term("method_turn", "method_turn", _say_turn),
    )

    burst: float = 0.25
    woken: float = 1.6
    changed: float = 1.6
    amount: float = 0.3
    failed: float = 1.8
    turn: float = 3.2

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        day, hour = f["burst_day"], f["burst_hour"]
        burst = either(day, 0.7 * hour)
        return (
            self.burst * day,
            self.burst * hour,
            self.woken * f["woken"] * (0.4 + 0.6 * burst),
            self.changed * f["account_changed"] * (0.1 + 0.2 * burst + f["woken"] * (0.2 + 0.8 * burst)),
            self.amount * f["amount_high"] * burst * (1.0 + 7.0 * f["account_changed"]),
            self.failed * rise(above(f["failed_payments"], peers["failed_payments"]), 0.1, 0.3) * burst,
            self.turn * rise(above(f["method_turn"], peers["method_turn"]), 0.08, 0.25) * burst,
        )
