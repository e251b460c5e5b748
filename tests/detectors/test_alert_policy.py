"""From a score to an alert or to silence, each with its reason."""

from typing import Any

import msgspec
import pytest

from detectors.alert_policy import Outcome, Policy, alert_id, any_open, close, decide, keep, reopen, severity
from detectors.events import DAY, HOUR
from detectors.expectations import ListedSeller, Market
from detectors.profiles.profile import AlertState
from tests.builders import MONDAY

POLICY = Policy()


def open_alert(score: float = 0.72, **fields: Any) -> AlertState:
    given: dict[str, Any] = {
        "alert_id": b"a" * 10,
        "latest_id": b"a" * 10,
        "severity": severity(POLICY, score),
        "score": score,
    }
    times = {"sent_at": MONDAY, "seen_at": MONDAY}
    return AlertState(**(given | times | fields))


CLOSED: dict[str, Any] = {"closed": "dismissed", "silent_until": MONDAY + 30 * DAY}
CONFIRMED: dict[str, Any] = {"closed": "confirmed", "silent_until": MONDAY + 90 * DAY}


@pytest.mark.parametrize(
    ("states", "score", "alone", "later", "outcome"),
    [
        ({}, 0.69, 0.69, 0, Outcome.BELOW_LINE),
        ({}, 0.70, 0.30, 0, Outcome.FIRST),
        ({"velocity": open_alert()}, 0.74, 0.74, DAY, Outcome.OPEN_ALREADY),
        ({"velocity": open_alert()}, 0.60, 0.60, DAY, Outcome.BELOW_LINE),
        ({"velocity": open_alert()}, 0.81, 0.81, HOUR // 2, Outcome.QUIET_PERIOD),
        ({"velocity": open_alert()}, 0.81, 0.81, HOUR, Outcome.ESCALATED),
        ({"velocity": open_alert(0.81)}, 0.87, 0.87, DAY, Outcome.OPEN_ALREADY),
        ({"velocity": open_alert(0.79)}, 0.871, 0.87, DAY, Outcome.ESCALATED),
        ({"velocity": open_alert(0.94)}, 0.99, 0.99, DAY, Outcome.OPEN_ALREADY),
        ({"velocity": open_alert()}, 0.75, 0.75, 31 * DAY, Outcome.FIRST),
        ({"disputes": open_alert()}, 0.75, 0.60, DAY, Outcome.OTHER_OPEN),
        ({"disputes": open_alert()}, 0.80, 0.75, DAY, Outcome.FIRST),
        ({"disputes": open_alert()}, 0.75, 0.60, 31 * DAY, Outcome.FIRST),
        ({"velocity": open_alert(**CLOSED)}, 0.79, 0.79, 29 * DAY, Outcome.DISMISSED),
        ({"velocity": open_alert(**CLOSED)}, 0.95, 0.95, 29 * DAY, Outcome.FIRST),
        ({"velocity": open_alert(**CLOSED)}, 0.72, 0.72, 31 * DAY, Outcome.DISMISSED),
        ({"velocity": open_alert(**CLOSED)}, 0.72, 0.72, 90 * DAY, Outcome.FIRST),
        ({"velocity": open_alert(**CLOSED)}, 0.95, 0.95, 30 * DAY, Outcome.FIRST),
        ({"disputes": open_alert(**CLOSED)}, 0.75, 0.60, DAY, Outcome.FIRST),
        ({"velocity": open_alert(**CONFIRMED)}, 0.95, 0.95, DAY, Outcome.CONFIRMED),
        ({"disputes": open_alert(**CONFIRMED)}, 0.95, 0.95, DAY, Outcome.CONFIRMED),
        ({"disputes": open_alert(**CONFIRMED)}, 0.95, 0.95, 90 * DAY, Outcome.FIRST),
    ],
)
def test_outcomes(states: dict[str, AlertState], score: float, alone: float, later: int, outcome: Outcome) -> None:
    assert decide(POLICY, states, "velocity", score, alone, MONDAY + later) is outcome


def test_an_alert_that_has_lapsed_is_not_opened_again_by_what_is_not_sent() -> None:
    now = MONDAY + 40 * DAY
    states = {"velocity": open_alert(0.72), "disputes": AlertState(b"2", b"2", 0, 0.72, now, now)}
    outcome = decide(POLICY, states, "velocity", 0.75, 0.5, now)
    keep(POLICY, states, "velocity", outcome, 0.75, now, ("seller-1", "event-1"))
    close(POLICY, {"disputes": states["disputes"]}, None, "dismissed", now)

    assert outcome is Outcome.OTHER_OPEN
    assert decide(POLICY, states, "velocity", 0.75, 0.5, now + DAY) is Outcome.FIRST


@pytest.mark.parametrize(("score", "name"), [(0.70, 0), (0.7999, 0), (0.80, 1), (0.88, 2), (0.94, 3), (0.999999, 3)])
def test_severity_rises_with_the_score(score: float, name: int) -> None:
    assert severity(POLICY, score) == name


def test_an_escalation_has_an_id_of_its_own_and_the_first_one_stays_known() -> None:
    states: dict[str, AlertState] = {}
    first = keep(POLICY, states, "velocity", Outcome.FIRST, 0.72, MONDAY, ("seller-1", "event-1"))
    assert first is not None
    first_id = first.alert_id
    risen = keep(POLICY, states, "velocity", Outcome.ESCALATED, 0.9, MONDAY + DAY, ("seller-1", "event-2"))

    assert risen is not None
    assert risen.alert_id == first_id
    assert risen.latest_id != first_id
    assert (risen.escalations, risen.score, risen.severity) == (1, 0.9, 2)


def test_a_verdict_may_name_any_of_an_alert_s_escalations() -> None:
    states: dict[str, AlertState] = {}
    ids = []
    for day, outcome in enumerate((Outcome.FIRST, *(Outcome.ESCALATED,) * 3)):
        tipping = ("seller-1", f"event-{day}")
        sent = keep(POLICY, states, "velocity", outcome, 0.72 + day / 20, MONDAY + day * DAY, tipping)
        assert sent is not None
        ids.append(alert_id(sent.latest_id))

    for named in ids:
        answered = msgspec.structs.replace(states["velocity"])
        close(POLICY, {"velocity": answered}, named, "dismissed", MONDAY + 5 * DAY)
        assert answered.closed == "dismissed"


def test_the_quiet_period_begins_anew_with_an_escalation() -> None:
    states = {"velocity": open_alert(0.72)}
    keep(POLICY, states, "velocity", Outcome.ESCALATED, 0.82, MONDAY + DAY, ("seller-1", "event-2"))

    assert decide(POLICY, states, "velocity", 0.95, 0.95, MONDAY + DAY + HOUR // 2) is Outcome.QUIET_PERIOD
    assert decide(POLICY, states, "velocity", 0.95, 0.95, MONDAY + DAY + HOUR) is Outcome.ESCALATED


def test_an_alert_stays_open_as_long_as_its_score_does_not_stay_below_the_line() -> None:
    states = {"velocity": open_alert(0.72)}
    for day in (20, 40):
        seen = decide(POLICY, states, "velocity", 0.72, 0.72, MONDAY + day * DAY)
        assert seen is Outcome.OPEN_ALREADY
        keep(POLICY, states, "velocity", seen, 0.72, MONDAY + day * DAY, ("seller-1", f"event-{day}"))

    keep(POLICY, states, "velocity", Outcome.BELOW_LINE, 0.3, MONDAY + 60 * DAY, ("seller-1", "event-60"))
    assert decide(POLICY, states, "velocity", 0.72, 0.72, MONDAY + 71 * DAY) is Outcome.FIRST


def test_the_same_events_give_the_same_id() -> None:
    one: dict[str, AlertState] = {}
    two: dict[str, AlertState] = {}
    keep(POLICY, one, "velocity", Outcome.FIRST, 0.72, MONDAY, ("seller-1", "event-1"))
    keep(POLICY, two, "velocity", Outcome.FIRST, 0.99, MONDAY + DAY, ("seller-1", "event-1"))

    assert one["velocity"].alert_id == two["velocity"].alert_id
    assert alert_id(b"a" * 10) == "alr_mfqwcylbmfqwcylb"


@pytest.mark.parametrize("named", [None, alert_id(b"a" * 10)])
def test_a_verdict_closes_the_alert_it_names_or_all(named: str | None) -> None:
    states = {"velocity": open_alert(), "disputes": open_alert(latest_id=b"b" * 10, alert_id=b"c" * 10)}
    close(POLICY, states, named, "dismissed", MONDAY)

    assert states["velocity"].closed == "dismissed"
    assert states["disputes"].closed == ("" if named else "dismissed")
    assert any_open(POLICY, states, MONDAY) is bool(named)


def test_a_reinstated_seller_starts_with_a_clean_slate() -> None:
    states = {"velocity": open_alert(**CONFIRMED), "disputes": open_alert(**CLOSED)}
    reopen(states)

    assert list(states) == ["disputes"]


def test_a_changed_threshold_changes_the_version() -> None:
    assert Policy(line=0.8).versions["policy"] != Policy().versions["policy"]
    assert Policy(line=0.8).versions["patterns"] == Policy().versions["patterns"]


def test_a_watched_seller_s_line_is_never_above_its_own() -> None:
    market = Market(watched=(ListedSeller("seller-1", MONDAY + DAY, "tip"),))
    strict, lenient = (
        Policy(line=0.5, watched_line=0.6, market=market),
        Policy(line=0.7, watched_line=0.6, market=market),
    )

    assert [policy.line_for("seller-1", "", MONDAY) for policy in (strict, lenient)] == [0.5, 0.6]
    assert lenient.line_for("seller-1", "", MONDAY + DAY) == lenient.line_for("seller-2", "", MONDAY) == 0.7
