from datetime import UTC, datetime
from pathlib import Path

from bench.data import agora
from bench.data.dataset import Selection
from bench.data.encode import encode
from detectors.events import DAY, HOUR, ListingPublished, OrderPlaced, PaymentCaptured, ReviewLeft
from tests.bench import tables

LISTING = ("L1", "greenhand", "Blue, fresh ☘", 0.25, "2014-02-01")


def day_of(event_time: int) -> str:
    return f"{datetime.fromtimestamp(event_time / 1e6, UTC).date()}"


def test_feedback_is_an_order_paid_in_coins_and_a_review(tmp_path: Path) -> None:
    folder = tables.agora(tmp_path, [LISTING], [("2014-02-10", "L1", "greenhand", 0.5, 5)])
    listing, order, payment, review = (event.body for event in tables.read(agora.load(folder, Selection())))

    assert isinstance(listing, ListingPublished)
    assert (listing.title, listing.category, listing.amount_minor) == (
        "Blue, fresh ☘",
        "Drugs/Cannabis",
        25_000_000,
    )
    assert isinstance(order, OrderPlaced)
    assert (order.amount_minor, order.currency, order.items[0].listing_id) == (50_000_000, "BTC", "L1")
    assert isinstance(payment, PaymentCaptured)
    assert (payment.method, payment.order_id) == ("crypto", order.order_id)
    assert review == ReviewLeft(order.buyer_id, 5, order_id=order.order_id)


def test_a_sale_without_a_price_takes_its_listing_s_or_is_counted_as_left_out(tmp_path: Path) -> None:
    unpriced = ("L2", "greenhand", "secret", None, "2014-02-01")
    sold = [("2014-02-10", listing, "greenhand", None, 4) for listing in ("L1", "L2")]
    dataset = agora.load(tables.agora(tmp_path, [LISTING, unpriced], sold), Selection())
    events = tables.read(dataset)

    assert [e.body.amount_minor for e in events if isinstance(e.body, OrderPlaced)] == [25_000_000]
    assert dataset.left_out == {"sale without a price": 1}
    published = [e.body for e in events if isinstance(e.body, ListingPublished)]
    assert {(body.listing_id, body.amount_minor, body.currency) for body in published} == {
        ("L1", 25_000_000, "BTC"),
        ("L2", None, None),
    }


def test_events_of_a_day_are_spread_over_it_the_same_way_every_time(tmp_path: Path) -> None:
    sold = [("2014-02-10", "L1", "greenhand", 0.1, 5)] * 48
    folder = tables.agora(tmp_path, [LISTING], sold)
    dataset = agora.load(folder, Selection())
    times = [event.event_time for event in tables.read(dataset) if isinstance(event.body, OrderPlaced)]

    assert {day_of(time) for time in times} == {"2014-02-10"}
    assert len({time % DAY // HOUR for time in times}) > 12
    assert list(encode(dataset)) == list(encode(agora.load(folder, Selection())))


def test_a_listing_comes_before_its_first_sale(tmp_path: Path) -> None:
    folder = tables.agora(tmp_path, [LISTING], [("2014-01-20", "L1", "greenhand", 0.1, 0)])
    events = tables.read(agora.load(folder, Selection()))

    assert isinstance(events[0].body, ListingPublished)
    assert events[1].event_time - events[0].event_time == HOUR
    assert isinstance(events[-1].body, ReviewLeft)
    assert events[-1].body.rating == 1


def test_every_vendor_is_bad_at_all_times(tmp_path: Path) -> None:
    (bad,) = agora.load(tables.agora(tmp_path, [LISTING], [LISTING_SALE]), Selection()).truth

    assert (bad.what, bad.id, bad.since, bad.until) == ("seller", "greenhand", None, None)


LISTING_SALE = ("2014-02-02", "L1", "greenhand", 0.1, 5)
