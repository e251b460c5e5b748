"""What people ask of the models: signed, taken in its place among the rows, done again after a crash."""

from typing import Any

import msgspec
import pytest

from detectors.events import DAY, Source, decode_record
from detectors.models.learners import GUARD, WORDS, Learners
from detectors.models.risk_learner import RISK
from detectors.models.training import TrainingRow, encode_row
from detectors.models.words_learner import WordsLearner
from sellerwatch.models.comparing import differences
from streams import learn as stage
from streams import names
from streams.kafka.poll import Claim, Part, Partition
from streams.learn import Learn, LearnState, learner_key
from streams.marks import Marks
from streams.models.commands import (
    Announcement,
    ModelCommand,
    all_slots,
    back_to,
    decode_announcement,
    pack_command,
    slots_of,
    unpack_command,
)
from streams.models.versions import each_once
from streams.signing import SignatureError, sign, verify
from streams.store.partition import Answer, Commit
from tests.detectors.models.test_learners import wide
from tests.detectors.orders_with_labels import traffic

KEY = b"a key of these tests and of nobody else"


class Store:
    """Keeps what is committed."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def key(self, partition: int, name: str) -> str:
        return name

    async def apply(self, commits: dict[Claim, list[Commit]]) -> dict[Claim, Answer]:
        for commit in [commit for of_claim in commits.values() for commit in of_claim]:
            self.values |= {key: value for key, value, _ in commit.sets}
        return dict.fromkeys(commits, Answer.OK)

    def published(self, model: str) -> list[Announcement]:
        stored = [self.values[slot] for slot in all_slots(model) if slot in self.values]
        found = {announced.version: announced for announced in map(decode_announcement, stored)}
        return sorted(found.values(), key=lambda announced: announced.published_at)

    def held(self) -> list[str]:
        kept = verify([KEY], self.values[learner_key(GUARD)], purpose=stage.LEARNER)
        held: list[str] = msgspec.msgpack.decode(kept)[0]
        return held


class Bench:
    """The learn stage without Kafka and Redis."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.sent = Store(), list[tuple[str, str]]()
        self.stage = Learn(self.store, Learners.new, [KEY], log_partitions=2)  # type: ignore[arg-type]
        self.stage.app = None  # type: ignore[assignment]
        self.claim = Claim(Partition(names.TRAINING, 0), 1, "token", 0)
        self.claim.memory["state"] = LearnState(Learners.new(), Marks(), 0)
        self.offset = 0

        async def send(_app: Any, records: dict[tuple[str, int], list[Any]], _alive: Any) -> None:
            for (_, partition), outgoing in records.items():
                for each in outgoing:
                    body = decode_record(each.value).body
                    if partition == 0:
                        self.sent.append((body.model, body.version))  # type: ignore[union-attr]

        monkeypatch.setattr(stage, "send", send)

    async def takes(self, *values: bytes) -> None:
        class Read(msgspec.Struct):
            offset: int
            key: bytes | None
            value: bytes

        records = [Read(self.offset + number, None, value) for number, value in enumerate(values)]
        self.offset += len(values)
        part = Part(self.claim.partition, 1, records[0].offset, self.offset, records)  # type: ignore[arg-type]
        await self.stage._learn(self.claim, part)

    @property
    def learners(self) -> Learners:
        learners: Learners = self.claim.memory["state"].learners
        return learners


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def rows(first: int, last: int) -> list[bytes]:
    """Each from a log record of its own, or learn would take it for a repeat."""
    numbered = enumerate(list(traffic(5, 3_200))[first:last], start=first)
    return [encode_row(msgspec.structs.replace(wide(row), source=Source(names.EVENTS, 0, at))) for at, row in numbered]


async def test_a_rollback_announces_the_old_version_as_it_was_and_holds_the_model_until_it_is_released(
    bench: Bench,
) -> None:
    await bench.takes(*rows(0, 2_700))
    versions = [version for model, version in bench.sent if model == RISK]
    old = next(a for a in bench.store.published(RISK) if a.version != versions[-1])
    old = msgspec.structs.replace(old, judged=77, average_precision=0.5, precision_at_50=0.25, calibration_error=0.125)
    bench.learners.risk.validation.note(0.9, True, 1)
    await bench.takes(pack_command(back_to(old, 99 * DAY, "ana"), KEY))
    assert bench.sent[-1] == (RISK, old.version)
    again = bench.store.published(RISK)[-1]
    assert (again.version, again.published_at, again.figures) == (old.version, 99 * DAY, (77, 0.5, 0.25, 0.125))
    before = len([model for model, _ in bench.sent if model == RISK])
    await bench.takes(*rows(2_700, 3_000))
    assert len([model for model, _ in bench.sent if model == RISK]) == before
    assert bench.store.held() == [RISK]

    await bench.takes(pack_command(ModelCommand("release", RISK, 100 * DAY), KEY))
    await bench.takes(*rows(3_000, 3_200))
    assert len([model for model, _ in bench.sent if model == RISK]) > before


async def test_promotion_announces_the_challenger_as_the_model_of_risk(bench: Bench) -> None:
    await bench.takes(*rows(0, 2_600))
    assert bench.learners.challenger is not None
    publication = bench.learners.challenger.publication()
    await bench.takes(pack_command(ModelCommand("promote", RISK, 99 * DAY), KEY))
    assert bench.learners.risk.publication() == publication
    assert [model for model, _ in bench.sent[-2:]] == [RISK, "challenger"]


async def test_a_command_that_nobody_with_a_key_has_signed_changes_nothing(bench: Bench) -> None:
    await bench.takes(*rows(0, 600))
    sent, command = list(bench.sent), ModelCommand("promote", RISK, 1)
    for_another_purpose = sign(KEY, msgspec.msgpack.encode(command))
    await bench.takes(pack_command(command, b"somebody else's key, long enough"), for_another_purpose)
    assert bench.sent == sent


def test_a_command_comes_back_as_it_was_packed_and_only_for_its_purpose() -> None:
    command = ModelCommand("rollback", RISK, 7, "ana", "risk-1-abc", b"snapshot")
    assert unpack_command(pack_command(command, KEY), [KEY]) == command
    with pytest.raises(SignatureError):
        unpack_command(sign(KEY, msgspec.msgpack.encode(command)), [KEY])


def test_every_publication_has_a_place_among_those_that_are_listed() -> None:
    places = set(all_slots(RISK))
    assert all(set(slots_of(RISK, hour * DAY // 24)) <= places for hour in range(24 * 70))


def test_a_version_that_was_put_back_counts_from_then_on_wherever_its_first_place_lies() -> None:
    old, bad = Announcement(RISK, "old", 40 * DAY, b""), Announcement(RISK, "bad", 41 * DAY, b"")
    again = msgspec.structs.replace(old, published_at=42 * DAY)

    assert each_once([again, bad, old]) == each_once([old, bad, again]) == [bad, again]


def test_two_versions_of_words_differ_in_the_terms_that_they_propose() -> None:
    learner = WordsLearner()
    before = learner.publication()
    for number in range(4):
        source = Source(names.EVENTS, 0, number)
        row = TrainingRow(
            source, f"e{number}", None, f"s{number}", "", 0, 0, (), False, "bad", "verdict", texts=(" zorpite ",)
        )
        learner.learn_one(row)

    ((what, was, now),) = differences(WORDS, before, learner.publication())
    assert (what, was) == ("proposed: zorpite", "-")
    assert float(now)
