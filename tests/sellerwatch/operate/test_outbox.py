"""Alerts that were given up are sent again or deleted, by their id or all of a kind; a mistyped id does nothing."""

import msgspec
import pytest

from streams.delivery.queued_alert import Tries
from tests.sellerwatch.operate.conftest import PARTITIONS, Ground
from tests.streams.delivery import alert_json


@pytest.fixture
def given_up(ground: Ground) -> Ground:
    """Three dead alerts: two answered 410, one 5xx."""
    ground.redis.set("{sw.layout}partitions", PARTITIONS)
    for number, reason in enumerate(("410", "410", "5xx")):
        fields = {
            "type": "alert.raised",
            "alert": alert_json(f"alr_{number}", f"seller-{number}"),
            "reason": reason,
            "tries": "[9,3,1.0]",
            "died_at": "1763722800.5",
        }
        ground.redis.xadd(f"{{sw.watch.{number % PARTITIONS}}}dead", fields)
    return ground


def dead(ground: Ground) -> list[str]:
    return sorted(one["alert_id"] for one in ground.told("outbox", "list")["dead_alerts"])


def test_the_dead_are_listed_with_their_last_answer(given_up: Ground) -> None:
    listed = given_up.told("outbox", "list")

    assert listed["dead"] == 3
    (one,) = (one for one in listed["dead_alerts"] if one["alert_id"] == "alr_2")
    assert (one["seller_id"], one["reason"], one["tries"]) == ("seller-2", "5xx", Tries(9).made)
    assert "3 given up" in given_up.run("outbox", "list").stdout


def test_one_is_sent_again_as_it_was(given_up: Ground) -> None:
    done = given_up.told("outbox", "retry", "alr_1")

    ((_, fields),) = given_up.redis.xrange("{sw.watch.1}out")
    assert done["retried"] == 1
    assert msgspec.json.decode(fields[b"alert"])["seller_id"] == "seller-1"
    assert dead(given_up) == ["alr_0", "alr_2"]
    (act,) = given_up.acts()
    assert (act["act"], act["subject_kind"], act["subject"]) == ("delivery.retried", "alert", "alr_1")


def test_all_of_one_answer_are_deleted_when_that_was_confirmed(given_up: Ground) -> None:
    assert given_up.run("outbox", "discard", "--reason", "410").exit_code == 2
    assert len(dead(given_up)) == 3

    assert given_up.told("outbox", "discard", "--reason", "410", "--yes")["discarded"] == 2

    assert dead(given_up) == ["alr_2"]
    assert given_up.acts()[-1]["details"] == {"alerts": 2, "reason": "410"}


def test_a_mistyped_id_or_answer_does_nothing(given_up: Ground) -> None:
    for words in (["retry", "alr_3"], ["discard", "alr_0", "alr_00", "--yes"], ["discard", "--reason", "41O", "--yes"]):
        result = given_up.run("outbox", *words)
        assert result.exit_code == 2
        assert "did you mean" in result.output
    assert given_up.run("outbox", "discard", "--yes").exit_code == 2

    assert len(dead(given_up)) == 3
    assert given_up.acts() == []


def test_those_that_wait_are_hurried(given_up: Ground) -> None:
    given_up.redis.zadd("{sw.watch.0}retry", {"1-0": 4e9})

    for named in (["1-0"], ["--all"], ["--reason", "410"]):
        assert given_up.run("outbox", "retry", *named, "--waiting").exit_code == 2
    assert given_up.redis.zscore("{sw.watch.0}retry", "1-0") == 4e9
    assert given_up.told("outbox", "retry", "--waiting")["hurried"] == 1
    assert given_up.redis.zscore("{sw.watch.0}retry", "1-0") < 4e9


def test_a_namespace_that_nobody_uses_is_an_error(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERWATCH_NAMESPACE", "other")

    result = ground.run("outbox", "list")

    assert result.exit_code == 2
    assert "no state under the namespace 'other'" in result.output
