"""Which patterns run, with which parameters."""

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

from detectors.account import Accounts
from detectors.anomaly import Anomaly
from detectors.base import Pattern
from detectors.basket import DangerousBasket
from detectors.buyer import ProlificBuyers
from detectors.disputes import Disputes
from detectors.escrow import EscrowGaps
from detectors.intel import IntelPattern
from detectors.linked_accounts import LinkedAccounts
from detectors.listing_language import ListingLanguage
from detectors.listing_reuse import ListingReuse
from detectors.off_platform import OffPlatform
from detectors.order_facts import OrderFacts
from detectors.parcel import ParcelMismatch
from detectors.payment_mix import Payments
from detectors.reports import WeighedReports
from detectors.return_after_ban import ReturnAfterBan
from detectors.reviews import ReviewManipulation
from detectors.route import RouteShift
from detectors.sender import FakeSender
from detectors.small_repeat import SmallRepeat
from detectors.takeover import AccountTakeover
from detectors.velocity import Velocity


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
