"""Accounts that are made to be thrown away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, above, either, half
from detectors.events import DAY, Micros, Record, SellerAccount, SellerRegistered, SellerUpdated
from detectors.patterns.base import Case, Term, against, on_day, share
from detectors.profiles.facet_states import Account, WrongTaxId
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

NONE: Final = Account()
CONTACTS: Final = frozenset(("email", "phone", "tax_id", "payout_account"))
OLD: Final = 60.0
"""Days after which it does not matter from where an account was opened."""
CROWD: Final = 20
"""A contact that more sellers share is an agency's."""


def _learn_account(p: Profile, record: Record, body: SellerAccount, time: Micros, _m: Moment) -> None:
    before = p.account or NONE
    reused, fresh = set(before.reused), bool(body.device_id)
    for seen in record.seen:
        if seen.kind in CONTACTS and seen.role == "seller" and 0 < seen.sellers < CROWD:
            reused.add(seen.kind)
        fresh = fresh and not (seen.kind == "device" and seen.events)
    registered = isinstance(body, SellerRegistered)
    p.account = Account(
        body.mail or before.mail,
        tuple(sorted(reused)),
        (1.0 if fresh else 0.0) if registered and body.device_id else before.fresh_device,
        1.0 if body.verification == "failed" else 0.0 if body.verification else before.failed,
    )
    if body.tax_id:
        p.wrong_tax_id = (p.wrong_tax_id or WrongTaxId(time)) if body.tax_check == "wrong" else None


class AccountFacet:
    """Kind of mailbox, contacts that others have, device never seen, identity not shown."""

    state: ClassVar[str] = "account"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 7
    features: ClassVar[tuple[str, ...]] = (
        "mail_throwaway",
        "contact_reused",
        "device_fresh",
        "kyc_overdue",
        "kyc_failed",
    )
    prior: ClassVar[Mapping[str, float]] = {"device_fresh": 0.6, "kyc_overdue": 0.05, "contact_reused": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {SellerRegistered: _learn_account, SellerUpdated: _learn_account}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.account or NONE
        days = (p.clock - p.since) / DAY
        throwaway = 1.0 if s.mail == "throwaway" else 0.0
        fresh = s.fresh_device if days < OLD else 0.0
        if not (throwaway or s.reused or s.failed or fresh or p.unverified):
            return self.nothing
        return throwaway, len(s.reused), fresh, s.failed, p.unverified, p.orders, days

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (throwaway, reused, fresh, failed, unverified, orders, days) = raw
        trading = half(orders, 10.0)
        return (
            throwaway,
            half(reused, 1.0),
            fresh * 14.0 / (14.0 + days),
            unverified * trading * half(days, 7.0),
            failed,
        )


class TaxIdFacet:
    """Check digits of the tax id, where they are wrong; taught with the account."""

    state: ClassVar[str] = "wrong_tax_id"
    nothing: ClassVar[tuple[float, ...]] = (0.0,)
    features: ClassVar[tuple[str, ...]] = ("tax_id_wrong",)
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {}

    def measure(self, _p: Profile, _m: Moment) -> tuple[float, ...]:
        return (1.0,)

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        return (raw[0],)


def _say_tax_id(case: Case) -> str:
    since = case.state(WrongTaxId, WrongTaxId()).since
    return f"the tax id that it gave{on_day(since)} has wrong check digits: no authority gave it out"


def _say_mail(_case: Case) -> str:
    return "registered with a throw-away mailbox"


def _say_contact(case: Case) -> str:
    kinds = ", ".join(case.state(Account, NONE).reused).replace("_", " ")
    return against(case, f"gave contacts that other sellers gave before ({kinds or 'contacts'})")


def _say_overdue(case: Case) -> str:
    return against(case, f"trades without a verified identity, after {case.raw.orders} orders")


def _say_failed(_case: Case) -> str:
    return "its identity was checked, and the check failed"


def _say_device(case: Case) -> str:
    return against(case, f"registered lately from a device never seen before (weight {share(case.observed)})")


@dataclass(frozen=True)
class Accounts:
    """Looks for accounts that nobody can be held to: throw-away mail, borrowed contacts, no identity.

    Each newcomer lacks something; so no single fact reaches the line. It takes a throw-away mailbox or borrowed
    contacts together with an identity that is missing or failed, on an account that is new or already trades. A tax
    id that cannot be one, mistyped or made up, counts less than half of either.

    Misses a mule: a real person who lends a verified identity.

    Args:
        mail, contact, tax_id, overdue, failed, device: Weight of each fact.
    """

    name: ClassVar[str] = "account"
    idle_below: ClassVar[Mapping[str, float]] = {
        "mail_throwaway": 0.0,
        "contact_reused": 0.0,
        "tax_id_wrong": 0.0,
        "kyc_overdue": 0.0,
        "kyc_failed": 0.0,
    }
    terms: ClassVar[tuple[Term, ...]] = (
        Term("throwaway_mail", "mail_throwaway", _say_mail),
        Term("reused_contacts", "contact_reused", _say_contact),
        Term("wrong_tax_id", "tax_id_wrong", _say_tax_id),
        Term("identity_overdue", "kyc_overdue", _say_overdue),
        Term("identity_failed", "kyc_failed", _say_failed),
        Term("fresh_device", "device_fresh", _say_device),
    )

    mail: float = 1.15
    contact: float = 1.0
    tax_id: float = 0.5
    overdue: float = 0.9
    failed: float = 0.7
    device: float = 0.5

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        contact = above(f["contact_reused"], peers["contact_reused"])
        wrong = f["tax_id_wrong"]
        nameless = either(f["mail_throwaway"], contact, 0.4 * wrong)
        unshown = 2.0 * above(f["unverified"], 0.5)
        unknown = either(f["kyc_failed"], f["kyc_overdue"], 0.6 * unshown)
        return (
            self.mail * f["mail_throwaway"] * (0.4 + 0.6 * unknown),
            self.contact * contact * (0.4 + 0.6 * unknown),
            self.tax_id * wrong * (0.4 + 0.6 * unknown),
            self.overdue * f["kyc_overdue"] * (0.1 + 0.9 * nameless),
            self.failed * f["kyc_failed"] * (0.5 + 0.5 * nameless),
            self.device * f["device_fresh"] * nameless * (0.2 + unknown),
        )
