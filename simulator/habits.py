"""How often the things that follow an order happen to a seller."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of orders, and median days where a name says so."""

    payment_failed: float = 0.03
    cancelled: float = 0.012
    shipped: float = 0.995
    days_to_ship: float = 0.9
    days_under_way: float = 2.4
    refunded: float = 0.015
    disputed: float = 0.002
    days_to_dispute: float = 12.0
    reported: float = 0.0008
    reviewed: float = 0.25
    stars: tuple[float, ...] = (0.02, 0.04, 0.10, 0.30, 1.0)
    """Cumulative shares of one to five stars."""
    released_early: float = 0.01
    in_crypto: float = 0.003
    declares: str | None = None
    """What the customs form says, where that is not the title of the first item."""
    declared_value: float = 1.0
    """Of the price."""
    weight: float = 1.0
    """Of what the goods weigh."""
    made_up_sender: float = 0.0
    """Share of parcels with a sender that nobody knows."""


HONEST = Habits()
SUBSCRIBED = replace(HONEST, reviewed=0.04, cancelled=0.02, disputed=0.003)
BUSINESS = replace(HONEST, reviewed=0.08, disputed=0.001, payment_failed=0.01, days_to_ship=1.6, in_crypto=0.0)
# Buyers who got what they ordered seldom complain; but stolen cards, lost parcels and neighbours do show.
CONCEALED = replace(
    HONEST, disputed=0.05, days_to_dispute=8.0, reported=0.03, refunded=0.005, reviewed=0.35,
    stars=(0.02, 0.03, 0.05, 0.1, 1.0), released_early=0.45, in_crypto=0.12, days_under_way=4.0,
)  # fmt: skip
IN_CRYPTO = replace(CONCEALED, in_crypto=0.85, disputed=0.04)
SWINDLE = replace(
    HONEST, shipped=0.25, disputed=0.3, days_to_dispute=8.0, reported=0.06, refunded=0.04, reviewed=0.12,
    stars=(0.6, 0.7, 0.75, 0.8, 1.0), payment_failed=0.06,
)  # fmt: skip
HIDDEN_SENDER = replace(HONEST, made_up_sender=0.8, weight=4.0, released_early=0.2, disputed=0.03, reported=0.01)
FALSE_PAPERS = replace(HONEST, declares="cotton samples", declared_value=0.15, weight=0.12, released_early=0.15)
PICKED_UP = replace(HONEST, shipped=0.0, released_early=0.5, disputed=0.002, refunded=0.01)
LAZY_PAPERS = replace(HONEST, declares="gift samples", declared_value=0.6)
