"""An event that names no seller changes the state once, by however many ways it comes to its order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from detectors.alert_policy import Policy
from detectors.events import HOUR, LinkFound, OrderPlaced, PaymentCaptured, PaymentDisputed, Record, Source
from detectors.fold import OrderRow, encode_order_row
from detectors.profiles.profile import REMEMBERED_EVENTS, Profile, encode_profile
from streams import names
from streams.facts.gathering import Gathering
from streams.facts.incoming import Incoming
from streams.fold import PartitionState, Step, fold_step
from streams.found import FOUND, FOUND_SECONDS, LONGEST_WAIT_SECONDS, MOST, Found, keys_of
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.replay import LogReplay
from streams.upstream import Event
from tests.builders import MONDAY, order_placed, payment, record

SHELF, POLICIES = ModelShelf(None), PolicyShelf(None, Policy())


class Partition:
    """A partition's state, whose events of orders are stored elsewhere between two batches, as watch has it."""

    def __init__(self) -> None:
        self.state = PartitionState(SHELF.prior, POLICIES.usual)
        self.profiles: dict[str, Profile] = {}
        self.rows: dict[str, OrderRow] = {}
        self.stored: dict[str, bytes] = {}

    def fold(self, *records: Record) -> Step:
        known = {key: self.stored[key] for key in keys_of(records) if key in self.stored}
        self.state.found = Found(known)
        step = fold_step(self.state, list(enumerate(records)), self.profiles, self.rows, SHELF, POLICIES)
        self.stored |= step.found
        return step

    def bytes(self) -> tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]:
        profiles = {seller: encode_profile(p) for seller, p in self.profiles.items()}
        return profiles, {order: encode_order_row(row) for order, row in self.rows.items()}, self.stored


def found_at(source: Source, hours: float = 0.0, order: str = "o-1", **fields: Any) -> Record:
    """A payment, found by its order `hours` after Monday began."""
    body = payment(order_id=order, payment_id="p-1")
    logged_at = MONDAY + int(hours * HOUR)
    given = {"event_id": "paid", "source": source, "logged_at": logged_at, "event_time": MONDAY, "by_order": True}
    return record(body, **(given | fields))


DIRECT, WAITED, WAITED_AGAIN = Source("payments", 3, 17), Source(names.WAITING, 0, 4), Source(names.WAITING, 0, 9)


def others(count: int) -> list[Record]:
    """As many other events of the seller."""
    return [record(order_placed(), event_id=f"other-{n}", source=Source("orders", 1, n)) for n in range(count)]


def test_a_second_copy_is_a_repeat_even_when_the_seller_has_long_forgotten_its_id() -> None:
    partition = Partition()
    partition.fold(found_at(DIRECT))
    partition.fold(*others(REMEMBERED_EVENTS + 1))
    before = partition.bytes()

    again = partition.fold(found_at(WAITED, hours=1), found_at(WAITED_AGAIN, hours=2))

    assert again.repeated == 2
    assert not again.effects
    assert partition.bytes() == before


def test_without_the_mark_only_the_sellers_last_ids_would_know_it() -> None:
    partition = Partition()
    partition.fold(found_at(DIRECT, by_order=False))
    partition.fold(*others(REMEMBERED_EVENTS + 1))

    assert partition.fold(found_at(WAITED, by_order=False)).repeated == 0


def test_other_events_of_the_order_and_of_other_sellers_are_new() -> None:
    partition = Partition()
    partition.fold(found_at(DIRECT))

    step = partition.fold(
        found_at(WAITED, event_id="refunded"),
        found_at(WAITED_AGAIN, seller_id="seller-2"),
        record(order_placed(order_id="o-1"), event_id="paid", seller_id="seller-3"),
    )

    assert step.repeated == 0


def test_a_copy_of_a_record_that_could_not_be_processed_is_a_repeat_too() -> None:
    broken = found_at(DIRECT)
    broken = record(
        PaymentDisputed("o-1"), event_id="paid", source=DIRECT, logged_at=broken.logged_at, by_order=True, seen=(7,)
    )
    partition = Partition()
    partition.fold(*others(1))
    partition.fold(broken)

    assert partition.fold(found_at(WAITED)).repeated == 1


def test_it_is_known_for_longer_than_an_event_may_wait_and_then_forgotten() -> None:
    for hours, repeated in ((FOUND / HOUR, 1), (FOUND / HOUR + 1, 0)):
        partition = Partition()
        partition.fold(found_at(DIRECT))

        assert partition.fold(found_at(WAITED, hours=hours)).repeated == repeated

    assert FOUND_SECONDS * 1_000_000 > FOUND >= 2 * LONGEST_WAIT_SECONDS * 1_000_000


def test_what_is_remembered_of_an_order_is_bounded() -> None:
    partition = Partition()
    sources = (Source("payments", 0, n) for n in range(10 * MOST))
    partition.fold(*(found_at(source, event_id=f"e-{source.offset}") for source in sources))

    assert len(partition.stored["o-1"]) == MOST * 16


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 60)), max_size=40), st.data())
def test_it_does_not_matter_where_a_batch_ends(drawn: list[tuple[int, int, int]], data: st.DataObject) -> None:
    records = [
        found_at(Source(names.WAITING, 0, number), hours, f"o-{order}", event_id=f"e-{event}")
        for number, (order, event, hours) in enumerate(drawn)
    ]
    whole, parts = Partition(), Partition()
    repeated = whole.fold(*records).repeated

    rest, repeated_in_parts = records, 0
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        repeated_in_parts += parts.fold(*rest[:size]).repeated
        rest = rest[size:]

    assert repeated_in_parts == repeated
    assert parts.bytes() == whole.bytes()


def test_a_replay_of_the_log_tells_the_same_and_forgets_what_can_come_no_more() -> None:
    replay = LogReplay(SHELF, POLICIES)
    (first,) = replay.fold([found_at(DIRECT), *others(REMEMBERED_EVENTS + 1)])
    (second,) = replay.fold([found_at(WAITED, hours=1)])
    assert (first.repeated, second.repeated) == (0, 1)

    later = [found_at(Source("payments", 3, 100 + n), n, f"l-{n}") for n in range(500)]
    for line in later:
        list(replay.fold([line]))

    held = replay._states[0].found._stored
    assert len(held) == FOUND_SECONDS // 3_600 + 1


def gathered(event: Event, *known: Event) -> list[Record]:
    """The records that come of an event, once others are known."""
    events = [Incoming(Source("payments", 0, n), MONDAY, each, {}) for n, each in enumerate((*known, event))]
    gathering = Gathering(events)
    gathering.take_first(dict.fromkeys(gathering.first_keys()))
    gathering.take_second(dict.fromkeys(gathering.second_keys()))
    return gathering.records()[len(known) :]


def test_intake_marks_what_its_order_has_told_the_seller_of() -> None:
    order = Event("e-1", "order.placed", MONDAY, "shop", OrderPlaced("o-1", "buyer", 100, "EUR"))
    body = PaymentCaptured("p-1", "o-1", 100, "EUR", "card")

    (by_order,) = gathered(Event("e-2", "payment.captured", MONDAY, None, body), order)
    (by_itself,) = gathered(Event("e-3", "payment.captured", MONDAY, "shop", body), order)

    assert (by_order.seller_id, by_order.by_order) == ("shop", True)
    assert (by_itself.seller_id, by_itself.by_order) == ("shop", False)


def test_a_link_is_remembered_by_its_own_id() -> None:
    link = LinkFound("seller-2", "device", "k:1", "seller", 2)
    records = [record(link, event_id="paid/link/1", by_order=True), record(order_placed()), found_at(DIRECT)]

    assert keys_of(records) == ["paid/link/1", "o-1"]
