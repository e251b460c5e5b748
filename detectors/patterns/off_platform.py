"""Listings that lead buyers off the marketplace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, either, rise
from detectors.patterns.base import Case, Term, account, against, share
from detectors.patterns.listing_language import SILENT
from detectors.profiles.facet_states import Wording


def _say_contact(case: Case) -> str:
    ways = ", ".join(case.state(Wording, SILENT).contacts)
    return against(case, f"{share(case.observed)} of listings give {ways or 'a contact'}")


def _say_words(case: Case) -> str:
    words = ", ".join(case.state(Wording, SILENT).words)
    return against(case, f"the contact stands beside words for illicit goods: {words}")


def _say_account(case: Case) -> str:
    return f"contacts given by an account {account(case)}"


def _say_methods(case: Case) -> str:
    return against(case, f"{share(case.observed)} of payments that are made here cannot be called back")


@dataclass(frozen=True)
class OffPlatform:
    """Looks for messengers, handles, numbers and addresses in listings, however they are spelled.

    Many honest sellers give a service number: by itself, and on a new account, it stays below the line. It
    counts with hints at illicit goods, and with money that cannot be called back, most where nobody knows the seller.

    Misses contacts in pictures.

    Args:
        hints, words, account, methods: Weight of each fact.
    """

    name: ClassVar[str] = "off_platform"
    idle_below: ClassVar[Mapping[str, float]] = {"contact_hints": 0.05}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("contact_hints", "contact_hints", _say_contact),
        Term("contact_beside_hints", "words_hinted", _say_words),
        Term("account_gives_contacts", "account_new", _say_account),
        Term("contact_and_payment", "risky_method", _say_methods),
    )

    hints: float = 1.0
    words: float = 2.0
    account: float = 0.4
    methods: float = 1.6

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        contact = rise(f["contact_hints"], 0.05, 0.3)
        words = rise(f["words_hinted"], 0.02, 0.15)
        fresh = either(0.8 * f["account_new"], 0.5 * f["unverified"])
        return (
            self.hints * contact,
            self.words * contact * words,
            self.account * contact * fresh,
            self.methods * contact * rise(f["risky_method"], 0.05, 0.3) * (0.6 + 0.4 * fresh),
        )
