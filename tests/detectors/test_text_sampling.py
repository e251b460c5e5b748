"""Which texts are shown to learn as clean, and which of them a verdict is about."""

from typing import Any

import pytest
from msgspec import structs

from detectors.effects import Effects, Label
from detectors.events import DAY, VerdictGiven
from detectors.patterns.base import Row
from detectors.profiles.kept_texts import KeptText, place_of
from detectors.profiles.order_rows import HORIZON
from detectors.profiles.profile import Profile
from detectors.sampling import SAMPLES_A_DAY
from detectors.text_sampling import is_proven, keep_text, note_texts
from tests.builders import MONDAY, order_placed, record

SAID = " oak shelf "


def profile(**fields: Any) -> Profile:
    made = Profile(clock=MONDAY, since=MONDAY, logged_at=MONDAY)
    for name, value in ({"orders": 10} | fields).items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("days", "fields", "proven"),
    [
        (30.0, {}, True),
        (29.9, {}, False),
        (30.0, {"orders": 9}, False),
        (90.0, {"complained": True}, False),
        (90.0, {"standing": 0.5}, False),
    ],
)
def test_a_seller_is_proven_by_time_orders_and_silence(days: float, fields: dict[str, Any], proven: bool) -> None:
    assert is_proven(profile(**fields), MONDAY + int(days * DAY)) is proven


def shown(row: Row, *, suspicious: bool = False) -> Effects:
    effects = Effects()
    keep_text(row, record(order_placed()), 7, SAID, suspicious, effects)
    return effects


def row(**fields: Any) -> Row:
    made = Row(0, profile(), MONDAY, 10, "EUR", (), (), "", True, plain=SAID, proven=True)
    return structs.replace(made, **fields)


def test_a_sampled_text_of_a_proven_seller_is_shown_as_clean_behind_the_rows_of_its_record() -> None:
    effects = shown(row())
    (told,) = effects.rows

    assert (told.label, told.label_source, told.texts) == ("good", "proven", (SAID,))
    assert (told.source.offset, told.source.part) == (7, 1_000)


@pytest.mark.parametrize("fields", [{"sampled": False}, {"proven": False}])
def test_any_other_text_is_kept_and_not_shown(fields: dict[str, Any]) -> None:
    effects = shown(row(**fields))
    assert effects.rows == []
    assert [text.plain for text in effects.texts.values()] == [SAID]


def test_what_looks_suspicious_is_not_shown_as_clean() -> None:
    assert shown(row(), suspicious=True).rows == []


def test_no_seller_shows_more_than_its_share_of_a_day() -> None:
    of_one = row()
    told = [bool(shown(of_one).rows) for _ in range(30)]
    assert told.count(True) == SAMPLES_A_DAY
    assert not told[-1]


def labelled(found: str, kept: KeptText, *, erased_at: int = 0, later: int = DAY) -> list[Any]:
    effects = Effects()
    body = VerdictGiven(found, "ann")  # type: ignore[arg-type]
    verdict = record(body, event_time=MONDAY + later, logged_at=MONDAY + later)
    label = Label(0, profile(erased_at=erased_at), MONDAY + later, ())
    note_texts(label, verdict, 3, {place_of("seller-1", SAID): kept}, effects)
    return [(told.label, told.label_source, told.texts) for told in effects.rows]


def test_a_verdict_labels_what_its_own_seller_said_since_it_was_last_erased_and_not_too_long_ago() -> None:
    kept = KeptText("seller-1", SAID, MONDAY)

    assert labelled("confirmed", kept) == [("bad", "verdict", (SAID,))]
    assert labelled("dismissed", kept) == [("good", "verdict", (SAID,))]
    assert labelled("confirmed", structs.replace(kept, seller_id="seller-2")) == []
    assert labelled("confirmed", kept, erased_at=MONDAY) == []
    assert labelled("confirmed", kept, later=HORIZON - 1) != []
    assert labelled("confirmed", kept, later=HORIZON) == []
