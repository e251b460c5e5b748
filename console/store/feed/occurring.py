"""What happens to a seller beside its trade, in words for people; no personal value is among them."""

from typing import Any, Final

from detectors.events import (
    PaymentDisputed,
    Record,
    ReportFiled,
    SellerAccount,
    SellerBanned,
    SellerReinstated,
    ValueListed,
)

DETAIL: Final = 300


def occurrence(record: Record) -> dict[str, Any] | None:
    """The row for an event that is one; `None` for the others."""
    said = _said(record)
    if said is None:
        return None
    tag: Any = record.body.__struct_config__.tag
    return {
        "seller_id": record.seller_id,
        "event_time": record.event_time,
        "event_id": record.event_id,
        "type": tag,
        "detail": said[:DETAIL],
        "logged_at": record.logged_at,
    }


def _said(record: Record) -> str | None:
    body = record.body
    if isinstance(body, SellerAccount):
        return _account(record, body)
    if isinstance(body, SellerBanned | SellerReinstated | ReportFiled):
        return body.reason or ""
    if isinstance(body, PaymentDisputed):
        return f"order {body.order_id}" + (f": {body.reason}" if body.reason else "")
    if isinstance(body, ValueListed):
        kind, what = body.kind.replace("_", " "), "withdrawn" if body.withdrawn else "listed"
        return f"its {kind} was {what} by {body.source}" + (f": {body.reason}" if body.reason else "")
    return None


def _account(record: Record, body: SellerAccount) -> str:
    told = [
        body.country and f"country {body.country}",
        body.verification and f"verification {body.verification}",
        body.mail and f"mail {body.mail}",
        *(f"its {found.field.replace('_', ' ')} may be on {found.source}" for found in record.screened),
    ]
    named = ("email", "phone", "payout_account", "tax_id", "legal_name", "display_name", "address", "device_id")
    given = [name.replace("_", " ") for name in named if getattr(body, name) is not None]
    told.append(f"gave {', '.join(given)}" if given else None)
    return "; ".join(part for part in told if part)
