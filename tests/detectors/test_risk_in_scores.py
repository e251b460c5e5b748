from dataclasses import replace
from math import exp

import numpy as np
import pytest

from detectors.alert_policy import Policy
from detectors.events import VerdictGiven
from detectors.models.curves import LEVELS
from detectors.models.in_force import Models
from detectors.models.risk_model import MICRO, RiskModel
from detectors.models.risk_snapshot import Publication, pack_publication
from detectors.patterns.features import FEATURES
from detectors.profiles.profile import AlertState
from tests.builders import PRIOR_MODELS, Market, order_placed, payment
from tests.detectors.learned import learned_models

EVERYTHING = replace(Policy(), explain_from=0.0)


def test_without_a_model_of_risk_the_score_is_that_of_the_patterns() -> None:
    with_it, without = Market(learned_models()), Market(PRIOR_MODELS)
    for market in (with_it, without):
        market.happens(order_placed(amount_minor=90_000))
    assert "risk" not in without.effects.decisions[0].versions
    assert with_it.effects.decisions[0].score > without.effects.decisions[0].score + 0.1


def test_reasons_of_an_order_add_up_to_its_score_and_say_what_labels_said() -> None:
    market = Market(learned_models(), EVERYTHING)
    market.happens(order_placed(amount_minor=90_000))
    decision = market.effects.decisions[0]
    learned = [reason for reason in decision.reasons if reason.code.startswith("learned_")]

    assert sum(reason.contribution for reason in decision.reasons) == pytest.approx(decision.score, abs=1e-9)
    assert len(learned) >= 3
    assert "times as often" in learned[0].text


def flat_models(bias: float, heights: dict[str, float] | None = None) -> Models:
    """Whose curves say nothing, or the same height (log odds) at every level."""
    curves = np.zeros((len(FEATURES), LEVELS), "<i4")
    for feature, height in (heights or {}).items():
        curves[FEATURES.index(feature)] = round(height * MICRO)
    scale = tuple(range(-6 * MICRO, 6 * MICRO, MICRO // 2))
    odds = tuple(exp(at / MICRO) for at in scale)
    whole = Publication(tuple(FEATURES), 0.9, round(bias * MICRO), curves.tobytes(), (), (), b"", scale, odds)
    return replace(PRIOR_MODELS, risk=RiskModel(pack_publication(whole), "risk-flat", FEATURES))


def test_where_no_curve_raises_the_chance_the_reason_gives_the_chance_and_no_multiple() -> None:
    market = Market(flat_models(-1.0), EVERYTHING)
    market.happens(order_placed())
    (said,) = [reason for reason in market.effects.decisions[0].reasons if reason.code.startswith("learned_")]

    assert said.code == "learned_ordinary"
    assert "of such orders 26.9 % turn out bad" in said.text
    assert "times as often" not in said.text


def test_each_learned_reason_of_a_seller_stands_beside_those_of_patterns() -> None:
    heights = {"account_new": 2.0, "unverified": 2.0}
    market = Market(flat_models(1.0, heights), Policy(line=0.01, quiet_period=0, escalation_step=1e-6))
    for number in range(60):
        market.happens(order_placed(amount_minor=3_900 if number < 30 else 40_000), days=1.0 if number < 30 else 0.005)
    burst = next(a for a in market.effects.alerts if "amount_in_burst" in {reason.code for reason in a.reasons})

    assert {f"learned_{feature}" for feature in heights} <= {reason.code for reason in burst.reasons}


def test_a_payment_is_not_scored_by_what_was_learned_of_orders() -> None:
    with_it, without = Market(learned_models()), Market(PRIOR_MODELS)
    for market in (with_it, without):
        market.happens(payment(amount_minor=90_000))
    assert with_it.effects.decisions[0].score == without.effects.decisions[0].score


def test_what_was_learned_raises_no_alert_by_itself() -> None:
    market = Market(learned_models())
    for _ in range(30):
        market.happens(order_placed(amount_minor=90_000), days=0.2)
    assert market.effects.alerts == []
    assert market.effects.decisions[-1].seller_score < 0.45


def test_the_challenger_counts_nowhere_but_is_noted() -> None:
    alone = replace(PRIOR_MODELS, challenger=learned_models().challenger)
    shadowed, without = Market(alone), Market(PRIOR_MODELS)
    for market in (shadowed, without):
        market.happens(order_placed(order_id="one", buyer_id="buyer", amount_minor=90_000))
    assert shadowed.effects.decisions[0].score == without.effects.decisions[0].score
    assert shadowed.effects.decisions[0].versions["challenger"] == "risk-test"
    assert shadowed.effects.decisions[0].shadow is not None
    assert without.effects.decisions[0].shadow is None


def test_after_a_dismissal_what_is_clearly_worse_alerts_and_the_same_does_not() -> None:
    from detectors.alert_policy import Outcome, close, decide
    from detectors.events import DAY

    policy = Policy()
    states = {"velocity": AlertState(b"1", b"1", 1, 0.75, 0, 0)}
    close(policy, states, None, VerdictGiven("dismissed", "ana").verdict, 0)

    def said(score: float, day: int) -> Outcome:
        return decide(policy, states, "velocity", score, score, day * DAY)

    assert said(0.75, 1) is Outcome.DISMISSED
    assert said(0.9, 1) is Outcome.FIRST
    assert said(0.75, 40) is Outcome.DISMISSED
    assert said(0.75, 120) is Outcome.FIRST
