"""Listings that name illicit goods, hint at them, or are written as confirmed sellers write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from detectors.batch import Batch, Column, Matrix, above, either, half, rise
from detectors.events import ListingPublished, Micros, OrderPlaced, Record
from detectors.language.reader import Reading
from detectors.money import say_money
from detectors.patterns.base import Case, Term, account, against, share
from detectors.profiles.facet_states import Wording
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

MEMORY: Final = 20
"""Titles that a running average remembers."""
DOUBT: Final = 2
"""Ordinary titles that every seller is taken to have had."""
KEPT_WORDS: Final = 3
KEPT_CONTACTS: Final = 2
KEPT_TITLES: Final = 4
"""Different titles that named goods, of which a seller is remembered to have had so many."""
SILENT: Final = Wording()


def _learn_listing(p: Profile, _record: Record, body: ListingPublished, _time: Micros, m: Moment) -> None:
    reading = m.reader.listing(body)
    if reading is not None:
        m.reading = reading
        _take(p, reading, of_listing=True)


def _learn_order(p: Profile, _record: Record, body: OrderPlaced, _time: Micros, m: Moment) -> None:
    items = body.items
    if not items:
        return
    reading = m.reader.order(items)
    if reading is not None:
        m.reading = reading
        if p.wording is not None or reading.says_something:
            _take(p, reading, of_listing=False)


def _take(p: Profile, reading: Reading, *, of_listing: bool) -> None:
    """A seller whose texts say nothing has no state: its share is known to be 0."""
    before = p.wording
    if before is None:
        if not reading.says_something:
            return
        before = SILENT
    contact = before.contact
    if of_listing or not p.listings or reading.contact > contact:  # a title that is sold leaves out the description
        contact += (reading.contact - contact) / min((p.listings or p.orders) + DOUBT, MEMORY)
    rate = 1.0 / min(p.listings + p.orders + DOUBT, MEMORY)
    p.wording = Wording(
        before.named + (reading.named - before.named) * rate,
        before.hinted + (reading.hinted - before.hinted) * rate,
        contact,
        before.learned + (reading.learned - before.learned) * rate,
        tuple(dict.fromkeys((*reading.words, *before.words)))[:KEPT_WORDS] if reading.words else before.words,
        tuple(dict.fromkeys((*reading.contacts, *before.contacts)))[:KEPT_CONTACTS],
        _with_title(before.titles, reading.mark) if reading.mark else before.titles,
    )


def _with_title(titles: tuple[int, ...], mark: int) -> tuple[int, ...]:
    """A title that is sold again is still one title."""
    return titles if mark in titles else (*titles, mark)[-KEPT_TITLES:]


class WordingFacet:
    """What a seller's listings and sold goods are called."""

    state: ClassVar[str] = "wording"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 5
    features: ClassVar[tuple[str, ...]] = (
        "words_named",
        "words_hinted",
        "contact_hints",
        "words_learned",
        "titles_named",
    )
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {ListingPublished: _learn_listing, OrderPlaced: _learn_order}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.wording or SILENT
        return s.named, s.hinted, s.contact, s.learned, len(s.titles)

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (named, hinted, contact, learned, titles) = raw
        more = np.maximum(titles - 1.0, 0.0)
        return named, hinted, contact, learned, half(more, 2.0)


def _words(case: Case) -> str:
    return ", ".join(case.state(Wording, SILENT).words)


def _say_named(case: Case) -> str:
    return against(case, f"listings name the goods outright: {_words(case)} (weight {share(case.observed)})")


def _say_several(case: Case) -> str:
    titles = len(case.state(Wording, SILENT).titles)
    many = f"{titles} or more" if titles == KEPT_TITLES else f"{titles}"
    return against(case, f"{many} different titles name goods: none of them is a slip")


def _say_hinted(case: Case) -> str:
    return against(case, f"words that may mean such goods: {_words(case)} (weight {share(case.observed)})")


def _say_learned(case: Case) -> str:
    return against(case, f"listings are written like those of confirmed sellers (weight {share(case.observed)})")


def _say_account(case: Case) -> str:
    return f"behind such listings, an account {account(case)}"


def _say_methods(case: Case) -> str:
    return against(case, f"such goods are paid in crypto or gift cards: {share(case.observed)} of payments")


def _say_contact(case: Case) -> str:
    ways = ", ".join(case.state(Wording, SILENT).contacts)
    return against(case, f"the same listings lead off the marketplace: {ways or 'contacts'}")


def _say_trade(case: Case) -> str:
    raw = case.raw
    price = say_money(raw.usual_amount, case.row.currency)
    return against(case, f"behind such words, {raw.near} of the last {raw.prices} orders within 2 % of {price}")


def _say_covert(case: Case) -> str:
    return against(case, "behind such words, money out before delivery, buyers who come back, or parcels abroad")


@dataclass(frozen=True)
class ListingLanguage:
    """Reads titles and descriptions, of listings and of what is ordered, by lists and by what verdicts taught.

    One title is not enough: it takes two or three that name goods, or several written as confirmed sellers
    write. The more different titles name goods, the less does it matter how many others stand beside them. Words
    that only hint raise the score and never alert alone, whatever their number; together with a trade that
    has something to hide they do. Words that make a term harmless (a book, a test kit, a weed killer) belong
    into its `without`.

    Misses goods under names that no list has and no verdict was given on yet; see `sellerwatch words`.

    Args:
        named, hinted, learned, account, methods, contact, trade, covert: Weight of each fact.
    """

    name: ClassVar[str] = "listing_language"
    idle_below: ClassVar[Mapping[str, float]] = {"words_named": 0.03, "words_learned": 0.1, "words_hinted": 0.02}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("named_goods", "words_named", _say_named),
        Term("several_titles", "titles_named", _say_several),
        Term("learned_language", "words_learned", _say_learned),
        Term("hinted_goods", "words_hinted", _say_hinted),
        Term("account_behind_listings", "account_new", _say_account),
        Term("paid_without_recall", "risky_method", _say_methods),
        Term("contact_in_listings", "contact_hints", _say_contact),
        Term("words_and_small_trade", "near_repeat", _say_trade),
        Term("words_and_covert_trade", "released_early", _say_covert),
    )

    named: float = 2.4
    learned: float = 2.0
    hinted: float = 0.8
    account: float = 0.7
    methods: float = 1.0
    contact: float = 0.8
    trade: float = 1.9
    covert: float = 1.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        outright = above(f["words_named"], 0.5 * peers["words_named"])
        once = rise(outright, 0.03, 0.35)
        named = rise(outright, 0.03, 0.35 * (1.0 - 0.8 * f["titles_named"]))
        learned = rise(above(f["words_learned"], peers["words_learned"]), 0.1, 0.3)
        hinted = rise(above(f["words_hinted"], peers["words_hinted"]), 0.02, 0.3)
        goods = either(named, 0.8 * learned)
        fresh = either(0.8 * f["account_new"], 0.5 * f["unverified"])
        words = either(goods, 0.8 * hinted)
        small = rise(f["near_repeat"], 0.2, 0.15) * rise(f["small_amount"], 0.1, 0.15) * f["experience"]
        abroad = rise(above(f["foreign"], 0.5 * peers["foreign"]), 0.1, 0.3)
        rebuying = rise(f["rebuy_soon"] * f["rebuy_irregular"], 0.1, 0.2)
        covert = either(rise(f["released_early"], 0.04, 0.12), rebuying, f["pool_shared"], 0.6 * abroad)
        return (
            self.named * once,
            self.named * (named - once),
            self.learned * learned,
            self.hinted * hinted,
            self.account * words * fresh,
            self.methods * words * rise(f["risky_method"], 0.05, 0.2),
            self.contact * goods * rise(f["contact_hints"], 0.05, 0.3),
            self.trade * words * small * (0.3 + 0.7 * fresh),
            self.covert * words * covert,
        )
