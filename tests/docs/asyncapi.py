"""docs/reference/asyncapi.json, made from the code; `python -m tests.docs.asyncapi` renews it."""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from detectors.decision import Alert, Decision
from detectors.events import Record
from streams import names
from streams.refused.rejected import Rejected
from streams.upstream import MAX_BYTES
from tests.docs.event_types import BODIES, BY_TOPIC, SET_BY_INTAKE

FILE: Final = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.json"
REF: Final = "#/components/schemas/{name}"
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""SHA-256."""


class AuditBody(msgspec.Struct, omit_defaults=True):
    """What is recorded; no text of a person, no personal value."""

    kind: str
    source: tuple[str, int, int, int]
    """Topic, partition, offset and part of the event that it rests on."""
    event_id: str
    logged_at: int
    """Microseconds since 1970-01-01T00:00Z."""
    record: Hash
    """Of the line of the log."""
    seller_id: str | None = None
    said: dict[str, Any] | None = None
    digest: Hash | None = None
    """Of the alert, the policy or the model itself."""


class AuditEntry(msgspec.Struct):
    """An entry of the hash chain of one partition of the log, as canonical JSON (RFC 8785)."""

    body: AuditBody
    hash: Hash
    partition: int
    previous: Hash
    seq: int


OUT: Final[Mapping[str, tuple[type, str, str]]] = {
    names.EVENTS: (Record, "events", "The log: every accepted event with what was known at that moment."),
    names.DECISIONS: (Decision, "decisions", "A record for every scored order, payment and listing."),
    names.ALERTS: (Alert, "alerts", "Every alert."),
    names.AUDIT: (AuditEntry, "audit", "The hash chain of alerts, verdicts and acts; partition p is that of log p."),
    names.REJECTED: (Rejected, "rejected", "Refused events with their reason and their original bytes."),
}
READ: Final = {"sellerwatch.acts": "What people do in the console and by commands; nobody else writes it."}
ENVELOPE: Final = {
    "event_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "description": "Unique; a repeat changes nothing.",
    },
    "event_time": {"type": "string", "format": "date-time", "description": "RFC 3339, with an offset."},
    "seller_id": {"type": "string", "minLength": 1, "maxLength": 128},
}


def document() -> dict[str, Any]:
    """The whole document, AsyncAPI 3.0."""
    schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "channels": {**_upstream(), **_own(), "webhook": _webhook()},
        "operations": {
            **_operations("receive", BY_TOPIC),
            **_operations("send", OUT),
            "sendWebhook": _operation("send", "webhook"),
        },
        "components": {"messages": _messages(), "schemas": schemas},
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Sellerwatch",
        "version": version("sellerwatch"),
        "description": f"What Sellerwatch reads and writes. A body has at most {MAX_BYTES // 1024} KiB; "
        "fields that are not named are left out.",
        "license": {"name": "Apache-2.0"},
    }


def _schemas() -> dict[str, Any]:
    """Schemas of every struct that is named, as draft 07 has them, which AsyncAPI's own are a superset of."""
    types = [*BODIES.values(), *(found for found, _, _ in OUT.values())]
    _, found = msgspec.json.schema_components(types, ref_template=REF)
    schemas = {name: _draft_07(schema) for name, schema in sorted(found.items())}
    events = {_name(kind): _event(kind, schemas[body.__name__]) for kind, body in BODIES.items()}
    return {**schemas, **events, "Delivery": _delivery()}


def _name(kind: str) -> str:
    return "Event." + kind


def _event(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An event as upstream sends it: its envelope and its body are one object."""
    fields = {name: schema for name, schema in body["properties"].items() if name not in SET_BY_INTAKE}
    by_order = kind.startswith(("payment.", "shipment.", "act."))
    needed = ["event_id", "event_time", *([] if by_order or kind.startswith("intel.") else ["seller_id"])]
    envelope = {
        name: schema for name, schema in ENVELOPE.items() if name != "seller_id" or not kind.startswith("intel.")
    }
    required = [*needed, *(name for name in body["required"] if name != "event_id")]
    return {"type": "object", "properties": {"type": {"const": kind}, **envelope, **fields}, "required": required}


def _delivery() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"enum": ["alert.raised", "alert.escalated"]},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"$ref": REF.format(name="Alert")},
        },
        "required": ["type", "timestamp", "data"],
    }


def _messages() -> dict[str, Any]:
    events = {kind: {"name": kind, "payload": {"$ref": REF.format(name=_name(kind))}} for kind in BODIES}
    own = {
        name: {"name": found.__name__, "payload": {"$ref": REF.format(name=found.__name__)}}
        for found, name, _ in OUT.values()
    }
    headers = {name: {"type": "string"} for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    delivery = {
        "name": "delivery",
        "summary": "Signed after the Standard Webhooks specification.",
        "headers": {"type": "object", "properties": headers, "required": list(headers)},
        "payload": {"$ref": REF.format(name="Delivery")},
    }
    return {**events, **own, "delivery": delivery}


def _upstream() -> dict[str, Any]:
    return {
        topic: {
            "address": topic,
            "description": READ.get(topic, "Yours; Sellerwatch reads it. Any key."),
            "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        }
        for topic, kinds in BY_TOPIC.items()
    }


def _own() -> dict[str, Any]:
    return {
        topic: {
            "address": topic,
            "description": said,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        for topic, (_, name, said) in OUT.items()
    }


def _webhook() -> dict[str, Any]:
    return {
        "address": None,
        "description": "A POST to the setting `webhook_url`.",
        "messages": {"delivery": {"$ref": "#/components/messages/delivery"}},
    }


def _operations(action: str, topics: Iterable[str]) -> dict[str, Any]:
    return {f"{action}{_camel(topic)}": _operation(action, topic) for topic in topics}


def _camel(topic: str) -> str:
    return "".join(part.capitalize() for part in topic.split("."))


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _draft_07(schema: Any) -> Any:
    """A schema without what only later drafts or OpenAPI have."""
    if isinstance(schema, list):
        return [_draft_07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _draft_07(value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in found:
        first = found.pop("prefixItems")
        found["additionalItems"] = found.pop("items", True)
        found["items"] = first
    return found


def text() -> str:
    """The document as it stands in the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
