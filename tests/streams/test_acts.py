"""What people do is recorded before it is done, without a personal value, and teaches nothing."""

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import pytest
from redis.asyncio import Redis

from detectors.alert_policy import Policy
from detectors.events import ActRecorded, OrderPlaced, Record, Source, VerdictGiven
from detectors.profiles.profile import Profile, encode_profile
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.acts import Act, ActRecorder, UnfitActError, record_act
from streams.errors import UnavailableError
from streams.fold import PartitionState, fold_step
from streams.intake import log_partition
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.reading import read_topic
from streams.refused.rejected import Rejected
from streams.settings import Settings
from streams.store.connection import connect, load_scripts
from streams.upstream import parse
from tests.streams.test_intake import Topics, Worker
from tests.upstream import line

ERASED = Act(act="buyer.erased", actor="ann", role="admin", subject_kind="buyer", subject="buyer-77")


def settings_of(kafka: EmbeddedKafka) -> Settings:
    return Settings(kafka_brokers=kafka.bootstrap.split(","), kafka_api_version="0.11")


def test_an_act_is_on_its_topic_when_it_counts_as_recorded(mock_kafka: EmbeddedKafka) -> None:
    settings = settings_of(mock_kafka)

    with closing(ActRecorder(settings)) as recorder, ThreadPoolExecutor(4) as threads:
        ids = set(threads.map(lambda _: recorder.record(ERASED), range(8)))

    sent = [parse(held.value) for held in read_topic(settings, names.ACTS)]
    found = [event for event in sent if event.event_id in ids]
    assert sorted(event.event_id for event in found) == sorted(ids)
    assert {event.seller_id for event in found} == {""}
    assert found[0].body == ActRecorded("buyer.erased", "ann", "admin", "buyer", "buyer-77")
    assert abs(found[0].event_time / 1e6 - time.time()) < 60


def test_an_act_that_kafka_does_not_confirm_in_time_is_refused() -> None:
    started = time.monotonic()

    with pytest.raises(UnavailableError, match="nothing was done"):
        record_act(Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11"), ERASED, patience=0.5)

    assert time.monotonic() - started < 30


def test_an_act_with_free_text_or_an_address_in_its_details_is_refused_before_kafka_is_asked() -> None:
    nowhere = Settings(kafka_brokers=["127.0.0.1:1"])

    for value in ("ann@example.com", "she called", "203.0.113.9"):
        unfit = msgspec.structs.replace(ERASED, details={"why": value})
        with pytest.raises(UnfitActError, match="nothing was done"):
            record_act(nowhere, unfit)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    await load_scripts(client, stage="intake", alive=lambda: True)
    yield client
    await client.aclose()


async def test_in_the_log_who_did_it_is_the_hash_that_stands_in_their_verdicts(redis: Redis) -> None:
    topics = Topics()
    worker = Worker(redis, topics)
    subject = {"subject_kind": "email", "subject": "Bob@example.com"}

    await worker.read(names.ACTS, line("act.recorded", event_id="a1", actor="ann", **subject))
    await worker.read("verdicts", line("verdict.given", analyst="ann"))

    act, verdict = (record.body for record in topics.log())
    assert isinstance(act, ActRecorded)
    assert isinstance(verdict, VerdictGiven)
    assert act.actor == verdict.analyst != "ann"
    assert act.subject is not None
    assert act.subject.startswith("k1:")
    assert [record.seller_id for record in topics.log()] == ["", "shop"]


async def test_an_act_that_names_no_seller_goes_where_its_id_says(redis: Redis) -> None:
    topics = Topics()
    worker = Worker(redis, topics)
    worker.intake._log_partitions = 64

    await worker.read(names.ACTS, *(line("act.recorded", event_id=f"a{n}") for n in range(20)))

    placed = {record.event_id: record.partition for record in topics.log()}
    assert placed == {f"a{n}": log_partition(f"a{n}", 64) for n in range(20)}


async def test_acts_come_from_their_own_topic_only_and_nothing_else_does(redis: Redis) -> None:
    topics = Topics()
    worker = Worker(redis, topics)

    await worker.read("orders", line("act.recorded"))
    await worker.read(names.ACTS, line("order.placed"))

    refused = [msgspec.json.decode(each.value, type=Rejected) for each in topics.sent[names.REJECTED]]
    assert [each.reason for each in refused] == ["wrong_topic", "wrong_topic"]
    assert topics.log() == []


def test_an_act_about_a_seller_changes_nothing_that_is_known_of_the_seller() -> None:
    shelf, policies = ModelShelf(None), PolicyShelf(None, Policy())
    order = Record(0, Source("orders", 0, 1), 10**9, "e1", 10**9, "shop", OrderPlaced("o", "b", 2_500, "EUR"))
    late = 9 * 10**15
    act = Record(0, Source(names.ACTS, 0, 1), late, "a1", late, "shop", ActRecorded("alert.opened", "h", "lead"))
    profiles: list[dict[str, Profile]] = [{}, {}]

    for known, records in zip(profiles, ([order], [act, order]), strict=True):
        fold_step(PartitionState(shelf.prior, policies.usual), list(enumerate(records)), known, {}, shelf, policies)

    with_act, without = (encode_profile(known["shop"]) for known in profiles)
    assert with_act == without
