"""Small amounts, over and over, in a trade that does not look like a shop's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, above, either, rise
from detectors.money import say_money
from detectors.patterns.base import Case, Term, account, against, of_ten, share


def _say_repeat(case: Case) -> str:
    raw = case.raw
    price = say_money(raw.usual_amount, case.row.currency)
    return f"{raw.near} of the last {raw.prices} orders within 2 % of {price}; peers: {of_ten(case.peer)}"


def _say_rebuy(case: Case) -> str:
    return against(case, f"buyers come back within days, without rhythm: {share(case.observed)} of orders")


def _say_pool(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders share a device, card or address with other buyers")


def _say_methods(case: Case) -> str:
    return against(case, f"{share(case.observed)} of payments in crypto or gift cards")


def _say_early(case: Case) -> str:
    return against(case, f"money released before delivery for {share(case.observed)} of orders")


def _say_abroad(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders go abroad")


def _say_mislabelled(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels declare something else than was sold")


def _say_complaints(case: Case) -> str:
    return against(case, f"reports, by the record of who files them, weigh {share(case.observed)} of a month's orders")


def _say_disputed(case: Case) -> str:
    return against(case, f"disputes weigh {share(case.observed)} of a month's orders")


def _say_links(case: Case) -> str:
    count = len({link.seller_id for link in case.row.links})
    return f"shares contacts or devices with {count} other seller(s); peers {share(case.peer)}"


def _say_account(case: Case) -> str:
    return f"the account is {account(case)}"


TINY = 1e-9


@dataclass(frozen=True)
class SmallRepeat:
    """Looks for one or two small prices, bought again and again by a small circle.

    The same small price alone is a fixed-price shop or, within hours, a sale; re-buying with a rhythm is a
    subscription. What sets the illicit kind apart is that several weak facts meet: money is released before
    the parcel can have come, buyers come back after days without rhythm, share devices or addresses, pay in
    ways that cannot be called back; complaints come. Only with such a fact do orders abroad, a new account
    and ties to other sellers count in full. No single one reaches the alert line together with the prices: a
    baker's regulars come back without rhythm, too, and pay the same; an office orders lunch from one computer.

    Misses those who vary prices and goods, and slow trade: it needs about eight orders.

    Args:
        repeat, early, rebuying, pool, methods, abroad, mislabelled, complaints, linked, account: Weight of each fact.
    """

    name: ClassVar[str] = "small_repeat"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("near_repeat", "near_repeat", _say_repeat),
        Term("released_early", "released_early", _say_early),
        Term("irregular_rebuying", "rebuy_soon", _say_rebuy),
        Term("shared_buyer_pool", "pool_shared", _say_pool),
        Term("risky_payment", "risky_method", _say_methods),
        Term("abroad", "foreign", _say_abroad),
        Term("mislabelled", "contents_differ", _say_mislabelled),
        Term("complaints", "report_share", _say_complaints),
        Term("disputed", "disputes_30d", _say_disputed),
        Term("linked", "links", _say_links),
        Term("account", "account_new", _say_account),
    )

    repeat: float = 0.4
    early: float = 3.4
    rebuying: float = 3.0
    pool: float = 2.4
    methods: float = 2.5
    abroad: float = 1.6
    mislabelled: float = 1.4
    complaints: float = 3.2
    linked: float = 0.8
    account: float = 0.9

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        experience = f["experience"]
        enough = 10.0 * experience / (10.0 * experience + 4.0 * (1.0 - experience))
        sale = 0.6 * f["burst_hour"]
        subscription = 0.4 * f["rebuy"] * (1.0 - f["rebuy_irregular"])
        repeat = rise(f["near_repeat"], 0.2, 0.2) * (1.0 - sale) * (1.0 - subscription)
        core = 1.3 * repeat * rise(f["small_amount"], 0.1, 0.25) * enough
        early = rise(f["released_early"], 0.04, 0.12)
        rebuying = rise(f["rebuy_soon"] * f["rebuy_irregular"], 0.12, 0.2)
        risky = either(above(f["risky_method"], peers["risky_method"]), f["method_turn"])
        methods = rise(risky, 0.05, 0.2)
        reported, disputed = f["report_share"], f["disputes_30d"]
        trouble = rise(either(reported, disputed), 0.02, 0.08)
        by_report = reported / (reported + disputed + TINY)
        shared = rise(above(f["pool_shared"], peers["pool_shared"]), 0.05, 0.2)
        abroad = rise(above(f["foreign"], 0.5 * peers["foreign"]), 0.1, 0.3)
        early = early * (0.65 + 0.35 * either(abroad, rebuying, methods, f["escrow_circle"]))
        mislabelled = rise(above(f["contents_differ"], 1.5 * peers["contents_differ"]), 0.15, 0.2)
        others = either(abroad, early, methods, trouble, mislabelled)
        pool = shared * (0.6 + 0.4 * either(others, rebuying))
        rebuying = rebuying * (0.5 + 0.5 * either(others, shared))
        covert = either(early, methods, rebuying, trouble, pool, 0.8 * mislabelled)
        fresh = either(0.8 * f["account_new"], 0.5 * f["unverified"])
        doubt = core * (0.2 + 0.8 * covert)
        return (
            self.repeat * core,
            self.early * core * early,
            self.rebuying * core * rebuying,
            self.pool * core * pool,
            self.methods * core * methods,
            self.abroad * doubt * abroad,
            self.mislabelled * core * mislabelled,
            self.complaints * core * trouble * by_report,
            self.complaints * core * trouble * (1.0 - by_report),
            self.linked * doubt * f["links"],
            self.account * doubt * fresh,
        )
