"""The risk model's curves in plain words."""

from typing import Final

from detectors.patterns.base import Case, Term, share

PHRASES: Final = {
    "order_amount": "an amount of this size",
    "order_hour": "the hour of the day",
    "bad_episode": "share of bad among the last orders old enough to be judged",
    "bad_since": "age of the present run of bad orders",
    "disputes_1d": "disputes of the last day against orders",
    "disputes_7d": "disputes of 7 days against orders",
    "disputes_30d": "disputes of 30 days against orders",
    "buyer_amount_high": "the amount against what this buyer usually pays",
    "buyer_bad": "how lately orders of this buyer were disputed",
    "buyer_pace": "the buyer's day against its month",
    "amount_high": "the amount against the seller's own norm",
    "near_repeat": "share of the last orders at the same price",
}
"""What a feature is about; a feature that is not named here is told by its name."""


def learned_term(feature: str, height: float) -> Term:
    """The term of one curve.

    Args:
        height: Of the curve: log odds that it adds.
    """
    what = PHRASES.get(feature) or feature.replace("_", " ")
    times = odds_ratio(height)

    def say(case: Case) -> str:
        return f"{what} ({share(case.observed)}): labels say such orders turn out bad {times:.1f} times as often"

    return Term(f"learned_{feature}", feature, say)


def ordinary_term(chance: float) -> Term:
    """The term where no curve raises the chance (0..1): what speaks is how often orders turn out bad at all."""

    def say(_: Case) -> str:
        return f"labels say that of such orders {100.0 * chance:.1f} % turn out bad, and no fact of this one raises it"

    return Term("learned_ordinary", "experience", say)


def odds_ratio(height: float) -> float:
    """e to the power of `height`, from products alone: the same on every machine, within 1 %."""
    value = 1.0 + min(max(height, -20.0), 20.0) / 4096.0
    for _ in range(12):
        value *= value
    return value
