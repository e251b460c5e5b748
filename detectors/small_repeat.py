"""Small amounts, over and over, in a trade that does not look like a shop's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.base import Case, Term, against, of_ten, share
from detectors.batch import Batch, Column, above, either
from detectors.money import say_money


def _say_repeat(case: Case) -> str:
    raw = case.raw
    price = say_money(raw.usual_amount, case.row.currency)
    return f"{raw.near} of the last {raw.prices} orders within 2 % of {price}; peers: {of_ten(case.peer)}"


def _say_rebuy(case: Case) -> str:
    return against(case, f"buyers come back within days, without rhythm: {share(case.observed)} of orders")


def _say_pool(case: Case) -> str:
    return against(
        case, f"{share(case.observed)} of orders share a device, card or address with other buyers"
    )


def _say_methods(case: Case) -> str:
    return against(case, f"{share(case.observed)} of payments in crypto or gift cards")


def _say_abroad(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders go abroad")


def _say_complaints(case: Case) -> str:
    return against(case, f"reports, disputes and refunds weigh {share(case.observed)} of a month's orders")


def _say_links(case: Case) -> str:
    count = len({link.seller_id for link in case.row.links})
    return f"shares contacts or devices with {count} other seller(s); peers {share(case.peer)}"


def _say_account(case: Case) -> str:
    return against(case, f"account new and not verified, after {case.raw.orders} orders")


@dataclass(frozen=True)
class SmallRepeat:
    """Looks for a price list of one or two small prices, bought again and again by a small circle.

    Same small price alone is a fixed-price shop; re-buying alone is a subscription box. What sets the illicit
    kind apart is that several weak facts meet: buyers come back after days and without rhythm, share devices
    or cards, pay in ways that cannot be called back, live abroad; complaints come; the account is new,
    unverified, or tied to others. No one of these reaches the alert line with the price pattern alone.

    Misses those who vary prices and goods, and slow trade: it needs about eight orders.
    """

    name: ClassVar[str] = "small_repeat"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("near_repeat", "near_repeat", _say_repeat),
        Term("irregular_rebuying", "rebuy_soon", _say_rebuy),
        Term("shared_buyer_pool", "pool_shared", _say_pool),
        Term("risky_payment", "risky_method", _say_methods),
        Term("abroad", "foreign", _say_abroad),
        Term("complaints", "reports", _say_complaints),
        Term("linked", "links", _say_links),
        Term("account", "account_new", _say_account),
    )

    repeat: float = 0.35
    rebuying: float = 2.6
    pool: float = 2.2
    methods: float = 1.8
    abroad: float = 1.0
    complaints: float = 2.5
    linked: float = 1.6
    account: float = 0.7

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        experience = f["experience"]
        enough = 10.0 * experience / (10.0 * experience + 5.0 * (1.0 - experience))
        repeat = f["near_repeat"] * (1.0 - 0.4 * peers["near_repeat"])
        core = repeat * f["small_amount"] * enough * 1.6
        fresh = either(0.7 * f["account_new"], 0.6 * f["unverified"])
        doubt = 0.4 + 0.6 * fresh
        weight = core * doubt
        rebuying = f["rebuy_soon"] * f["rebuy_irregular"]
        risky = either(above(f["risky_method"], peers["risky_method"]), f["method_turn"])
        trouble = either(f["reports"], f["disputes_30d"], 0.5 * f["refunds"])
        return (
            self.repeat * core,
            self.rebuying * weight * rebuying,
            self.pool * weight * above(f["pool_shared"], peers["pool_shared"]),
            self.methods * weight * risky,
            self.abroad * weight * above(f["foreign"], 0.5 * peers["foreign"]),
            self.complaints * weight * trouble,
            self.linked * weight * f["links"],
            self.account * core * fresh * fresh,
        )
