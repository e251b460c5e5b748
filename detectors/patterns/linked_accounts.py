"""Accounts under different names that share what only one person has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, above, either
from detectors.patterns.base import Case, Term, account, against, share
from detectors.patterns.rings import beyond
from detectors.profiles.facet_states import Ring


def _say_links(case: Case) -> str:
    links = case.row.links
    others = len({link.seller_id for link in links})
    kinds = ", ".join(dict.fromkeys(link.via.replace("_", " ") for link in links))
    return f"shares {kinds or 'values'} with {others} other seller(s); peers {share(case.peer)}"


def _say_ring(case: Case) -> str:
    ring = case.state(Ring, Ring())
    named = "; ".join(
        f"{far.seller_id} by {far.via.replace('_', ' ')} of {through}"
        for far, through, _ in beyond(case.row.links, ring)
    )
    return f"the linked seller(s) have more in common with others: {named or 'further sellers'}"


def _say_doubt(case: Case) -> str:
    return f"this account among the linked ones is {account(case)}"


def _say_pool(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders share a device, card or address with other buyers")


def _say_new_buyers(case: Case) -> str:
    return against(case, f"{share(case.observed)} of buyers were never seen before")


@dataclass(frozen=True)
class LinkedAccounts:
    """Looks for rings: sellers tied by payout account, tax id, device, phone, email or instrument.

    An address or an IP ties weakly (households, offices), buyers hardly at all, and a value says less the more
    sellers share it: a carrier's NAT or a warehouse ties nobody. Two accounts of one person stay below the
    line; it takes several accounts, or an account that gives reason for doubt itself. Accounts that are tied only
    through a linked one are named, and raise what the direct ties say.

    Misses rings that keep every value apart.

    Args:
        shared, ring, doubt, pool, new_buyers: Weight of each fact.
    """

    name: ClassVar[str] = "linked_accounts"
    idle_below: ClassVar[Mapping[str, float]] = {"links": 0.35}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("shared_values", "links", _say_links),
        Term("ring", "ring_beyond", _say_ring),
        Term("unverified_account", "unverified", _say_doubt),
        Term("shared_buyer_pool", "pool_shared", _say_pool),
        Term("new_buyers", "new_buyers", _say_new_buyers),
    )

    shared: float = 9.0
    ring: float = 3.0
    doubt: float = 6.0
    pool: float = 6.0
    new_buyers: float = 2.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        beyond_two = above(f["links"], 0.35)
        crowd = beyond_two * beyond_two
        fresh = either(0.6 * f["account_new"], 0.6 * f["unverified"])
        return (
            self.shared * crowd,
            self.ring * crowd * f["ring_beyond"],
            self.doubt * crowd * fresh,
            self.pool * crowd * f["pool_shared"],
            self.new_buyers * crowd * above(f["new_buyers"], batch.peers["new_buyers"]),
        )
