"""What the fold promises: the same bytes wherever batches begin, nothing twice, nothing unbounded."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.events import DAY, PaymentDisputed, Record, VerdictGiven, decode_record, encode_record
from detectors.fold import (
    decode_order_row,
    encode_alert,
    encode_decision,
    encode_order_row,
    fold,
    labelled_orders,
)
from detectors.models.training import encode_row
from detectors.profiles.order_rows import HORIZON
from detectors.profiles.profile import Profile, decode_profile, encode_profile, kept_aside
from tests.builders import PRIOR_MODELS, Market, order_placed, record
from tests.detectors.learned import learned_models
from tests.detectors.streams import logs

Told = tuple[list[bytes], list[bytes], list[bytes]]
NOTHING: Told = ([], [], [])


def told_by(market: Market, records: Sequence[Record]) -> Told:
    """Decisions, alerts and rows, each in the order in which they are written."""
    effects = market.fold(records)
    return (
        [encode_decision(d) for d in effects.decisions],
        [encode_alert(a) for a in effects.alerts],
        [encode_row(r) for r in effects.rows],
    )


def told_in_parts(market: Market, records: Sequence[Record], edges: Sequence[int]) -> Told:
    """The same, of one batch after the other; between them, state is stored and read again."""
    told: Told = ([], [], [])
    for start, end in pairwise(edges):
        for all_of_them, more in zip(told, told_by(market, records[start:end]), strict=True):
            all_of_them += more
        market.sellers = {s: decode_profile(encode_profile(p)) for s, p in market.sellers.items()}
        market.order_rows = {o: decode_order_row(encode_order_row(r)) for o, r in market.order_rows.items()}
    return told


def state_of(market: Market) -> tuple[dict[str, bytes], dict[str, bytes]]:
    profiles = {seller: encode_profile(p) for seller, p in market.sellers.items()}
    return profiles, {order: encode_order_row(row) for order, row in market.order_rows.items()}


@settings(max_examples=150, deadline=None)
@given(logs(), st.lists(st.integers(0, 40), max_size=4))
def test_it_does_not_matter_where_a_batch_ends(records: list[Record], cuts: list[int]) -> None:
    whole, parts = Market(), Market()
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]

    assert told_in_parts(parts, records, edges) == told_by(whole, records)
    assert state_of(parts) == state_of(whole)


@settings(max_examples=60, deadline=None)
@given(logs(), st.integers(0, 40))
def test_what_was_kept_aside_learns_nothing(records: list[Record], cut: int) -> None:
    market = Market(learned_models())
    market.fold(records[:cut])
    kept = {seller: kept_aside(p) for seller, p in market.sellers.items()}
    before = state_of(market)[0]

    market.fold(records[cut:])

    assert {seller: encode_profile(p) for seller, p in kept.items()} == before


@settings(max_examples=40, deadline=None)
@given(logs(), st.lists(st.integers(0, 40), max_size=4))
def test_nor_does_it_matter_with_learned_models(records: list[Record], cuts: list[int]) -> None:
    whole, parts = Market(learned_models()), Market(learned_models())
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]

    assert told_in_parts(parts, records, edges) == told_by(whole, records)
    assert state_of(parts) == state_of(whole)


@settings(max_examples=60, deadline=None)
@given(logs(longest=DAY), st.data())  # in all, less than what a seller is remembered for
def test_an_event_that_comes_again_changes_nothing(records: list[Record], data: st.DataObject) -> None:
    once, twice = Market(), Market()
    told = told_by(once, records)
    told_again = told_by(twice, records)
    again = data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=5))

    assert told_by(twice, again) == NOTHING
    assert twice.effects.duplicates >= len(again)
    assert told_again == told
    assert state_of(twice) == state_of(once)


@settings(max_examples=100, deadline=None)
@given(logs(max_size=60))
def test_no_sequence_of_events_breaks_a_number_or_outgrows_a_profile(records: list[Record]) -> None:
    market = Market()
    market.fold(records)

    for decision in market.effects.decisions:
        assert 0.0 <= decision.score < 1.0
        assert 0.0 <= decision.seller_score < 1.0
        for reason in decision.reasons:
            assert math.isfinite(reason.observed)
            assert reason.contribution > 0.0
    for p in market.sellers.values():
        stored = encode_profile(p)
        assert len(stored) < 4096
        assert encode_profile(decode_profile(stored)) == stored
        numbers = [v for v in msgspec.structs.astuple(p) if isinstance(v, float)]
        assert all(map(math.isfinite, numbers))
        assert min(numbers) >= 0.0


@settings(max_examples=100, deadline=None)
@given(logs(max_size=60))
def test_contributions_add_up_to_the_score(records: list[Record]) -> None:
    market = Market()
    market.fold(records)

    explained = [(d.score, d.reasons) for d in market.effects.decisions if d.reasons]
    for score, reasons in [*explained, *((a.score, a.reasons) for a in market.effects.alerts)]:
        parts = [reason.contribution for reason in reasons]
        assert round(sum(parts), 6) == score
        assert parts == sorted(parts, reverse=True)
        assert all(round(part, 6) == part for part in parts)


def test_a_profile_that_was_full_for_years_stays_under_its_size() -> None:
    market = Market()
    for _ in range(600):
        market.happens(order_placed(order_id=f"{len(market.order_rows):048d}", currency="XMR"), days=0.01)

    assert len(market.seller().event_ids) == 256 * 6
    assert len(encode_profile(market.seller())) < 4096


def test_an_event_id_is_forgotten_only_after_256_others() -> None:
    market = Market()
    first = record(order_placed())
    market.fold([first])
    market.fold([record(order_placed()) for _ in range(255)])
    assert market.fold([first]).duplicates == 1
    market.fold([record(order_placed())])
    assert market.fold([first]).duplicates == 0


def test_an_event_dated_ahead_moves_the_clock_by_two_minutes_at_most() -> None:
    market = Market()
    market.happens(order_placed())
    market.fold([record(order_placed(), event_time=market.now + 900 * DAY, logged_at=market.now)])

    assert market.seller().clock == market.now + 120_000_000


def test_a_late_event_counts_without_turning_the_clock_back() -> None:
    market = Market()
    market.happens(order_placed())
    market.fold([record(order_placed(), event_time=market.now - 9 * DAY, logged_at=market.now)])

    assert market.seller().clock == market.now
    assert market.seller().orders_1d == 2.0


def test_what_the_log_holds_gives_the_same_bytes_as_what_was_written_to_it() -> None:
    records = [record(order_placed(amount_minor=3_900 + n)) for n in range(20)]
    read = [decode_record(encode_record(r)) for r in records]

    assert told_by(Market(), records) == told_by(Market(), read)


def test_a_dispute_brings_the_features_back_as_they_were() -> None:
    market = Market()
    order = order_placed()
    market.happens(order)
    kept = market.order_rows[order.order_id]
    for _ in range(30):
        market.happens(order_placed(amount_minor=90_000), days=0.1)
    (row,) = market.happens(PaymentDisputed(order.order_id), days=4).rows

    assert row.label == "bad"
    assert row.label_source == "dispute"
    assert row.event_time == kept.event_time
    assert bytes(round(value * 255) for value in row.features) == kept.features


def test_a_dispute_after_the_horizon_or_of_another_seller_s_order_makes_no_row() -> None:
    market = Market()
    order = order_placed()
    market.happens(order)
    foreign = record(PaymentDisputed(order.order_id), event_time=market.now, seller_id="seller-2")

    assert market.fold([foreign]).rows == []
    assert market.happens(PaymentDisputed(order.order_id), days=HORIZON / DAY).rows == []


def test_a_verdict_labels_the_last_orders_and_names_them_beforehand() -> None:
    market = Market()
    for _ in range(9):
        market.happens(order_placed(), days=0.2)
    verdict = record(VerdictGiven("dismissed", "ann"), event_time=market.now)
    named = list(labelled_orders([verdict], market.sellers))
    rows = market.fold([verdict]).rows

    assert [row.order_id for row in rows if not row.texts] == named
    assert len(named) == 6
    assert {row.label for row in rows} == {"good"}
    assert [row.source.part for row in rows if not row.texts] == list(range(6))


def test_one_order_in_eight_is_sampled_and_no_seller_gives_many() -> None:
    busy, many = Market(), Market()
    for _ in range(2_000):
        busy.happens(order_placed(), days=0.0001)
    many.fold([record(order_placed(), seller_id=f"seller-{n}") for n in range(2_000)])

    assert len(busy.effects.rows) <= 16
    assert 180 < len(many.effects.rows) < 330


def test_records_without_a_seller_are_left_out() -> None:
    sellers: dict[str, Profile] = {}
    intel = decode_record(
        b'{"partition":0,"source":["intel",0,0],"logged_at":1,"event_id":"i","event_time":1,"seller_id":"",'
        b'"body":{"type":"intel.listed","kind":"ip","source":"partner"}}'
    )
    effects = fold([intel], [0], sellers, {}, PRIOR_MODELS, Market().policy)

    assert sellers == {}
    assert not effects.changed


def test_a_decision_reads_as_the_contract_says() -> None:
    market = Market()
    body = order_placed(order_id="order-77")
    effects = market.happens(body)
    told = json.loads(encode_decision(effects.decisions[0]))

    assert told["type"] == "order.placed"
    assert told["order_id"] == "order-77"
    assert told["event_time"] == "2026-03-02T00:00:00Z"
    assert set(told["versions"]) == {"policy", "patterns", "features", "lexicon", "model"}
    assert {"event_id", "seller_id", "score", "seller_score", "pattern", "features"} <= set(told)
