"""A snooze: silence that was asked for, with a reason and an end."""

from datetime import UTC, datetime, timedelta

import pytest

from detectors.alert_policy import Outcome, Policy, snoozed_until, take_snooze
from detectors.decision import say_time
from detectors.events import DAY, AlertSnoozed, VerdictGiven
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.rules import Rule
from detectors.profiles.profile import AlertState, encode_profile
from streams.errors import InvalidEventError
from streams.upstream import parse
from tests.builders import MONDAY, Market, order_placed
from tests.upstream import line

BUSY = Rule("busy", "experience > 0.2", (">", ("feature", "experience"), 0.2), 2.0, "busy")


def market() -> Market:
    return Market(policy=Policy(catalogue=Catalogue(seller=(BUSY,))))


def snooze(days: float, **fields: str) -> AlertSnoozed:
    until = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=days)
    return AlertSnoozed(until, "the seller moves house", "ann", **fields)


def outcomes(of: Market) -> list[str]:
    return [decision.outcome for decision in of.effects.decisions]


def trade(of: Market, orders: int, days: float) -> None:
    for _ in range(orders):
        of.happens(order_placed(), days=days)


def test_a_seller_that_is_snoozed_is_not_alerted_until_the_end_and_then_is() -> None:
    of = market()
    of.happens(snooze(2.0))
    trade(of, 12, 0.2)

    first = outcomes(of).index("first")
    assert "snoozed" in outcomes(of)
    assert set(outcomes(of)[first - 3 : first]) == {"snoozed"}
    assert of.effects.decisions[first - 1].event_time < "2026-03-04" <= of.effects.decisions[first].event_time


def test_an_open_alert_that_is_snoozed_comes_again_once_when_the_snooze_is_over() -> None:
    of = market()
    trade(of, 4, 0.01)
    alert = of.effects.alerts[0]
    of.happens(snooze(1.0, alert_id=alert.alert_id))
    trade(of, 10, 0.2)

    assert [a.escalates for a in of.effects.alerts] == [None, alert.alert_id]
    assert of.effects.alerts[1].event_time >= "2026-03-03"
    assert outcomes(of).count("snoozed") > 2


def test_another_pattern_and_an_unknown_alert_are_not_snoozed() -> None:
    of = market()
    of.happens(snooze(2.0, pattern="velocity"))
    of.happens(snooze(2.0, alert_id="alr_unknown"))
    trade(of, 4, 0.01)

    assert of.patterns() == ["rule.busy"]


def test_a_snooze_ends_early_where_a_second_one_lies_in_the_past() -> None:
    of = market()
    of.happens(snooze(30.0))
    trade(of, 4, 0.1)
    of.happens(snooze(0.0))
    trade(of, 1, 0.1)

    assert outcomes(of)[-2:] == ["snoozed", "first"]


def test_no_snooze_lasts_longer_than_the_policy_says() -> None:
    states: dict[str, AlertState] = {}
    take_snooze(Policy(longest_snooze=7 * DAY), states, snooze(300.0), MONDAY)

    assert snoozed_until(states, "velocity") == MONDAY + 7 * DAY


def test_snoozes_do_not_fill_a_profile() -> None:
    of = market()
    for number in range(500):
        of.happens(snooze(60.0, pattern=f"pattern-{number}"))
    assert len(of.seller().alerts) == 8
    assert len(encode_profile(of.seller())) < 4096


def test_a_verdict_on_the_seller_leaves_the_snooze_as_it_is() -> None:
    of = market()
    of.happens(snooze(2.0))
    of.happens(VerdictGiven("dismissed", "ann"))
    trade(of, 4, 0.01)

    assert Outcome.SNOOZED.value in outcomes(of)
    assert of.patterns() == []


def test_a_snooze_needs_a_reason_and_an_end_with_an_offset() -> None:
    until = say_time(MONDAY + DAY)
    good = parse(line("verdict.snoozed", until=until, reason="on leave", analyst="ann"))
    assert isinstance(good.body, AlertSnoozed)
    wrongs: tuple[dict[str, str | None], ...] = (
        {"until": until, "analyst": "ann", "reason": None},
        {"until": until, "analyst": "ann", "reason": ""},
        {"until": None, "analyst": "ann", "reason": "on leave"},
        {"until": "2026-03-03T00:00:00", "analyst": "ann", "reason": "on leave"},
    )
    for wrong in wrongs:
        with pytest.raises(InvalidEventError):
            parse(line("verdict.snoozed", **wrong))
