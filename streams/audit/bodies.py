"""What an entry of the audit chain says: which record it rests on, and what came of it.

It holds no text that a person wrote and no personal value, so that nothing ever has to be taken out of a chain.
"""

from typing import Any, Final

import msgspec

from detectors.decision import Alert, encode_alert
from detectors.events import (
    ActRecorded,
    AlertSnoozed,
    ModelPublished,
    PolicyPublished,
    Record,
    SellerBanned,
    SellerReinstated,
    VerdictGiven,
    encode_record,
)
from streams.audit.chain import digest

_SAID: Final[dict[type, tuple[str, ...]]] = {
    VerdictGiven: ("verdict", "analyst", "alert_id"),
    AlertSnoozed: ("until", "analyst", "alert_id", "pattern"),
    SellerBanned: (),
    SellerReinstated: (),
    ModelPublished: ("model", "version"),
    PolicyPublished: ("version",),
    ActRecorded: ("act", "actor", "role", "subject_kind", "subject", "details"),
}
"""The members of a record's event that its entry repeats; the digest of the record covers the others."""
_CARRIED: Final[dict[type, str]] = {ModelPublished: "snapshot", PolicyPublished: "policy"}


def body_of(record: Record, alert: Alert | None = None) -> dict[str, Any]:
    """The body of an entry: of the alert that the record has tipped, or else of the record itself."""
    kind = type(record.body)
    body: dict[str, Any] = {
        "kind": str(kind.__struct_config__.tag),
        "source": list(msgspec.structs.astuple(record.source)),
        "event_id": record.event_id,
        "logged_at": record.logged_at,
        "record": digest(encode_record(record)),
    }
    if record.seller_id:
        body["seller_id"] = record.seller_id
    if alert is not None:
        told: dict[str, Any] = {name: getattr(alert, name) for name in ("alert_id", "pattern", "severity")}
        told["versions"] = dict(alert.versions)
        return body | {"kind": alert.type, "said": told, "digest": digest(encode_alert(alert))}
    event = msgspec.to_builtins(record.body)
    if said := {name: event[name] for name in _SAID[kind] if event.get(name) is not None}:
        body["said"] = said
    if kind in _CARRIED:
        body["digest"] = digest(getattr(record.body, _CARRIED[kind]))
    return body
