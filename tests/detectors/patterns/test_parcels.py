"""Parcel, sender and route: what papers, scales and labels say, and honest shops where they say odd things."""

from typing import Any

import pytest

from detectors.events import Place, ShipmentCreated
from detectors.patterns.parcel import contents_differ
from detectors.profiles.facet_states import Parcels
from tests.builders import Market, order_placed, registered, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.shipping import known, ships


def market(**account: object) -> Market:
    made = Market()
    made.happens(registered(address=Place("DE", address="k:home"), **account))
    return made


def test_light_samples_worth_nothing_instead_of_goods_alert_and_give_an_example() -> None:
    found = ships(market(), 14, declared_contents="cotton samples", declared_value_minor=200, weight_grams=4)

    assert set(found.patterns()) == {"parcel"}
    first = found.effects.alerts[0].reasons[0]
    assert first.code == "contents_differ"
    assert "'cotton samples' for 'Herb seeds, green'" in first.text


@pytest.mark.parametrize(
    "papers",
    [
        {"declared_contents": "gift"},
        {"declared_contents": "Kräuter"},
        {"declared_value_minor": 900},
        {"weight_grams": 20_000},
    ],
    ids=["lazy", "another language", "undervalued", "heavy"],
)
def test_one_odd_thing_on_the_papers_does_not(papers: dict[str, Any]) -> None:
    found = ships(market(), 30, **papers)

    assert found.patterns() == []


def test_what_no_feed_tells_is_unknown() -> None:
    silent = ships(market(), 12, declared_contents=None, declared_value_minor=None, weight_grams=None)
    assert silent.seller().parcels is None

    unknown_order = market()
    unknown_order.happens(ShipmentCreated("p", "o", declared_contents="anything"))
    assert unknown_order.seller().parcels is None


def test_a_gap_in_the_feed_does_not_wash_a_seller_clean() -> None:
    made = ships(market(), 10, declared_contents="cotton samples", declared_value_minor=200)
    before = features(made)["contents_differ"]
    ships(made, 10, declared_contents=None, declared_value_minor=None, weight_grams=None)

    assert isinstance(made.seller().parcels, Parcels)
    assert features(made)["contents_differ"] == pytest.approx(before, abs=0.005)


@pytest.mark.parametrize(
    ("declared", "title", "category", "differs"),
    [
        ("jewellery", "Diamond ring", "fashion", 0.0),
        ("pottery", "Keramikvase blau", "home", 0.0),
        ("clothing", "Sommerkleid", "fashion/women", 0.0),
        ("pottery", "Sommerkleid", "fashion", 1.0),
        ("printed paper", "Leather handbag", "fashion", 1.0),
        ("printed paper", "Der Zauberberg", "books", 0.0),
    ],
)
def test_a_customs_form_may_name_the_kind_of_goods(declared: str, title: str, category: str, differs: float) -> None:
    assert contents_differ(declared, title, category) == differs


def test_words_are_compared_by_their_beginnings() -> None:
    assert contents_differ("SEED", "Herb seeds, green", "garden") == 0.0
    assert contents_differ("gift", "Herb seeds", "garden") == 0.2
    assert contents_differ("tools", "Herb seeds", "garden") == 1.0
    assert contents_differ("tools", "", "") is None
    assert contents_differ("12", "Herb seeds", "") is None


def test_another_sender_on_every_parcel_alerts() -> None:
    found = ships(market(), 16, origin=lambda n: Place("DE", address=f"k:made-up-{n}"))

    assert set(found.patterns()) == {"sender"}
    assert found.effects.alerts[0].reasons[0].code == "varied_senders"


def test_four_warehouses_do_not() -> None:
    found = ships(market(), 40, origin=lambda n: Place("DE", address=f"k:depot-{n % 4}"))

    assert found.patterns() == []


def test_a_fulfilment_service_that_hundreds_use_is_no_borrowed_address() -> None:
    crowd = sighted("address", role="seller", value="k:service", sellers=500)
    service = ships(market(), 20, crowd, origin=Place("DE", address="k:service"))
    neighbour = sighted("address", role="seller", value="k:other", sellers=1)
    borrowed = ships(market(), 20, neighbour, origin=Place("DE", address="k:other"))

    assert features(service)["sender_borrowed"] == 0.0
    assert features(borrowed)["sender_borrowed"] > 0.5
    assert service.patterns() == []


def test_parcels_that_start_elsewhere_and_go_to_new_countries_from_some_day_on_alert() -> None:
    made = ships(market(), 25)
    quiet = made.patterns()
    lands = ["FR", "PL", "SE", "AT", "NL", "IT", "ES", "DK", "CZ", "PT"]
    ships(
        made,
        14,
        origin=Place("LT", address="k:depot"),
        destination=lambda n: Place(lands[n % 10]),
        order=known(country="FR"),
    )

    assert quiet == []
    assert set(made.patterns()) == {"route"}
    assert "before in DE" in " ".join(reason.text for reason in made.effects.alerts[0].reasons)


def test_a_shop_that_finds_customers_abroad_one_by_one_does_not() -> None:
    made = ships(market(), 20)
    for land in ("FR", "PL", "SE", "AT"):
        ships(made, 2, destination=Place(land), order=known(country=land))
        ships(made, 8)

    assert made.patterns() == []


def test_a_shop_with_a_depot_abroad_since_ever_does_not() -> None:
    found = ships(market(), 40, origin=lambda n: Place("PL" if n % 3 == 0 else "DE", address=f"k:depot-{n % 3}"))

    assert features(found)["origin_moved"] == 0.0
    assert found.patterns() == []


def test_a_parcel_without_places_teaches_no_route() -> None:
    made = market()
    made.happens(ShipmentCreated("p", "o"))
    made.happens(order_placed())

    assert made.seller().routes is None
    assert made.seller().senders is None
