"""Refused events are found, mended and sent back as they were; a mistyped id does nothing."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sellerwatch.embedded.processes import free_port
from streams import names
from streams.refused.rejected import refusal
from tests.sellerwatch.operate.conftest import Ground
from tests.upstream import line

GOOD = line("order.placed", order_id="o-1", seller_id="shop")
LATE = line("payment.captured", seller_id=None, order_id="o-9")


def refuse(
    ground: Ground,
    value: bytes,
    reason: str = "not_json",
    topic: str = "orders",
    partition: int = 0,
    told: Mapping[str, str] | None = None,
) -> None:
    """What intake leaves of an event that it refuses."""
    headers = [(name, text.encode()) for name, text in (told or {}).items()]
    left = refusal(topic, partition, 99, reason, "why it was", b"shop", value, headers)
    ground.send(names.REJECTED, left.value, partition=partition, key=left.key)


def test_the_newest_open_ones_are_listed_first_with_why_and_where_from(ground: Ground) -> None:
    for number in range(3):
        refuse(ground, b"bad %d" % number, partition=number % 2)
        time.sleep(0.01)

    listed = ground.told("rejected", "list")

    assert [one["id"] for one in listed] == ["0/1", "1/0", "0/0"]
    assert listed[0]["came_from"] == "orders/0/99"
    assert ground.run("rejected", "list", "--limit", "1").stdout.count("not_json") == 1


def test_one_is_sent_back_byte_for_byte_to_its_place_with_a_header_that_says_so(ground: Ground) -> None:
    refuse(ground, LATE, "order_unknown", "payments", partition=1)

    done = ground.told("rejected", "replay", "1/0", "--yes")

    (sent,) = ground.records("payments")
    assert done["replayed"] == 1
    assert (sent.value, sent.key, sent.partition) == (LATE, b"shop", 1)
    assert sent.headers == [("sellerwatch-replayed", b"sellerwatch.rejected/1/0")]
    (act,) = ground.acts()
    assert (act["act"], act["subject"], act["details"]) == ("rejected.replayed", "1/0", {"events": 1})
    assert done["act"] == act["event_id"]


def test_what_was_sent_back_is_not_open_any_more_and_is_not_sent_twice(ground: Ground) -> None:
    refuse(ground, LATE, "order_unknown", "payments")
    ground.run("rejected", "replay", "0/0", "--yes")

    again = ground.run("rejected", "replay", "0/0", "--yes")

    assert again.exit_code == 2
    assert "was replayed by" in again.output
    assert ground.told("rejected", "list") == []
    (listed,) = ground.told("rejected", "list", "--handled")
    assert listed["state"].startswith("was replayed by")
    assert len(ground.records("payments")) == 1


def test_the_attributes_of_a_cloudevent_go_back_with_it(ground: Ground) -> None:
    body = line("order.placed", event_id=None, type=None, event_time=None)
    told = {"ce_specversion": "1.0", "ce_id": "e-1", "ce_type": "order.placed", "ce_time": "2026-03-01T12:00:00Z"}
    refuse(ground, body, "order_unknown", told=told | {"other": "no"})

    assert ground.told("rejected", "replay", "0/0", "--yes")["replayed"] == 1

    headers = dict(ground.records("orders")[0].headers)
    assert headers == {
        **{name: text.encode() for name, text in told.items()},
        "sellerwatch-replayed": b"sellerwatch.rejected/0/0",
    }


@pytest.mark.parametrize("verb", ["replay", "discard", "show"])
def test_a_mistyped_id_does_nothing_and_near_ones_are_named(ground: Ground, verb: str) -> None:
    refuse(ground, LATE, "order_unknown", "payments")

    for mistyped, near in (("0/7", True), ("7/0", True), ("0-0", True), ("orders/9", False)):
        result = ground.run("rejected", verb, mistyped, *(["--yes"] if verb != "show" else []))
        assert result.exit_code == 2
        assert f"no refused event {mistyped!r}" in result.output
        assert ("did you mean 0/0" in result.output) == near

    assert ground.acts() == []
    assert ground.records("payments") == []


def test_one_wrong_id_among_right_ones_leaves_all_as_they_are(ground: Ground) -> None:
    refuse(ground, LATE, "order_unknown", "payments")

    assert ground.run("rejected", "replay", "0/0", "0/1", "--yes").exit_code == 2
    assert ground.records("payments") == []


def test_what_would_be_refused_again_is_not_sent_and_a_mended_file_is(ground: Ground, tmp_path: Path) -> None:
    refuse(ground, GOOD[:-1])
    mended = tmp_path / "event.json"
    assert ground.run("rejected", "show", "0/0", "-o", str(mended)).exit_code == 0
    assert mended.read_bytes() == GOOD[:-1]

    assert "refused again as not_json" in ground.run("rejected", "replay", "0/0", "--yes").output
    assert ground.run("rejected", "replay", "0/0", "--file", str(mended), "--yes").exit_code == 2
    mended.write_bytes(GOOD)
    for taken in (mended, tmp_path / "nowhere" / "event.json"):
        assert ground.run("rejected", "show", "0/0", "-o", str(taken)).exit_code == 2
    assert mended.read_bytes() == GOOD, "what somebody has mended is written over"
    assert ground.run("rejected", "replay", "0/0", "--file", str(mended), "--yes").exit_code == 0

    (sent,) = ground.records("orders")
    assert sent.value == GOOD
    assert ground.acts()[-1]["details"]["fixed"] is True


def test_a_record_of_the_log_does_not_go_back_but_its_event_may(ground: Ground, tmp_path: Path) -> None:
    record = (
        b'{"partition":0,"source":["payments",1,5,0],"logged_at":1,"event_id":"e","event_time":1,"seller_id":"shop",'
    )
    record += b'"body":{"type":"payment.released","order_id":"o-1"}}'
    refuse(ground, record, "processing_failed", names.EVENTS)
    event = tmp_path / "event.json"
    event.write_bytes(LATE)

    assert "holds hashes" in ground.run("rejected", "replay", "0/0", "--yes").output
    assert ground.run("rejected", "replay", "0/0", "--file", str(event), "--yes").exit_code == 0

    assert [(r.partition, r.value) for r in ground.records("payments")] == [(1, LATE)]
    assert ground.records(names.EVENTS) == []


def test_without_yes_nobody_is_asked_who_is_not_there(ground: Ground) -> None:
    refuse(ground, LATE, "order_unknown", "payments")

    result = ground.run("rejected", "discard", "0/0")

    assert result.exit_code == 2
    assert "--yes" in result.output
    assert ground.acts() == []


def test_many_are_chosen_by_reason_and_topic_and_only_what_was_counted_is_sent(ground: Ground) -> None:
    kinds = [(GOOD, "wrong_type"), (b"no JSON", "not_json"), (GOOD, "bad_time")]
    left = [refusal("orders", 0, n, kinds[n % 3][1], "", None, kinds[n % 3][0]).value for n in range(1_200)]
    ground.send(names.REJECTED, *left)

    done = ground.told("rejected", "replay", "--all", "--topic", "orders", "--yes")
    put_away = ground.told("rejected", "discard", "--reason", "not_json", "--yes")

    assert done["replayed"] == 800
    assert list(done["left"].values()) == [400]
    assert put_away["discarded"] == 400
    assert len(ground.records("orders")) == 800
    assert ground.told("rejected", "list") == []
    assert {row["open"] for row in ground.told("rejected", "list", "--summary")} == {0}


def test_nothing_is_chosen_by_a_mistyped_topic_or_by_no_word_at_all(ground: Ground) -> None:
    assert "did you mean orders" in ground.run("rejected", "replay", "--topic", "ordres", "--yes").output
    assert ground.run("rejected", "discard", "--yes").exit_code == 2


def test_without_redis_they_are_listed_and_nothing_is_sent(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(ground, LATE, "order_unknown", "payments")
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")

    listed, sent = ground.run("rejected", "list"), ground.run("rejected", "replay", "0/0", "--yes")

    assert listed.exit_code == 0
    assert "which of them were dealt with is not known" in listed.output
    assert sent.exit_code == 1
    assert ground.acts() == []
    assert ground.records("payments") == []


def test_bytes_that_a_terminal_would_obey_are_made_visible(ground: Ground) -> None:
    refuse(ground, b'{"type": "\x1b[2J\xff"}')

    shown = ground.run("rejected", "show", "0/0").stdout

    assert "\x1b" not in shown
    assert json.loads(json.dumps(shown)).count("\\x1b[2J\\xff") == 1
