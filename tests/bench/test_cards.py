from datetime import UTC, date, datetime
from pathlib import Path

from bench.data import handbook, sparkov
from bench.data.dataset import Bad, Selection
from detectors.events import DAY, OrderPlaced, PaymentCaptured, PaymentDisputed
from tests.bench import tables

GENUINE = (0, "2018-04-01 00:00:31", 7, 3, 57.16, 0)
LEAKED = (1, "2018-04-01 09:00:00", 8, 3, 300.0, 3)
LATER = (2, "2018-04-20 10:00:00", 7, 4, 0.29, 0)


def test_a_card_payment_is_an_order_at_its_terminal_in_cents(tmp_path: Path) -> None:
    order, *_ = tables.read(handbook.load(tables.handbook(tmp_path, [GENUINE]), Selection()))

    assert order.body == OrderPlaced(order_id="handbook-0", buyer_id="customer-7", amount_minor=5716, currency="USD")
    assert (order.event_id, order.seller_id) == ("handbook-0-placed", "terminal-3")
    assert order.event_time == datetime(2018, 4, 1, 0, 0, 31, tzinfo=UTC).timestamp() * 1e6


def test_a_fraud_is_disputed_seven_days_later_among_the_orders_of_that_day(tmp_path: Path) -> None:
    events = tables.read(handbook.load(tables.handbook(tmp_path, [GENUINE, LEAKED, LATER]), Selection()))

    assert [type(event.body) for event in events] == [OrderPlaced, OrderPlaced, PaymentDisputed, OrderPlaced]
    dispute = events[2]
    assert dispute.event_time - events[1].event_time == 7 * DAY
    assert isinstance(dispute.body, PaymentDisputed)
    assert dispute.body.order_id == "handbook-1"
    assert dispute.body.amount_minor == 30_000


def test_card_payments_are_added_on_request_right_after_their_order(tmp_path: Path) -> None:
    folder = tables.handbook(tmp_path, [GENUINE, LEAKED])
    events = tables.read(handbook.load(folder, Selection(payments=True)))

    paid = events[1].body
    assert isinstance(paid, PaymentCaptured)
    assert (paid.order_id, paid.method, paid.instrument) == ("handbook-0", "card", "card of customer-7")
    assert len({event.event_id for event in events}) == len(events) == 5


def test_the_truth_names_bad_orders_and_the_windows_of_who_is_there(tmp_path: Path) -> None:
    terminals = [(3, "2018-04-01", "2018-04-29"), (999, "2018-04-01", "2018-04-29")]
    folder = tables.handbook(tmp_path, [GENUINE, LEAKED], terminals, [(8, "2018-04-01", "2018-04-15")])

    assert handbook.load(folder, Selection()).truth == (
        Bad("seller", "terminal-3", "terminal compromised", date(2018, 4, 1), date(2018, 4, 29)),
        Bad("buyer", "customer-8", "card details leaked", date(2018, 4, 1), date(2018, 4, 15)),
        Bad("order", "handbook-1", "card details leaked", date(2018, 4, 1)),
    )


def test_a_selection_takes_days_and_the_disputes_of_their_orders(tmp_path: Path) -> None:
    folder = tables.handbook(tmp_path, [GENUINE, LEAKED, LATER])

    first_day = handbook.load(folder, Selection(until=date(2018, 4, 2)))
    rest = handbook.load(folder, Selection(since=date(2018, 4, 2)))

    assert first_day.counts() == {"order.placed": 2, "payment.disputed": 1}
    assert rest.counts() == {"order.placed": 1, "payment.disputed": 0}


def test_a_sample_takes_whole_sellers_and_always_the_same_ones(tmp_path: Path) -> None:
    rows = [(n, "2018-04-01 00:00:00", 1, n % 200, 1.0, 0) for n in range(600)]
    folder = tables.handbook(tmp_path, rows)

    tenth = handbook.load(folder, Selection(sample=0.1)).sellers()
    quarter = handbook.load(folder, Selection(sample=0.25))

    assert set(tenth) < set(quarter.sellers())
    assert 30 <= len(quarter.sellers()) <= 70
    assert quarter.counts()["order.placed"] == 3 * len(quarter.sellers())


def test_a_merchant_sells_one_thing_of_a_category(tmp_path: Path) -> None:
    row = ("2023-01-01 00:00:52", 5, "gas_transport", 'Kuhn, "Bernard" and Sons', 101.86, 1)
    dataset = sparkov.load(tables.sparkov(tmp_path, [row]), Selection())
    order, dispute = tables.read(dataset)

    assert order.seller_id == dispute.seller_id == 'Kuhn, "Bernard" and Sons'
    assert isinstance(order.body, OrderPlaced)
    assert order.body.buyer_id == "card-5"
    assert [(i.category, i.unit_amount_minor) for i in order.body.items] == [("gas_transport", 10_186)]
    assert [bad.what for bad in dataset.truth] == ["order"]
