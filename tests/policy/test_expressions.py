"""Rules: what CEL means, within bounds, over columns."""

import math
import re
from typing import Any

import celpy
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.batch import Batch
from detectors.patterns.features import FEATURES
from detectors.patterns.programs import DEPTH, ProgramError, check, evaluate, frozen
from detectors.patterns.rules import weight_for
from sellerwatch.policy.expressions import LONGEST, ExpressionError, compile_rule

NAMED = FEATURES[:4]
NUMBERS = st.floats(0, 1) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
LEAVES = st.sampled_from([*NAMED, *(f"peer.{name}" for name in NAMED)]) | NUMBERS.map(lambda n: f"{n:.6f}")


def doubles(leaves: "st.SearchStrategy[str]") -> "st.SearchStrategy[str]":
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
            | st.builds("({} / {})".format, inner, st.sampled_from(["0.5", "3.0", "-7.25"]))  # by 0: see below
            | inner.map("-({})".format)
        ),
        max_leaves=4,
    )


def truths() -> "st.SearchStrategy[str]":
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    compared = st.builds("{} {} {}".format, doubles(LEAVES), signs, doubles(LEAVES))
    return st.recursive(
        compared,
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner)
            | inner.map("!({})".format)
            | st.builds("({} ? {} : {})".format, inner, inner, inner)
        ),
        max_leaves=5,
    )


def batch_of(features: Any, peers: Any, anomaly: Any) -> Batch:
    rows = len(features)
    full = np.zeros((len(FEATURES), rows))
    of_peers = full.copy()
    full[: len(NAMED)] = np.array(features).T
    of_peers[: len(NAMED)] = np.array(peers).T
    return Batch(FEATURES, full, of_peers, np.array(anomaly, dtype=float))


ROWS = st.lists(st.tuples(*[NUMBERS] * len(NAMED)), min_size=3, max_size=3)


@settings(max_examples=150, deadline=None)
@given(truths(), ROWS, ROWS)
def test_an_expression_means_what_it_means_in_cel(text: str, features: Any, peers: Any) -> None:
    assume(any(re.search(rf"(?<!\.)\b{name}\b", text) for name in NAMED))
    program = compile_rule(text)
    ours = np.broadcast_to(evaluate(program, batch_of(features, peers, [0.1] * 3)), 3).tolist()
    environment = celpy.Environment()
    reference = environment.program(environment.compile(text))
    for row in range(3):
        known = {n: celpy.celtypes.DoubleType(v) for n, v in zip(NAMED, features[row], strict=True)}
        usual = {n: celpy.celtypes.DoubleType(v) for n, v in zip(NAMED, peers[row], strict=True)}
        assert ours[row] == bool(reference.evaluate({**known, "peer": celpy.celtypes.MapType(usual)}))


def test_a_division_by_zero_follows_ieee_754() -> None:
    program = compile_rule("near_repeat / small_amount > 1000.0")
    batch = batch_of([(0.5, 0.0, 0, 0), (0.0, 0.0, 0, 0)], [(0,) * 4] * 2, [math.nan, math.nan])
    with np.errstate(all="ignore"):
        assert evaluate(program, batch).tolist() == [True, False]


def test_an_event_is_judged_alike_alone_and_among_others() -> None:
    program = compile_rule("near_repeat * 3.0 - peer.pace / 7.0 > 0.1 && anomaly < 0.5")
    rng = np.random.default_rng(1)
    rows, peers, anomaly = rng.random((200, 4)), rng.random((200, 4)), rng.random(200)
    whole = evaluate(program, batch_of(rows, peers, anomaly))
    alone = [evaluate(program, batch_of(rows[i : i + 1], peers[i : i + 1], anomaly[i : i + 1]))[0] for i in range(200)]

    assert whole.tolist() == [bool(each) for each in alone]
    assert 0 < sum(alone) < 200


REFUSED = {
    "near_repeat > 1": (15, "write 1.0 instead of 1"),
    "near_repet > 0.5": (1, "did you mean `near_repeat`"),
    "near_repeat": (1, "a rule says yes or no"),
    "near_repeat > 0.5 &&": (19, "not an expression"),
    "near_repeat.foo > 0.5": (1, "only `peer.<feature>` has a dot"),
    "peer.foo > 0.5": (6, "there is no feature `foo`"),
    "size(near_repeat) > 1.0": (1, "no calls"),
    "[1.0].exists(x, x > 0.5)": (1, "no calls"),
    "pace > 0.1 && has(peer.pace)": (15, "no calls"),
    "near_repeat in [1.0]": (16, "no `in`"),
    "true": (1, "names no feature"),
    "-near_repeat < 0.1 == true": (1, "a double is needed"),
    "pace > 0.1 && 'x' == 'y'": (15, "only numbers"),
    "pace > 1e999": (8, "only numbers"),
    "pace >\n 1": (9, "write 1.0"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_rule_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_rule(text)
    at, message = REFUSED[text]
    assert message in str(caught.value)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_00 + "pace > 0.1" + ")" * 4_00,
        "!" * 900 + "(pace > 0.1)",
        "pace > 0.1" + " && pace > 0.1" * 66,
        "pace > 0.1 ? " * 60 + "true",
        "x" * (LONGEST + 1),
    ],
)
def test_an_expression_is_bounded(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_rule(text)


@pytest.mark.parametrize(
    "program",
    [
        ("feature", "no_such"),
        ("__import__", "os"),
        (">", ("feature", "pace")),
        (">", ("feature", "pace"), True),
        ("&&", 0.5, True),
        ("feature", "pace"),
        ([],),
        (),
        None,
        (">", ("feature", "pace"), float("nan"), 1.0),
    ],
)
def test_what_comes_out_of_the_log_is_checked_again(program: Any) -> None:
    with pytest.raises(ProgramError):
        check(frozen(program), frozenset(FEATURES))


def test_what_is_nested_too_deeply_in_the_log_is_refused() -> None:
    program: Any = True
    for _ in range(DEPTH + 2):
        program = ("!", program)
    with pytest.raises(ProgramError):
        check(program, frozenset(FEATURES))


@given(st.floats(0.01, 0.99))
def test_a_weight_for_a_score_gives_that_score(score: float) -> None:
    evidence = weight_for(score)
    assert 1.0 - 1.0 / (1.0 + evidence + 0.5 * evidence * evidence) == pytest.approx(score)
