"""Which patterns run, with which parameters."""

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

from detectors.patterns.account import Accounts
from detectors.patterns.anomaly import Anomaly
from detectors.patterns.base import Pattern
from detectors.patterns.basket import DangerousBasket
from detectors.patterns.buyer import ProlificBuyers
from detectors.patterns.disputes import Disputes
from detectors.patterns.escrow import EscrowGaps
from detectors.patterns.intel import IntelPattern
from detectors.patterns.linked_accounts import LinkedAccounts
from detectors.patterns.listing_language import ListingLanguage
from detectors.patterns.listing_reuse import ListingReuse
from detectors.patterns.off_platform import OffPlatform
from detectors.patterns.order_facts import OrderFacts
from detectors.patterns.parcel import ParcelMismatch
from detectors.patterns.payment_mix import Payments
from detectors.patterns.reports import WeighedReports
from detectors.patterns.return_after_ban import ReturnAfterBan
from detectors.patterns.reviews import ReviewManipulation
from detectors.patterns.route import RouteShift
from detectors.patterns.sender import FakeSender
from detectors.patterns.small_repeat import SmallRepeat
from detectors.patterns.takeover import AccountTakeover
from detectors.patterns.velocity import Velocity


@dataclass(frozen=True)
class Catalogue:
    """The patterns in force."""

    seller: tuple[Pattern, ...] = (
        SmallRepeat(),
        Velocity(),
        Disputes(),
        LinkedAccounts(),
        ReturnAfterBan(),
        ListingLanguage(),
        ListingReuse(),
        OffPlatform(),
        Anomaly(),
        ReviewManipulation(),
        Payments(),
        Accounts(),
        ParcelMismatch(),
        FakeSender(),
        RouteShift(),
        EscrowGaps(),
        WeighedReports(),
        AccountTakeover(),
        ProlificBuyers(),
        DangerousBasket(),
        IntelPattern(),
    )
    """They judge the seller, and may alert."""
    order: Pattern = field(default_factory=OrderFacts)
    """It judges the order or payment at hand alone."""

    @property
    def version(self) -> str:
        """Changes with any pattern and any parameter."""
        parts = [f"{pattern.name}({_parameters(pattern)})" for pattern in (*self.seller, self.order)]
        return fingerprint("|".join(parts))


def fingerprint(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _parameters(pattern: Any) -> str:
    return ",".join(f"{f.name}={getattr(pattern, f.name)!r}" for f in fields(pattern))
