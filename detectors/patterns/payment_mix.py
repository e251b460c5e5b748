"""Money that cannot be called back: coins and gift cards, and wallets that others know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, above, either, half, rise
from detectors.events import Micros, PaymentCaptured, Record
from detectors.patterns.base import Case, Term, account, against, share
from detectors.profiles.facet_states import Intel, PaymentMix
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import faded, moved

NONE: Final = PaymentMix()
RISKY: Final = frozenset(("crypto", "gift_card"))
COINS: Final = frozenset(("BTC", "BCH", "LTC", "DOGE", "ETH", "XMR", "USDT", "USDC"))


def _learn_payment(p: Profile, record: Record, body: PaymentCaptured, time: Micros, _m: Moment) -> None:
    """From a seller's first such payment on: who never gets one costs nothing."""
    method = body.method
    before = p.payment_mix
    if before is None:
        if method not in RISKY:
            return
        before = PaymentMix(count=p.payments - 1)
    count = before.count + 1
    rate = 1.0 / min(count + 1, 20)
    crypto = method == "crypto"
    shared, listed = before.shared, faded(before.listed, time - before.at, 30.0)
    for seen in record.seen:
        if seen.kind in ("wallet", "instrument"):
            if seen.listed:
                listed = 1.0
            if crypto:
                shared = moved(shared, 1.0 if 0 < seen.sellers < 20 else 0.0, count)
    p.payment_mix = PaymentMix(
        time,
        count,
        before.crypto + (crypto - before.crypto) * rate,
        before.gift + ((method == "gift_card") - before.gift) * rate,
        before.coins + ((body.currency in COINS) - before.coins) * rate,
        shared,
        listed,
    )


class PaymentMixFacet:
    """Shares of coins, of gift cards, of amounts that are stated in coins; shared and listed wallets."""

    state: ClassVar[str] = "payment_mix"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 6
    features: ClassVar[tuple[str, ...]] = (
        "crypto_share",
        "gift_share",
        "coin_priced",
        "wallet_shared",
        "wallet_listed",
    )
    prior: ClassVar[Mapping[str, float]] = {"gift_share": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {PaymentCaptured: _learn_payment}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.payment_mix or NONE
        return s.count, s.crypto, s.gift, s.coins, s.shared, faded(s.listed, p.clock - s.at, 30.0)

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (count, crypto, gift, coins, shared, listed) = raw
        sure = half(count, 3.0)
        return crypto * sure, gift * sure, coins * sure, shared, listed


def _say_crypto(case: Case) -> str:
    mix = case.state(PaymentMix, NONE)
    return against(case, f"{share(mix.crypto)} of the last payments, of {mix.count} so far, in crypto")


def _say_gift(case: Case) -> str:
    return against(case, f"{share(case.state(PaymentMix, NONE).gift)} of the last payments with gift cards")


def _say_coins(case: Case) -> str:
    return against(case, f"{share(case.state(PaymentMix, NONE).coins)} of the last amounts are stated in coins")


def _say_turn(case: Case) -> str:
    return against(case, f"share of crypto and gift cards {share(case.observed)} above the seller's own")


def _say_shared(case: Case) -> str:
    return against(case, f"{share(case.observed)} of crypto payments from wallets that pay other sellers too")


def _say_listed(case: Case) -> str:
    latest = case.state(Intel, Intel()).buyer_source
    return f"paid here from a {latest}" if latest else "a wallet or card that paid here is on a list"


def _say_account(case: Case) -> str:
    return f"the account behind such money is {account(case)}"


@dataclass(frozen=True)
class Payments:
    """Looks for sellers that are paid in coins or gift cards as their peers are not.

    A verified shop of some age that takes coins among other money stays below the line. It counts in full when
    hardly anything else comes in, amounts are stated in coins, the seller has turned to it, or nobody knows who
    the seller is. A listed wallet counts by itself, and so does a turn of nearly all trade.

    Misses coins that are exchanged before they reach the marketplace.

    Args:
        crypto, gift, coins, turn, shared, listed, account: Weight of each fact.
    """

    name: ClassVar[str] = "payment_mix"
    idle_below: ClassVar[Mapping[str, float]] = {
        "crypto_share": 0.25,
        "gift_share": 0.3,
        "method_turn": 0.08,
        "wallet_listed": 0.0,
    }
    terms: ClassVar[tuple[Term, ...]] = (
        Term("crypto", "crypto_share", _say_crypto),
        Term("gift_cards", "gift_share", _say_gift),
        Term("priced_in_coins", "coin_priced", _say_coins),
        Term("turn_to_risky_money", "method_turn", _say_turn),
        Term("shared_wallets", "wallet_shared", _say_shared),
        Term("listed_wallet", "wallet_listed", _say_listed),
        Term("unknown_account", "account_new", _say_account),
    )

    crypto: float = 1.1
    gift: float = 1.3
    coins: float = 0.7
    turn: float = 3.0
    shared: float = 0.5
    listed: float = 2.0
    account: float = 2.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        crypto = rise(above(f["crypto_share"], 2.0 * peers["crypto_share"]), 0.25, 0.2)
        gift = rise(above(f["gift_share"], 2.0 * peers["gift_share"]), 0.3, 0.3)
        unknown = either(0.8 * f["account_new"], 0.6 * f["unverified"])
        risky = either(crypto, 0.7 * gift)
        return (
            self.crypto * crypto,
            self.gift * gift * (0.3 + 0.7 * unknown),
            self.coins * crypto * f["coin_priced"],
            self.turn * rise(above(f["method_turn"], peers["method_turn"]), 0.08, 0.25),
            self.shared * crypto * f["wallet_shared"],
            self.listed * f["wallet_listed"],
            self.account * risky * unknown,
        )
