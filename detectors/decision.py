"""What watch tells the world: a decision for every scored event, and alerts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec import Struct

from detectors.assessment import Reason
from detectors.events import DAY, SECOND, Micros
from detectors.patterns.rings import beyond, sure_links
from detectors.profiles.facet_states import Ring
from detectors.profiles.profile import Link

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Decision(Struct, frozen=True, omit_defaults=True, gc=False):
    """One scored order, payment or listing."""

    event_id: str
    type: str
    seller_id: str
    event_time: str
    score: float
    """Risk of this order, payment or listing."""
    seller_score: float
    """Risk of the seller after it."""
    pattern: str
    """The strongest one; empty where nothing speaks against the seller."""
    outcome: str
    features: bytes
    """One byte each, 255 for 1.0, in the order of `detectors.patterns.features.FEATURES`, whose fingerprint
    `versions` gives; base64 in JSON."""
    versions: Mapping[str, str]
    order_id: str | None = None
    reasons: list[Reason] = []
    review: float = 0.0
    """The share of decisions like this that were chosen, by their event ids, for people to look at; this
    one was. 0: it was not."""
    shadow: float | None = None
    """The chance that the challenger gives the order; it counts nowhere."""


class LinkedSeller(Struct, frozen=True, omit_defaults=True):
    seller_id: str
    via: str
    strength: float
    through: str = ""
    """The linked seller that ties this one to the alert's; empty: they share the value themselves."""


class Evidence(Struct, frozen=True):
    """Ids that an alert rests on."""

    events: list[str]
    orders: list[str]
    sellers: list[LinkedSeller]


class Alert(Struct, frozen=True, omit_defaults=True):
    """What a person receives."""

    alert_id: str
    seller_id: str
    pattern: str
    severity: str
    """`low`, `medium`, `high` or `critical`."""
    score: float
    event_time: str
    raised_at: str
    """When the event that tipped it entered the log."""
    reasons: list[Reason]
    evidence: Evidence
    versions: Mapping[str, str]
    escalation: int = 0
    escalates: str | None = None
    """Id of the alert that was raised first."""

    @property
    def type(self) -> Literal["alert.raised", "alert.escalated"]:
        return "alert.escalated" if self.escalation else "alert.raised"


_MINUTES: Final = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60)]
_SECONDS: Final = [f"{second:02d}" for second in range(60)]
_encode = msgspec.json.Encoder().encode


def encode_decision(decision: Decision) -> bytes:
    return _encode(decision)


def encode_alert(alert: Alert) -> bytes:
    return _encode(alert)


def linked_sellers(links: tuple[Link, ...], ring: Ring | None) -> list[LinkedSeller]:
    """Those that all shared values together tie to the seller, one line a value; then those behind them."""
    sure = sure_links(links)
    direct = [LinkedSeller(link.seller_id, link.via, link.strength) for link in links if link.seller_id in sure]
    further = beyond(links, ring) if ring else ()
    return direct + [LinkedSeller(far.seller_id, far.via, round(tie, 4), through) for far, through, tie in further]


def say_time(time: Micros) -> str:
    """RFC 3339 in UTC, with microseconds only where there are some."""
    day, rest = divmod(time if 0 <= time <= _LAST else min(max(time, 0), _LAST), DAY)
    whole, micros = divmod(rest, SECOND)
    minute, second = divmod(whole, 60)
    said = f"{_date(day)}{_MINUTES[minute]}{_SECONDS[second]}"
    return f"{said}.{micros:06d}Z" if micros else f"{said}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """`2026-11-21T` for a day since the epoch."""
    return f"{(_EPOCH + timedelta(days=day)).date().isoformat()}T"
