"""Which event teaches a profile what."""

from collections.abc import Mapping
from typing import Final

from detectors.events import (
    LinkFound,
    ListingPublished,
    Micros,
    OrderCancelled,
    OrderPlaced,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    PaymentReleased,
    Record,
    ReportFiled,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ShipmentCreated,
    VerdictGiven,
)
from detectors.patterns.facets import learners
from detectors.profiles.labels import (
    learn_ban,
    learn_cancel,
    learn_dispute,
    learn_refund,
    learn_reinstated,
    learn_report,
    learn_verdict,
)
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.registration import learn_account
from detectors.profiles.sightings import see_link, see_sellers
from detectors.profiles.trade import learn_listing, learn_order, learn_payment, learn_release


def _learn_link(p: Profile, record: Record, body: LinkFound, _time: Micros, _m: Moment) -> None:
    see_link(p, record.seller_id, body)


def _learn_shipment(p: Profile, record: Record, _body: ShipmentCreated, _time: Micros, _m: Moment) -> None:
    if record.seen:
        see_sellers(p, record.seller_id, record.seen)


_TRADE: Final[Mapping[type, Learner]] = {
    OrderPlaced: learn_order,
    PaymentCaptured: learn_payment,
    PaymentFailed: learn_payment,
    ListingPublished: learn_listing,
    OrderCancelled: learn_cancel,
    PaymentReleased: learn_release,
    PaymentRefunded: learn_refund,
    PaymentDisputed: learn_dispute,
    ReportFiled: learn_report,
    VerdictGiven: learn_verdict,
    SellerRegistered: learn_account,
    SellerUpdated: learn_account,
    SellerBanned: learn_ban,
    SellerReinstated: learn_reinstated,
    LinkFound: _learn_link,
    ShipmentCreated: _learn_shipment,
}

LEARN: Final = learners(_TRADE)
"""Events that are not listed only move the profile's clock."""

SCORED: Final = frozenset((OrderPlaced, PaymentCaptured, PaymentFailed, ListingPublished))
