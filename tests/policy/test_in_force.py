"""What a policy does once it is in force: rules, lists, lines of cohorts, review below the line."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from detectors.alert_policy import Policy
from detectors.decision import encode_alert, encode_decision
from detectors.events import PolicyPublished, Record, Source
from detectors.expectations import Corridor, Expectation
from detectors.expectations import Market as Expected
from detectors.fold import OrderRow
from detectors.language.lexicon import Lexicon
from detectors.patterns.features import FEATURES
from detectors.profiles.profile import Profile
from sellerwatch.policy.reading import PolicyFile, check_policy
from streams.fold import PartitionState, Step, fold_step
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf, pack
from tests.builders import MONDAY, Market, order_placed, record
from tests.detectors.shipping import ships
from tests.detectors.streams import logs

KEY = b"a key for the policies of tests"
ALWAYS = """
[[rules]]
name = "busy"
when = "experience > 0.2 && foreign < 0.9"
severity = "medium"
say = "has sold often"
"""


def checked(text: str) -> PolicyFile:
    return check_policy(Path("policy.toml"), text)


def published(text: str, number: int) -> Record:
    file = checked(text)
    body = PolicyPublished(file.version, pack(file.document, KEY))
    return Record(0, Source("sellerwatch.policies", 0, number), MONDAY, f"policy/{number}", MONDAY, "", body)


def test_a_rule_alerts_by_its_name_with_its_sentence_and_the_numbers() -> None:
    market = Market(policy=checked(ALWAYS).policy)
    for _ in range(6):
        market.happens(order_placed(), days=0.3)

    alert = market.effects.alerts[0]
    assert (alert.pattern, alert.severity) == ("rule.busy", "medium")
    assert alert.reasons[0].code == "rule.busy"
    assert alert.reasons[0].text.startswith("has sold often: experience 2")
    assert round(sum(reason.contribution for reason in alert.reasons), 6) == alert.score


def test_two_sellers_that_one_rule_finds_do_not_tie() -> None:
    market = Market(policy=checked(ALWAYS).policy)
    for orders, seller in ((6, "a"), (9, "b")):
        for _ in range(orders):
            market.fold([record(order_placed(), seller_id=seller)])
    scores = {d.seller_id: d.seller_score for d in market.effects.decisions}

    assert scores["a"] < scores["b"]


def test_a_pattern_that_is_switched_off_says_nothing() -> None:
    off = checked("[patterns.small_repeat]\nenabled = false\n").policy

    assert "small_repeat" not in {pattern.name for pattern in off.catalogue.seller}
    assert off.versions["patterns"] != Policy().versions["patterns"]


def test_nobody_is_alerted_about_a_trusted_seller_until_the_trust_ends() -> None:
    trusted = "[lists]\ntrusted = [{ seller_id = 'seller-1', until = 2026-03-02T02:00:00Z, reason = 'ours' }]\n"
    market = Market(policy=checked(ALWAYS + trusted).policy)
    for _ in range(30):
        market.happens(order_placed(), days=0.005)
    outcomes = [decision.outcome for decision in market.effects.decisions]

    assert "trusted_seller" in outcomes
    assert outcomes.index("first") > outcomes.index("trusted_seller")
    assert market.effects.alerts[0].event_time > "2026-03-02T02:00"


def test_a_cohort_and_a_watched_seller_have_lines_of_their_own() -> None:
    text = """
    [alerts]
    line = 0.9
    watched_line = 0.3
    [[cohorts]]
    line = 0.5
    buyers = "business"
    category = "garden"
    [lists]
    watched = [{ seller_id = "w", until = 2027-01-01T00:00:00Z, reason = "tip" }]
    """
    policy = checked(text).policy

    assert policy.line_for("s", "business|garden|2", MONDAY) == 0.5
    assert policy.line_for("s", "consumer|garden|2", MONDAY) == 0.9
    assert policy.line_for("w", "business|garden|2", MONDAY) == 0.3
    assert policy.line_for("w", "consumer|tools|2", MONDAY + 400 * 86_400_000_000) == 0.9
    assert policy.lowest_line == 0.3


def test_the_closest_corridor_counts() -> None:
    risks = {("CO", "US"): 0.9, ("CO", "*"): 0.4, ("*", "US"): 0.3, ("*", "*"): 0.1}
    expected = Expected(tuple(Corridor(*way, risk) for way, risk in risks.items()), {"garden": Expectation(5)})

    found = [expected.corridor_risk(*way) for way in (("CO", "US"), ("CO", "DE"), ("DE", "US"), ("DE", "FR"))]
    assert found == [0.9, 0.4, 0.3, 0.1]
    assert Expected().corridor_risk("CO", "US") == 0.0
    assert expected.expectation("garden") == Expectation(5)
    assert expected.expectation(None) is None


def test_below_the_line_the_share_that_is_said_is_chosen_for_review() -> None:
    policy = checked("review = [{ above = 0.0, share = 0.25 }]\n").policy
    market = Market(policy=policy)
    market.fold([record(order_placed(), event_id=f"e{n}", seller_id=f"s{n % 50}") for n in range(4_000)])
    chosen = [decision.review for decision in market.effects.decisions if decision.review]

    assert set(chosen) == {0.25}
    assert 900 < len(chosen) < 1_100  # 1,000 expected, a deviation is 27


class Partition:
    """Folds records as watch does, policies among them."""

    def __init__(self) -> None:
        self.shelf, self.policies = ModelShelf(None), PolicyShelf([KEY], Policy())
        self.state = PartitionState(self.shelf.prior, self.policies.usual)
        self.profiles: dict[str, Profile] = {}
        self.rows: dict[str, OrderRow] = {}
        self.offset = 0

    def fold(self, records: list[Record]) -> Step:
        numbered = [(self.offset + n, r) for n, r in enumerate(records)]
        self.offset += len(records)
        step = fold_step(self.state, numbered, self.profiles, self.rows, self.shelf, self.policies)
        for effects in step.effects:
            self.rows.update(effects.order_rows)
        return step


def told(steps: list[Step]) -> list[bytes]:
    effects = [effects for step in steps for effects in step.effects]
    return [encode_decision(d) for e in effects for d in e.decisions] + [
        encode_alert(a) for e in effects for a in e.alerts
    ]


@settings(max_examples=40, deadline=None)
@given(logs(), st.lists(st.integers(0, 40), min_size=2, max_size=2), st.lists(st.integers(0, 40), max_size=4))
def test_a_policy_is_in_force_from_its_record_on_wherever_batches_end(
    records: list[Record], places: list[int], cuts: list[int]
) -> None:
    records = [structs.replace(each, event_id=f"e{number}") for number, each in enumerate(records)]
    for number, place in enumerate(sorted(places)):
        text = ALWAYS if number else "[alerts]\nline = 0.3\n"
        records = [*records[: place + number], published(text, number), *records[place + number :]]
    whole, parts = Partition(), Partition()
    at_once = whole.fold(records)
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    in_parts = [parts.fold(records[start:end]) for start, end in pairwise(edges)]

    assert sorted(told(in_parts)) == sorted(told([at_once]))
    in_force = {}
    current = Policy().versions["policy"]
    for each in records:
        current = each.body.version if isinstance(each.body, PolicyPublished) else current
        in_force[each.event_id] = current
    decisions = [d for effects in at_once.effects for d in effects.decisions]
    assert [d.versions["policy"] for d in decisions] == [in_force[d.event_id] for d in decisions]


def test_a_policy_that_comes_again_or_after_a_newer_one_changes_nothing() -> None:
    first, second = published("[alerts]\nline = 0.3\n", 0), published(ALWAYS, 1)
    partition = Partition()
    steps = [partition.fold([each]) for each in (first, second, first, second, first)]

    assert [step.policy is not None for step in steps] == [True, True, False, False, False]
    assert Counter(step.repeated for step in steps) == {0: 2, 1: 3}
    assert partition.state.policy.name == checked(ALWAYS).version


def test_a_program_for_features_that_are_gone_is_refused_and_the_policy_before_it_stays() -> None:
    file = checked(ALWAYS)
    document = file.document
    document.programs["busy"] = (">", ("feature", "gone"), 0.5)
    shelf = PolicyShelf([KEY], Policy())

    assert shelf.take(PolicyPublished(file.version, pack(document, KEY))) is None


@pytest.mark.parametrize("key", [b"another key that we trust", KEY])
def test_a_policy_signed_with_any_key_in_force_is_taken(key: bytes) -> None:
    document = checked(ALWAYS).document
    shelf = PolicyShelf([KEY, b"another key that we trust"], Policy())

    assert shelf.take(PolicyPublished("v", pack(document, key))) is not None


def test_a_published_policy_leaves_the_word_lists_of_the_settings_in_force() -> None:
    own = Lexicon.parse("term,weight\nblue velvet,1.0\n", "own.csv")
    shelf = PolicyShelf([KEY], Policy(lexicon=own))

    policy = shelf.take(PolicyPublished("v", pack(checked(ALWAYS).document, KEY)))

    assert policy is not None
    assert policy.versions["lexicon"] == own.version


CORRIDOR = "[[corridors]]\norigin = 'DE'\ndestination = '*'\nrisk = 0.9\n"


def shipped(text: str) -> Market:
    return ships(Market(policy=checked(text).policy), 12)


def feature(market: Market, name: str) -> float:
    return market.effects.decisions[-1].features[FEATURES.index(name)] / 255.0


def test_parcels_by_a_risky_corridor_raise_the_score_and_alone_alert_nobody() -> None:
    risky, usual = shipped(CORRIDOR), shipped("")

    assert feature(risky, "corridor_risk") > 0.6
    assert feature(usual, "corridor_risk") == 0.0
    assert risky.risk() > usual.risk()
    assert risky.effects.alerts == []


def test_a_parcel_is_held_against_what_the_policy_expects_of_its_category() -> None:
    def expecting(said: str) -> Market:
        return shipped(f"[expectations.garden]\n{said}\n")

    assert feature(shipped(""), "weight_over") == feature(shipped(""), "contents_differ") == 0.0
    assert feature(expecting("heaviest_grams = 200"), "weight_over") > 0.7
    assert feature(expecting("lightest_grams = 500"), "weight_under") > 0.7
    assert feature(expecting("words = ['tools', 'spades']"), "contents_differ") > 0.7
    assert feature(expecting("words = ['seeds']"), "contents_differ") == 0.0
    assert feature(expecting("dearest_minor = 100"), "value_differs") > 0.7
