"""A record that cannot be processed changes nothing, is kept, and leaves its neighbours as they would be without it."""

import base64
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from detectors.alert_policy import Policy
from detectors.decision import encode_decision
from detectors.events import OrderPlaced, Record, ReviewLeft, Source, decode_record
from detectors.learning import LEARN
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Profile, encode_profile
from streams import fold, names
from streams.fold import PartitionState, Step, fold_step
from streams.kafka.poll import Claim, Part, Partition
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.refused.rejected import MAX_CONSECUTIVE, RefusalLimit, Rejected
from streams.refused.stops import Stops
from streams.store.partition import PartitionStore
from streams.watch import Outgoings, Watch, Work

SHELF, POLICIES = ModelShelf(None), PolicyShelf(None, Policy())


class Panic(BaseException):
    """As a Rust extension raises it."""


def order(number: int, seller: str) -> Record:
    body = OrderPlaced(f"o{number}", f"b{number % 3}", 2_500 + number, "EUR")
    return Record(0, Source("orders", 0, number), number * 10**9, f"e{number}", number * 10**9, seller, body)


def review(number: int, seller: str) -> Record:
    body = ReviewLeft("b1", 5)
    return Record(0, Source("orders", 0, number), number * 10**9, f"e{number}", number * 10**9, seller, body)


@pytest.fixture(params=[ValueError, Panic])
def _reviews_fail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(p: Profile, _record: Record, _body: Any, _time: int, _moment: Moment) -> None:
        p.orders += 1_000
        raise request.param("a defect")

    monkeypatch.setitem(cast(dict[type, Any], LEARN), ReviewLeft, (fail,))
    monkeypatch.setattr(fold, "log", SimpleNamespace(exception=lambda *_, **__: None))


def folded(records: list[Record]) -> tuple[Step, dict[str, bytes], list[bytes]]:
    profiles: dict[str, Profile] = {}
    state = PartitionState(SHELF.prior, POLICIES.usual)
    fold_step(state, list(enumerate(records[:5])), profiles, {}, SHELF, POLICIES)
    step = fold_step(state, list(enumerate(records[5:], start=5)), profiles, {}, SHELF, POLICIES)
    decisions = [encode_decision(decision) for effects in step.effects for decision in effects.decisions]
    return step, {seller: encode_profile(profile) for seller, profile in profiles.items()}, decisions


@pytest.mark.usefixtures("_reviews_fail")
def test_a_record_that_cannot_be_processed_changes_nothing() -> None:
    orders = [order(number, f"shop-{number % 2}") for number in range(12)]
    bad = [review(20, "shop-0"), review(21, "new-shop")]
    after = [order(number, f"shop-{number % 2}") for number in range(30, 34)]

    step, profiles, decisions = folded([*orders, *bad, *after])
    _, expected_profiles, expected_decisions = folded([*orders, *after])

    assert [(offset, record.event_id) for offset, record, _ in step.failed] == [(12, "e20"), (13, "e21")]
    assert profiles == expected_profiles
    assert decisions == expected_decisions


@pytest.mark.usefixtures("_reviews_fail")
def test_the_records_that_stop_a_partition_are_there_to_be_looked_at() -> None:
    limit = RefusalLimit()
    claim = Claim(Partition(names.EVENTS, 3), 1, "token", 0)
    claim.memory.update(limit=limit, state=PartitionState(SHELF.prior, POLICIES.usual), profiles={})
    records = [review(number, "shop") for number in range(MAX_CONSECUTIVE + 1)]
    watch = Watch(cast(PartitionStore, SimpleNamespace()), SHELF, cast(Stops, None), POLICIES, cached_profiles=1_000)
    outgoing: Outgoings = {}

    reason = watch._fold(Work(claim, cast(Part, None), [list(enumerate(records))]), outgoing)

    assert reason is not None
    kept = [msgspec.json.decode(each.value, type=Rejected) for each in outgoing[names.REJECTED, 0]]
    assert [decode_record(base64.b64decode(each.original)) for each in kept] == records
    assert {each.reason for each in kept} == {"processing_failed"}
