"""Listings that name illicit goods, hint at them, or are written as confirmed sellers write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.base import Case, Term, against, share
from detectors.batch import Batch, Column, Matrix, above, either, rise
from detectors.events import ListingPublished, Micros, OrderPlaced, Record
from detectors.facet_states import Wording
from detectors.moment import Learner, Moment
from detectors.profile import Profile
from detectors.reader import Reading

MEMORY: Final = 20
"""Titles that a running average remembers."""
DOUBT: Final = 2
"""Ordinary titles that every seller is taken to have had."""
KEPT_WORDS: Final = 3
KEPT_CONTACTS: Final = 2
SILENT: Final = Wording()


def _learn_listing(p: Profile, _record: Record, body: ListingPublished, _time: Micros, m: Moment) -> None:
    reading = m.reader.listing(body)
    if reading is not None:
        m.reading = reading
        _take(p, reading)


def _learn_order(p: Profile, _record: Record, body: OrderPlaced, _time: Micros, m: Moment) -> None:
    items = body.items
    if not items:
        return
    reading = m.reader.order(items)
    if reading is not None:
        m.reading = reading
        if p.wording is not None or reading.says_something:
            _take(p, reading)


def _take(p: Profile, reading: Reading) -> None:
    """A seller whose texts say nothing has no state: its share is known to be 0."""
    before = p.wording
    if before is None:
        if not reading.says_something:
            return
        before = SILENT
    rate = 1.0 / min(p.listings + p.orders + DOUBT, MEMORY)
    p.wording = Wording(
        before.named + (reading.named - before.named) * rate,
        before.hinted + (reading.hinted - before.hinted) * rate,
        before.contact + (reading.contact - before.contact) * rate,
        before.learned + (reading.learned - before.learned) * rate,
        tuple(dict.fromkeys((*reading.words, *before.words)))[:KEPT_WORDS] if reading.words else before.words,
        tuple(dict.fromkeys((*reading.contacts, *before.contacts)))[:KEPT_CONTACTS],
    )


class WordingFacet:
    """What a seller's listings and sold goods are called."""

    state: ClassVar[str] = "wording"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 4
    features: ClassVar[tuple[str, ...]] = ("words_named", "words_hinted", "contact_hints", "words_learned")
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {ListingPublished: _learn_listing, OrderPlaced: _learn_order}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.wording or SILENT
        return s.named, s.hinted, s.contact, s.learned

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (named, hinted, contact, learned) = raw
        return named, hinted, contact, learned


def _words(case: Case) -> str:
    return ", ".join(case.state(Wording, SILENT).words)


def _say_named(case: Case) -> str:
    return against(case, f"listings name the goods outright: {_words(case)} (weight {share(case.observed)})")


def _say_hinted(case: Case) -> str:
    return against(case, f"words that may mean such goods: {_words(case)} (weight {share(case.observed)})")


def _say_learned(case: Case) -> str:
    return against(case, f"listings are written like those of confirmed sellers (weight {share(case.observed)})")


def _say_account(case: Case) -> str:
    return against(case, f"behind such listings, an account new or not verified, after {case.raw.orders} orders")


def _say_methods(case: Case) -> str:
    return against(case, f"such goods are paid in crypto or gift cards: {share(case.observed)} of payments")


def _say_contact(case: Case) -> str:
    ways = ", ".join(case.state(Wording, SILENT).contacts)
    return against(case, f"the same listings lead off the marketplace: {ways or 'contacts'}")


@dataclass(frozen=True)
class ListingLanguage:
    """Reads titles and descriptions, of listings and of what is ordered, by lists and by what verdicts taught.

    One title is not enough: it takes two or three that name goods, or several written as confirmed sellers
    write. Words that only hint raise the score and never alert alone, whatever their number. Words that make a
    term harmless (a book, a test kit, a weed killer) belong into its `without`.

    Misses goods under names that no list has and no verdict was given on yet; see `sellerwatch words`.

    Args:
        named, hinted, learned, account, methods, contact: Weight of each fact.
    """

    name: ClassVar[str] = "listing_language"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("named_goods", "words_named", _say_named),
        Term("learned_language", "words_learned", _say_learned),
        Term("hinted_goods", "words_hinted", _say_hinted),
        Term("account_behind_listings", "account_new", _say_account),
        Term("paid_without_recall", "risky_method", _say_methods),
        Term("contact_in_listings", "contact_hints", _say_contact),
    )

    named: float = 2.4
    learned: float = 2.0
    hinted: float = 0.8
    account: float = 0.7
    methods: float = 1.0
    contact: float = 0.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        named = rise(above(f["words_named"], 0.5 * peers["words_named"]), 0.05, 0.35)
        learned = rise(above(f["words_learned"], peers["words_learned"]), 0.1, 0.3)
        hinted = rise(above(f["words_hinted"], peers["words_hinted"]), 0.02, 0.3)
        goods = either(named, 0.8 * learned)
        fresh = either(0.8 * f["account_new"], 0.5 * f["unverified"])
        return (
            self.named * named,
            self.learned * learned,
            self.hinted * hinted,
            self.account * goods * fresh,
            self.methods * goods * rise(f["risky_method"], 0.05, 0.2),
            self.contact * goods * rise(f["contact_hints"], 0.05, 0.3),
        )
