"""What comes back about orders days later: disputes, refunds, reports, verdicts, bans."""

from math import exp, log
from typing import Final

from detectors.events import (
    DAY,
    Micros,
    OrderCancelled,
    PaymentDisputed,
    PaymentRefunded,
    Record,
    ReportFiled,
    SellerBanned,
    SellerReinstated,
    VerdictGiven,
)
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Profile

EPISODE: Micros = 14 * DAY
"""A run of bad labels has ended when none has come for so long."""
LABELS = 2.5
"""About how many labels the share of bad ones looks back on."""
KEEP_LABEL: Final = 1.0 - 1.0 / LABELS
_LOG_KEEP: Final = log(KEEP_LABEL)


def learn_dispute(p: Profile, _record: Record, _body: PaymentDisputed, time: Micros, m: Moment) -> None:
    """Labels tell of an episode late, both of its beginning and of its end: so count in orders."""
    p.complained = True
    p.disputes += 1
    p.disputes_1d += 1.0
    p.disputes_7d += 1.0
    p.disputes_30d += 1.0
    placed = m.order_time or time - int(p.label_delay * DAY)
    if m.order_number:
        p.label_delay += (min(max(time - placed, 0) / DAY, 120.0) - p.label_delay) * 0.1
    if p.bad_run and time - p.last_dispute < EPISODE:
        p.bad_run += 1
        p.bad_run_since = min(p.bad_run_since, placed)
    else:
        p.bad_run, p.bad_run_since = 1, placed
    p.last_dispute = time
    number = m.order_number or max(p.bad_number, p.orders)
    clean_between = max(abs(number - p.bad_number) - 1, 0)
    p.bad_share = p.bad_share * exp((clean_between + 1) * _LOG_KEEP) + (1.0 - KEEP_LABEL)
    p.bad_number = max(p.bad_number, number)


def bad_now(p: Profile) -> float:
    """Share of bad among the last orders old enough to have been labelled by now.

    Labels come at the pace at which their orders came: as long as none comes, the orders that by
    now would have been labelled turn out good, one after the other.
    """
    clean_since = (p.clock - p.last_dispute) / DAY * p.orders_7d / 7.0 - 1.0
    if clean_since <= 0.0:
        return p.bad_share
    return p.bad_share * exp(min(clean_since, 1000.0) * _LOG_KEEP)


def learn_refund(p: Profile, _record: Record, _body: PaymentRefunded, _time: Micros, _m: Moment) -> None:
    p.complained = True
    p.refunds_7d += 1.0
    p.refunds_30d += 1.0


def learn_cancel(p: Profile, _record: Record, _body: OrderCancelled, _time: Micros, _m: Moment) -> None:
    p.complained = True
    p.cancels_7d += 1.0
    p.cancels_30d += 1.0


def learn_report(p: Profile, _record: Record, _body: ReportFiled, _time: Micros, _m: Moment) -> None:
    p.complained = True
    p.reports_7d += 1.0
    p.reports_30d += 1.0


def learn_verdict(p: Profile, _record: Record, body: VerdictGiven, _time: Micros, _m: Moment) -> None:
    if body.verdict == "confirmed":
        p.confirmed += 1
        p.standing = 1.0
    else:
        p.dismissed += 1


def learn_ban(p: Profile, _record: Record, _body: SellerBanned, _time: Micros, _m: Moment) -> None:
    p.standing = 1.0


def learn_reinstated(p: Profile, _record: Record, _body: SellerReinstated, _time: Micros, _m: Moment) -> None:
    p.standing = 0.0
