"""A banned seller who comes back under another name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, above, either, rise
from detectors.patterns.base import Case, Term, account, against, share
from detectors.profiles.facet_states import Copies, Prices


def _say_match(case: Case) -> str:
    banned = [link for link in case.row.links if link.status]
    who = banned[0].seller_id if banned else "another seller"
    vias = ", ".join(link.via.replace("_", " ") for link in banned if link.seller_id == who)
    return f"same {vias or 'values'} as {who}, who was banned or confirmed before"


def _say_buyers(case: Case) -> str:
    return against(case, f"{share(case.observed)} of buyers came from one banned seller")


def _say_listings(case: Case) -> str:
    of = case.state(Copies, Copies()).of
    return against(
        case, f"{share(case.observed)} of listings show pictures or texts of {of}, who was banned or confirmed"
    )


def _say_prices(case: Case) -> str:
    s = case.state(Prices, Prices())
    met = f"{len(s.points) // 4} of its first {s.prices} prices or so"
    return against(case, f"{met} are those of {s.of}, who was banned or confirmed")


def _say_new(case: Case) -> str:
    return f"the account is {account(case)}"


def _say_standing(_case: Case) -> str:
    return "the account itself was banned, or an analyst has confirmed an alert on it"


@dataclass(frozen=True)
class ReturnAfterBan:
    """Looks for contacts, payout account, devices, address, buyers, listings and prices of a banned seller.

    One strong value is enough; weak ones (IP, address), re-used buyers, and pictures and texts add up. Buyers
    count by the share that came from one and the same banned seller, so that a shop which merely shares a town's
    customers with it is left alone. Values that many sellers share are damped. Prices count where hardly anybody
    else asks them, and never alone.

    Misses who comes back with everything new and other customers.

    Args:
        match, buyers, listings, prices, new, standing: Weight of each fact.
    """

    name: ClassVar[str] = "return_after_ban"
    idle_below: ClassVar[Mapping[str, float]] = {
        "ban_match": 0.0,
        "ban_buyers": 0.0,
        "banned_listings": 0.05,
        "banned_prices": 0.1,
        "standing": 0.0,
    }
    terms: ClassVar[tuple[Term, ...]] = (
        Term("banned_value", "ban_match", _say_match),
        Term("banned_buyers", "ban_buyers", _say_buyers),
        Term("banned_listings", "banned_listings", _say_listings),
        Term("banned_prices", "banned_prices", _say_prices),
        Term("account_new", "account_new", _say_new),
        Term("own_standing", "standing", _say_standing),
    )

    match: float = 2.3
    buyers: float = 2.4
    listings: float = 1.2
    prices: float = 1.2
    new: float = 0.8
    standing: float = 1.2

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        experience = f["experience"]
        enough = 10.0 * experience / (10.0 * experience + 2.0 * (1.0 - experience))
        match = f["ban_match"]
        buyers = above(f["ban_buyers"], 2.0 * peers["ban_buyers"]) * enough
        listings = rise(f["banned_listings"], 0.05, 0.25)
        prices = rise(f["banned_prices"], 0.1, 0.3)
        both = either(match, buyers, 0.6 * listings, 0.5 * prices)
        young = f["account_new"]
        weight = both * (0.3 + 0.7 * young)
        return (
            self.match * match * weight,
            self.buyers * buyers * weight,
            self.listings * listings * weight,
            self.prices * prices * weight,
            self.new * young * both * both,
            self.standing * f["standing"],
        )
