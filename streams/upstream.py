"""Reads an upstream event: plain JSON, or a CloudEvent that carries one (CONTRACT.md)."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from detectors.events import ActRecorded, Id, IntelListed, IntelWithdrawn, Micros, UpstreamBody
from streams import names
from streams.errors import InvalidEventError

MAX_BYTES = 64 * 1024
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
END = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH + timedelta(days=1)) // MICROSECOND
"""By its offset, a time that can be written lies beyond the last year that can be said in UTC."""

Headers = Sequence[tuple[str, bytes | None]]
"""Of a Kafka record; one may have no value."""

SELLER_BY_ORDER = ("payment.", "shipment.")
"""Events of these families may leave out their seller: their order tells it."""


class Envelope(Struct, frozen=True):
    """What every event has."""

    event_id: Id
    type: str
    event_time: Annotated[datetime, Meta(tz=True)]
    seller_id: Id | None = None


class Event(Struct, frozen=True, gc=False):
    """An event that is in order."""

    event_id: str
    type: str
    event_time: Micros
    seller_id: str | None
    """`None`: to be found by the order. Empty: the event concerns no single seller."""
    body: UpstreamBody

    def with_body(self, body: UpstreamBody) -> "Event":
        """The same event, saying something else."""
        return msgspec.structs.replace(self, body=body)


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_body = msgspec.json.Decoder(UpstreamBody).decode
_types = frozenset(str(body.__struct_config__.tag) for body in UpstreamBody.__args__)


def parse(value: bytes, headers: Headers = ()) -> Event:
    """The event in a Kafka record.

    Raises:
        InvalidEventError: with the reason's code and, where there is one, the field.
    """
    if len(value) > MAX_BYTES:
        raise InvalidEventError("too_large", f"{len(value)} bytes; at most {MAX_BYTES} are taken")
    if headers and any(name == "ce_specversion" for name, _ in headers):
        value = _from_binary_cloudevent(value, headers)
    elif b'"specversion"' in value:
        value = _from_structured_cloudevent(value)
    try:
        envelope = _decode_envelope(value)
        body = _decode_body(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _reason(value, error) from None
    micros = (envelope.event_time - EPOCH) // MICROSECOND
    if micros < 0:
        raise InvalidEventError("bad_time", "`event_time` lies before 1970")
    if micros >= END:
        raise InvalidEventError("bad_time", "`event_time` lies after 9999 in UTC")
    return Event(envelope.event_id, envelope.type, micros, _seller(envelope, body), body)


def check_place(event: Event, topic: str) -> None:
    """Acts have a topic of their own, so that who may write to it is all who can record one.

    Raises:
        InvalidEventError: An act came from elsewhere, or something else from there.
    """
    if isinstance(event.body, ActRecorded) != (topic == names.ACTS):
        raise InvalidEventError("wrong_topic", f"`{event.type}` is not taken from {topic}")


def micros_of(text: str | None) -> Micros:
    """An RFC 3339 time as microseconds; 0 where there is none, or none that can be read."""
    if text is None:
        return 0
    try:
        moment = msgspec.convert(text, Annotated[datetime, Meta(tz=True)], strict=False)
    except msgspec.ValidationError:
        return 0
    return int((moment - EPOCH) // MICROSECOND)


def _seller(envelope: Envelope, body: UpstreamBody) -> str | None:
    if isinstance(body, IntelListed | IntelWithdrawn):
        if body.value is None and body.value_hash is None:
            raise InvalidEventError("missing_field", "one of `value`, `value_hash` is needed")
        if body.expires_at is not None and not micros_of(body.expires_at):  # it would be listed for ever
            raise InvalidEventError("bad_time", "`expires_at` must be RFC 3339 with an offset")
        return ""
    if isinstance(body, ActRecorded):
        if (body.subject is None) != (body.subject_kind is None):
            raise InvalidEventError("missing_field", "`subject` and `subject_kind` come together")
        return envelope.seller_id or ""
    if envelope.seller_id is None and not envelope.type.startswith(SELLER_BY_ORDER):
        raise InvalidEventError("missing_field", f"`seller_id` is needed on `{envelope.type}`")
    return envelope.seller_id


def _reason(value: bytes, error: Exception) -> InvalidEventError:
    """Names what is wrong; the wrong value itself stays out of the text."""
    if isinstance(error, RecursionError):
        return InvalidEventError("not_json", "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return InvalidEventError("not_json", _without_value(error))
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return InvalidEventError("not_json", "the body is not valid JSON")
    if not isinstance(found, dict):
        return InvalidEventError("not_an_object", "the body must be one JSON object")
    if isinstance(found.get("type"), str) and found["type"] not in _types:
        return InvalidEventError("unknown_type", "`type` is none of those in the contract")
    text = _without_value(error)
    if "missing required field" in text:
        return InvalidEventError("missing_field", text)
    if "$.event_time" in text:
        return InvalidEventError("bad_time", "`event_time` must be RFC 3339 with an offset")
    return InvalidEventError("wrong_type", text)


def _without_value(error: Exception) -> str:
    text = str(error)
    if text.startswith(("Invalid enum value", "Invalid value")):
        return "not one of the allowed values" + text[text.rfind(" - at ") :] if " - at " in text else "not allowed"
    return text[:200]


def _from_binary_cloudevent(value: bytes, headers: Headers) -> bytes:
    given = ((name[3:], text) for name, text in headers if name.startswith("ce_"))
    attributes = {name: text.decode("utf-8", "replace") for name, text in given if text is not None}
    return _merged(attributes, _object(value))


def _from_structured_cloudevent(value: bytes) -> bytes:
    event = _object(value)
    if "specversion" not in event:
        return value
    if "data_base64" in event:
        try:
            return _merged(event, _object(base64.b64decode(event["data_base64"], validate=True)))
        except (binascii.Error, TypeError, ValueError):
            raise InvalidEventError("not_cloudevent", "`data_base64` is not base64") from None
    data = event.get("data")
    if not isinstance(data, dict):
        raise InvalidEventError("not_cloudevent", "`data` must be a JSON object")
    return _merged(event, data)


def _object(value: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEventError("not_json", str(error)[:200]) from None
    if not isinstance(found, dict):
        raise InvalidEventError("not_an_object", "the body must be one JSON object")
    return found


def _merged(attributes: dict[str, Any], data: dict[str, Any]) -> bytes:
    """The event in `data`; what it leaves out of its envelope is taken from the attributes."""
    version = attributes.get("specversion")
    if version != "1.0":
        raise InvalidEventError("not_cloudevent", "`specversion` must be 1.0")
    for field, attribute in (("event_id", "id"), ("type", "type"), ("event_time", "time")):
        if field not in data and attribute in attributes:
            data[field] = attributes[attribute]
    return msgspec.json.encode(data)
