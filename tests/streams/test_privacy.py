"""No personal value gets past intake, and equal values stay equal."""

from typing import Any

import msgspec
import pytest

from detectors.events import OrderPlaced, Place, Record, SellerRegistered, Source, encode_record
from streams.privacy import HashKey, Pseudonyms, ip_prefix, pseudonymise
from streams.upstream import parse
from tests.upstream import line

KEYS = Pseudonyms([HashKey("k1", b"a secret of some length")])

CANARIES: dict[str, dict[str, Any]] = {
    "order.placed": {
        "buyer_id": "CANARY-buyer",
        "ip": "198.51.100.77",
        "device_id": "CANARY-device",
        "ship_to": {"country": "DE", "postal_code": "CANARY1", "line": "CANARY street 1", "address": "CANARY smuggled"},
        "ip_prefix": "CANARY smuggled",
    },
    "payment.captured": {
        "buyer_id": "CANARY-b",
        "instrument": "CANARY-card",
        "ip": "2001:db8::77",
        "device_id": "CANARY",
    },
    "payment.failed": {"ip_prefix": "CANARY smuggled"},
    "shipment.created": {
        "origin": {"country": "DE", "line": "CANARY lane"},
        "destination": {"country": "DE", "postal_code": "CANARY2"},
    },
    "seller.registered": {
        "display_name": "CANARY shop",
        "legal_name": "CANARY Ltd",
        "address": "CANARY road 5",
        "email": "canary@CANARY.example",
        "phone": "+49 CANARY 30",
        "payout_account": "CANARY IBAN",
        "tax_id": "CANARY tax",
        "ip": "198.51.100.78",
        "device_id": "CANARY-d",
    },
    "seller.updated": {"address": {"country": "FR", "line": "CANARY place"}},
    "review.left": {"buyer_id": "CANARY-r"},
    "report.filed": {"reporter_id": "CANARY-rep", "text": "CANARY saw it"},
    "verdict.given": {"analyst": "CANARY-analyst", "note": "CANARY note"},
    "verdict.snoozed": {"analyst": "CANARY-analyst"},
    "act.recorded": {"actor": "CANARY-admin", "subject_kind": "email", "subject": "CANARY@example.com"},
    "intel.listed": {"kind": "wallet", "value": "CANARY-wallet"},
}


@pytest.mark.parametrize("kind", CANARIES)
def test_no_personal_value_is_left_in_the_log(kind: str) -> None:
    event = parse(line(kind, **CANARIES[kind]))
    body, _ = pseudonymise(event.body, KEYS)

    logged = encode_record(Record(0, Source("t", 0, 0), 0, "e", 0, "s", body)).decode()

    assert "CANARY" not in logged.upper()
    assert "198.51.100" not in logged
    assert "2001:db8" not in logged


def hashed(**fields: object) -> SellerRegistered:
    body, _ = pseudonymise(msgspec.convert({"type": "seller.registered", **fields}, SellerRegistered), KEYS)
    assert isinstance(body, SellerRegistered)
    return body


def test_the_same_value_written_differently_has_the_same_hash() -> None:
    assert hashed(email="Ann@Example.org ").email == hashed(email="ann@example.ORG").email
    assert hashed(phone="+49 (30) 123-456").phone == hashed(phone="0049 30 123456").phone
    assert (
        hashed(payout_account="DE89 3704 0044").payout_account == hashed(payout_account="de8937040044").payout_account
    )
    assert hashed(ip="::ffff:192.0.2.1").ip == hashed(ip="192.0.2.1").ip


def test_equal_texts_of_different_kinds_do_not_match() -> None:
    seller = hashed(email="12345", tax_id="12345")

    assert seller.email != seller.tax_id


def test_neighbours_in_a_network_share_its_prefix_but_not_their_address() -> None:
    one, other = hashed(ip="192.0.2.1"), hashed(ip="192.0.2.200")

    assert one.ip != other.ip
    assert one.ip_prefix == other.ip_prefix
    assert ip_prefix("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert ip_prefix("no address") is None


def test_an_address_without_street_or_postal_code_is_nobodys() -> None:
    order = OrderPlaced("o", "b", 1, "EUR", ship_to=Place(country="DE", region="Berlin"))

    body, values = pseudonymise(order, KEYS)

    assert body.ship_to == Place(country="DE", region="Berlin")  # type: ignore[union-attr]
    assert "ship_to" not in values


def test_a_new_key_gives_new_hashes_and_still_finds_the_old_ones() -> None:
    before = KEYS.of("device", "d1")
    rotated = Pseudonyms([HashKey("k2", b"another secret, longer"), HashKey("k1", b"a secret of some length")])

    assert rotated.of("device", "d1").startswith("k2:")
    assert rotated.former("device", "d1") == [before]
    assert rotated.rotating


def test_a_country_is_spelled_in_one_way_wherever_it_comes_from() -> None:
    order = OrderPlaced("o", "b", 1, "EUR", ship_to=Place(country=" de"))
    seller = SellerRegistered(country="de", address=Place(country="De", line="Street 1"))

    bought, _ = pseudonymise(order, KEYS)
    account, _ = pseudonymise(seller, KEYS)
    assert bought.ship_to.country == account.country == account.address.country == "DE"  # type: ignore[union-attr]
