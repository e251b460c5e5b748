"""Names are compared before they are hashed: the facts stand in the log, the names nowhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.alert_policy import Policy
from detectors.decision import encode_alert, encode_decision
from detectors.events import Record, Screened, SellerRegistered, Source, encode_record
from detectors.models.learners import Learners
from streams.facts.gathering import Gathering
from streams.facts.incoming import Incoming
from streams.fold import Step
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms, pseudonymise
from streams.replay import EventReplay
from streams.screening.facts import Screening
from streams.upstream import parse
from tests.upstream import line

KEY = b"a secret of some length"
CANARY = "Zurab Canarischwili"
LISTED = "id,name,country,reason\nE7,Zourab Canarishvili,GE,proliferation\nE8,Shop,DE,\n"


@pytest.fixture
def screening(tmp_path: Path) -> Screening:
    (tmp_path / "list.csv").write_text(LISTED)
    found = Screening.load([tmp_path / "list.csv"])
    assert found is not None
    return found


def registration(**fields: Any) -> bytes:
    given = {"legal_name": CANARY, "country": "GE", "event_time": "2026-03-01T10:00:00Z", "seller_id": "s-1"}
    return line("seller.registered", **(given | fields))


def logged(event: bytes, screening: Screening) -> Record:
    read = parse(event)
    screened = screening.of(read.body, read.event_time)
    body, values = pseudonymise(read.body, Pseudonyms([HashKey("k", KEY)]))
    gathering = Gathering([Incoming(Source("sellers", 0, 0), 0, read.with_body(body), values, screened=screened)])
    gathering.take_first(dict.fromkeys(gathering.first_keys()))
    gathering.take_second(dict.fromkeys(gathering.second_keys()))
    return gathering.records()[0]


def test_a_name_like_a_listed_one_is_a_fact_in_the_log(screening: Screening) -> None:
    (fact,) = logged(registration(), screening).screened

    assert (fact.field, fact.source, fact.entry, fact.country) == ("legal_name", "list.csv", "E7", "same")
    assert fact.reason == "proliferation"
    assert 0.5 <= fact.score < 1.0
    assert len(fact.lists) == 12


def test_of_two_names_that_match_one_entry_the_better_counts(screening: Screening) -> None:
    exact, near = "Zourab Canarishvili", CANARY
    first, second = (
        logged(registration(legal_name=one, display_name=other), screening).screened
        for one, other in ((exact, near), (near, exact))
    )

    assert [fact.field for fact in (*first, *second)] == ["legal_name", "display_name"]
    assert first[0].score == second[0].score


def test_the_country_of_the_seller_tells_a_namesake(screening: Screening) -> None:
    assert logged(registration(country="FR"), screening).screened[0].country == "other"
    assert logged(registration(country=None), screening).screened[0].country == ""
    address = {"country": "Georgia", "line": "1 Road"}
    assert logged(registration(country=None, address=address), screening).screened[0].country == "same"


def test_only_registrations_and_updates_with_a_name_are_screened(screening: Screening) -> None:
    assert logged(registration(legal_name=None, email="a@example.com"), screening).screened == ()
    assert logged(registration(legal_name="Somebody Else"), screening).screened == ()
    assert screening.of(parse(line("order.placed")).body, 0) == ()
    assert screening.of(SellerRegistered(display_name=CANARY), 0)[0].field == "display_name"


def test_an_entry_that_had_expired_by_then_is_none(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"name,expires_at\n{CANARY},2026-03-01T12:00:00Z\n")
    screening = Screening.load([tmp_path / "list.csv"])
    assert screening is not None

    assert len(logged(registration(), screening).screened) == 1
    assert logged(registration(event_time="2026-03-01T13:00:00Z"), screening).screened == ()


def test_without_lists_nothing_is_screened_and_the_log_is_as_before() -> None:
    assert Screening.load([]) is None
    assert b"screened" not in encode_record(Record(0, Source("t", 0, 0), 0, "e", 0, "s", SellerRegistered()))


def replayed(events: list[bytes], screening: Screening | None) -> Iterator[Step]:
    shelf, policies, pseudonyms = ModelShelf([KEY]), PolicyShelf([KEY], Policy()), Pseudonyms([HashKey("k", KEY)])
    replay = EventReplay(shelf, policies, pseudonyms, Learners.new(), KEY, wait=0, screening=screening)
    yield from replay.run(events)


def order(number: int, **fields: Any) -> bytes:
    given = {"order_id": f"o-{number}", "buyer_id": f"b-{number}", "seller_id": "s-1"}
    return line("order.placed", **(given | {"event_time": f"2026-03-{number + 2:02}T10:00:00Z"} | fields))


def test_a_listed_name_alerts_and_no_word_of_it_is_in_log_decisions_or_alerts(screening: Screening) -> None:
    steps = list(replayed([registration(legal_name="Zourab Canarishvili"), order(1)], screening))
    alerts = [alert for step in steps for effects in step.effects for alert in effects.alerts]
    decisions = [decision for step in steps for effects in step.effects for decision in effects.decisions]

    assert [alert.pattern for alert in alerts] == ["intel"]
    written = [encode_alert(alert) for alert in alerts] + [encode_decision(decision) for decision in decisions]
    written.append(encode_record(logged(registration(), screening)))
    for text in written:
        assert b"anari" not in text
        assert b"ourab" not in text
        assert b"urab" not in text


def test_an_intel_event_changes_the_next_decision_and_says_so_until_it_is_withdrawn() -> None:
    wallet = "0x4F47Bc496083C727c5fbe3CE9CDf2B0f6496270c"
    listing = {"kind": "wallet", "value": wallet.lower(), "source": "OFAC SDN", "reason": "CYBER2"}
    events = [
        registration(payout_account=wallet),
        order(1),
        line("intel.listed", event_time="2026-03-04T00:00:00Z", **listing),
        order(3),
        line("intel.withdrawn", event_time="2026-03-06T00:00:00Z", **listing),
        order(5),
    ]
    decisions = [
        decision for step in replayed(events, None) for effects in step.effects for decision in effects.decisions
    ]
    before, listed, after = (decision.seller_score for decision in decisions)

    assert max(before, after) < 0.3
    assert listed > 0.7
    (reason,) = (reason for reason in decisions[1].reasons if reason.code == "listed_value")
    assert reason.text.startswith("payout account listed by OFAC SDN on 2026-03-04 (CYBER2)")


def test_a_fact_reads_back_as_it_was_written() -> None:
    fact = Screened("legal_name", "OFAC SDN", "36", 0.9, "2 words equal", "same", "weak", "CUBA", "f")

    assert msgspec.json.decode(msgspec.json.encode(fact), type=Screened) == fact
