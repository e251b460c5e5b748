"""What upstream may send, and why the rest is refused."""

import base64
import json

import pytest

from detectors.events import OrderPlaced, PaymentCaptured
from streams.errors import InvalidEventError
from streams.upstream import MAX_BYTES, parse
from tests.upstream import event, line


def refused(value: bytes, headers: tuple[tuple[str, bytes | None], ...] = ()) -> InvalidEventError:
    with pytest.raises(InvalidEventError) as caught:
        parse(value, headers)
    return caught.value


def test_an_order_is_read_with_its_time_in_microseconds() -> None:
    order = parse(line("order.placed", event_id="e1", event_time="2026-03-01T13:00:00.000001+01:00"))

    assert (order.event_id, order.type, order.seller_id) == ("e1", "order.placed", "shop")
    assert order.event_time == 1_772_366_400_000_001
    assert order.body == OrderPlaced("order-1", "buyer-1", 2_500, "EUR")


def test_fields_that_the_contract_does_not_name_are_kept_out() -> None:
    assert parse(line("order.placed", colour="red", ip=None)).body == OrderPlaced("order-1", "buyer-1", 2_500, "EUR")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "not_json"),
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b"[" * 60_000, "not_json"),
        (b"[]", "not_an_object"),
        (b'"order.placed"', "not_an_object"),
        (b" " * (MAX_BYTES + 1), "too_large"),
        (line("order.returned"), "unknown_type"),
        (line("order.placed", event_id=None), "missing_field"),
        (line("order.placed", event_id="x" * 129), "wrong_type"),
        (line("order.placed", event_id=""), "wrong_type"),
        (line("order.placed", order_id=None), "missing_field"),
        (line("order.placed", seller_id=None), "missing_field"),
        (line("order.placed", amount_minor="2500"), "wrong_type"),
        (line("order.placed", amount_minor=25.5), "wrong_type"),
        (line("order.placed", amount_minor=-1), "wrong_type"),
        (line("order.placed").replace(b"2500", b"9" * 400), "wrong_type"),
        (line("order.placed").replace(b"2500", b"1e999"), "not_json"),
        (line("payment.captured", method="barter"), "wrong_type"),
        (line("order.placed", event_time="2026-03-01T12:00:00"), "bad_time"),
        (line("order.placed", event_time="yesterday"), "bad_time"),
        (line("order.placed", event_time=1_700_000_000), "bad_time"),
        (line("order.placed", event_time="1969-12-31T23:59:59Z"), "bad_time"),
        (line("order.placed", event_time="9999-12-31T23:59:59-01:00"), "bad_time"),
        (line("review.left", rating=6), "wrong_type"),
        (line("act.recorded", subject="alr_1"), "missing_field"),
        (line("act.recorded", subject="x", subject_kind="colour"), "wrong_type"),
        (line("act.recorded", act="Log in"), "wrong_type"),
        (line("act.recorded", details={"to": "ann@example.com"}), "wrong_type"),
        (line("act.recorded", details={"note": "called Ann Smith"}), "wrong_type"),
        (line("act.recorded", details={"from": "203.0.113.9"}), "wrong_type"),
        (line("act.recorded", details={"from": "2001:db8::9"}), "wrong_type"),
        (line("act.recorded", details={f"n{n}": n for n in range(17)}), "wrong_type"),
        (line("intel.listed", value=None), "missing_field"),
        (line("intel.listed", expires_at="2026-04-01"), "bad_time"),
        (line("intel.listed", expires_at="soon"), "bad_time"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(value: bytes, reason: str) -> None:
    assert refused(value).reason == reason


def test_the_reason_never_repeats_the_value_itself() -> None:
    error = refused(line("payment.captured", method="4111 1111 1111 1111"))

    assert "4111" not in str(error)
    assert "$.method" in str(error)


def test_a_payment_may_leave_its_seller_to_its_order() -> None:
    assert parse(line("payment.captured", seller_id=None)).seller_id is None
    assert parse(line("shipment.created", seller_id=None)).seller_id is None


def test_intelligence_concerns_no_single_seller() -> None:
    assert parse(line("intel.listed")).seller_id == ""


def test_a_structured_cloudevent_carries_an_event_as_its_data() -> None:
    envelope = {"specversion": "1.0", "id": "ce-1", "source": "/shop", "type": "payment.captured"}
    data = event("payment.captured", event_id=None, type=None)

    read = parse(json.dumps(envelope | {"time": "2026-03-01T12:00:00Z", "data": data}).encode())

    assert (read.event_id, read.type) == ("ce-1", "payment.captured")
    assert isinstance(read.body, PaymentCaptured)


def test_a_cloudevent_may_carry_its_data_in_base64() -> None:
    data = base64.b64encode(line("order.placed", event_id="e9")).decode()
    envelope = {"specversion": "1.0", "id": "x", "source": "s", "type": "order.placed", "data_base64": data}

    assert parse(json.dumps(envelope).encode()).event_id == "e9"


def test_a_binary_cloudevent_has_its_envelope_in_the_headers() -> None:
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"ce-2"),
        ("ce_type", b"order.placed"),
        ("ce_time", b"2026-03-01T12:00:00Z"),
    )
    data = line("order.placed", event_id=None, type=None, event_time=None)

    assert parse(data, headers).event_id == "ce-2"


def test_a_header_without_a_value_is_one_that_is_not_there() -> None:
    read = parse(line("order.placed", event_id="e1"), (("ce_specversion", b"1.0"), ("ce_id", None), ("trace", None)))

    assert read.event_id == "e1"
    assert refused(line("order.placed"), (("ce_specversion", None),)).reason == "not_cloudevent"


@pytest.mark.parametrize(
    "envelope",
    [
        {"specversion": "0.3", "data": {}},
        {"specversion": "1.0", "data": "text"},
        {"specversion": "1.0", "data_base64": "%%%"},
        {"specversion": "1.0"},
    ],
)
def test_a_cloudevent_of_another_shape_is_refused(envelope: dict[str, object]) -> None:
    assert refused(json.dumps(envelope).encode()).reason == "not_cloudevent"
