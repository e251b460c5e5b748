"""When so many events are refused that the partition must stop."""

import base64
import json

from streams.kafka.producer import MAX_RECORD_BYTES
from streams.refused.rejected import MAX_CONSECUTIVE, WINDOW, RefusalLimit, refusal


def first_stop(limit: RefusalLimit, refused: list[bool]) -> int | None:
    return next((place for place, bad in enumerate(refused) if limit.exceeded_by(bad)), None)


def test_a_hundred_refusals_in_a_row_are_borne_and_one_more_is_not() -> None:
    assert first_stop(RefusalLimit(), [True] * MAX_CONSECUTIVE) is None
    assert first_stop(RefusalLimit(), [True] * (MAX_CONSECUTIVE + 1)) == MAX_CONSECUTIVE


def test_one_percent_is_borne_and_two_percent_are_not() -> None:
    one_percent = [place % 100 == 0 for place in range(5 * WINDOW)]
    two_percent = [place % 50 == 0 for place in range(5 * WINDOW)]

    assert first_stop(RefusalLimit(), one_percent) is None
    assert first_stop(RefusalLimit(), two_percent) == WINDOW - 1


def test_refusals_that_a_person_has_accepted_do_not_count() -> None:
    limit = RefusalLimit(tolerated=500)

    assert first_stop(limit, [True] * 500) is None
    assert first_stop(limit, [True] * 101) == MAX_CONSECUTIVE


def test_a_refused_event_is_kept_as_it_came() -> None:
    kept = refusal("orders", 3, 42, "not_json", "truncated", b"key", b"\xff{")

    found = json.loads(kept.value)
    assert base64.b64decode(found["original"]) == b"\xff{"
    assert (found["topic"], found["partition"], found["offset"], found["reason"]) == ("orders", 3, 42, "not_json")
    assert kept.key == b"key"


def test_of_an_event_too_large_for_a_record_the_beginning_and_the_hash_are_kept() -> None:
    kept = refusal("orders", 3, 42, "too_large", "5000000 bytes", b"k" * 5_000_000, b"x" * 5_000_000)

    found = json.loads(kept.value)
    assert len(kept.value) < MAX_RECORD_BYTES
    assert kept.key is None
    assert base64.b64decode(found["original"]) == b"x" * 600_000
    assert "5000000 bytes" in found["detail"]
    assert "sha256" in found["detail"]
