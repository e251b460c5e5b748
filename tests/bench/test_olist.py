from datetime import UTC, datetime
from pathlib import Path

from bench.data import olist
from bench.data.dataset import Selection
from detectors.events import (
    Item,
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    PaymentCaptured,
    Place,
    ReviewLeft,
)
from streams.upstream import Event
from tests.bench import tables


def item(order: str, seller: str, *, price: float = 10.0, product: str = "mug") -> tables.Row:
    return (order, product, seller, "2017-03-08 12:00:00", price, 2.5, "housewares")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6


def read(folder: Path) -> list[Event]:
    return tables.read(olist.load(folder, Selection()))


def test_rows_of_an_order_are_one_order_with_its_items(tmp_path: Path) -> None:
    rows = [item("a", "s"), item("a", "s"), item("a", "s", price=4.2, product="cup")]
    (order,) = read(tables.olist(tmp_path, rows))

    assert isinstance(order.body, OrderPlaced)
    assert order.body.amount_minor == 2_420
    assert order.body.currency == "BRL"
    assert order.body.items == (
        Item(1, 420, listing_id="cup", category="housewares"),
        Item(2, 1_000, listing_id="mug", category="housewares"),
    )


def test_an_order_is_placed_when_bought_or_else_at_the_seller_s_deadline(tmp_path: Path) -> None:
    known = ("a", "shipped", "2017-03-01 08:00:00", None, None, None, "ana", "SP")
    first, second = read(tables.olist(tmp_path, [item("a", "s"), item("b", "s")], orders=[known]))

    assert (first.event_time, second.event_time) == (at("2017-03-01 08:00:00"), at("2017-03-08 12:00:00"))
    assert isinstance(first.body, OrderPlaced)
    assert isinstance(second.body, OrderPlaced)
    assert (first.body.buyer_id, first.body.ship_to) == ("ana", Place("BR", region="SP"))
    assert (second.body.buyer_id, second.body.ship_to) == ("unknown-b", None)


def test_an_order_of_two_sellers_is_two_orders_that_share_the_payment(tmp_path: Path) -> None:
    rows = [item("a", "s1"), item("a", "s2", price=35.0)]
    events = read(tables.olist(tmp_path, rows, payments=[("a", 1, "boleto", 50.0)]))

    paid = [event.body for event in events if isinstance(event.body, PaymentCaptured)]
    assert [(event.seller_id, event.event_id) for event in events[:2]] == [
        ("s1", "a-1-placed"),
        ("s2", "a-2-placed"),
    ]
    assert [(body.order_id, body.amount_minor) for body in paid] == [("a-1", 1_250), ("a-2", 3_750)]
    assert {body.method for body in paid} == {"bank_transfer"}


def test_a_cancelled_order_ends_a_day_after_its_last_known_step(tmp_path: Path) -> None:
    cancelled = ("a", "canceled", "2017-03-01 08:00:00", "2017-03-02 08:00:00", None, None, "ana", "SP")
    events = read(tables.olist(tmp_path, [item("a", "s")], orders=[cancelled]))

    assert events[-1].body == OrderCancelled("a", "canceled")
    assert events[-1].event_time == at("2017-03-03 08:00:00")


def test_delivery_and_review_follow_their_order(tmp_path: Path) -> None:
    steps = ("2017-03-01 08:00:00", "2017-03-01 09:00:00", "2017-03-03 08:00:00", "2017-03-09 08:00:00")
    folder = tables.olist(
        tmp_path,
        [item("a", "s")],
        orders=[("a", "delivered", *steps, "ana", "SP")],
        payments=[("a", 1, "credit_card", 12.5)],
        reviews=[("a", 1, "2017-03-11 20:30:00")],
    )
    placed, paid, delivered, reviewed = read(folder)

    assert (placed.event_time, paid.event_time) == (at(steps[0]), at(steps[1]))
    assert (delivered.body, delivered.event_time) == (OrderDelivered("a"), at(steps[3]))
    assert reviewed.body == ReviewLeft("ana", 1, order_id="a")
    assert reviewed.event_time == at("2017-03-11 20:30:00")
