"""The measures of detection, on courses whose answer is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.detection import found
from bench.detection.__main__ import main
from bench.detection.stage import DAYS, Bad, Stage
from bench.detection.trial import Course, Trial
from detectors.decision import Alert, Evidence, LinkedSeller


def alert(pattern: str = "small_repeat", *linked: str) -> Alert:
    evidence = Evidence([], [], [LinkedSeller(seller, "device", 0.75) for seller in linked])
    return Alert("alr_1", "s", pattern, "low", 0.8, "", "", [], evidence, {})


def course(orders: int, *alerts: tuple[int, Alert], prefix: str = "o", highest: float = 0.5) -> Course:
    return Course([f"{prefix}{n}" for n in range(orders)], list(alerts), highest)


def bad(orders: int, **fields: Any) -> Bad:
    return replace(Bad("ring", orders=dict.fromkeys(f"o{n}" for n in range(orders))), **fields)


def test_only_illicit_orders_count_towards_early() -> None:
    stage = Stage((), {"a": "ring", "b": "ring"}, {"a": Bad("ring", orders={"o30": None, "o31": None}), "b": bad(40)})
    trial = Trial({"a": course(40, (32, alert())), "b": course(40, (32, alert()))})

    assert found.orders_until(trial.courses["a"], stage.bad["a"]) == 2
    assert found.early(stage, trial, ["ring"]) == 0.5


def test_an_alert_from_before_the_turn_finds_nobody() -> None:
    assert found.orders_until(course(5, (3, alert())), Bad("ring", orders={"o4": None})) is None


def test_false_alerts_are_those_about_honest_sellers() -> None:
    stage = Stage((), {"a": "ring", "b": "shop", "c": "shop"}, {"a": bad(9)})
    trial = Trial({"a": course(9, (2, alert())), "b": course(9, (2, alert()), (5, alert()))})

    assert found.false_rate(stage, trial) == pytest.approx(1_000 * 2 / (2 * DAYS))
    assert found.alerted(stage, trial, "shop") == 0.5


def test_pairs_follow_from_links_through_a_third_and_only_from_alerts_on_links() -> None:
    kinds = dict.fromkeys("abcd", "ring")
    stage = Stage((), kinds, {seller: bad(3, group="g" if seller != "d" else "h") for seller in kinds})
    trial = Trial({
        "b": course(3, (1, alert("linked_accounts", "a"))),
        "c": course(3, (1, alert("linked_accounts", "b"))),
        "d": course(3, (1, alert("velocity", "a"))),
    })  # fmt: skip

    assert found.pairs(stage, trial) == (1.0, 1.0)


def test_recall_is_held_against_a_budget_of_honest_sellers() -> None:
    stage = Stage((), {"a": "ring", "b": "shop", "c": "shop"}, {"a": bad(3)})
    trial = Trial({"a": course(3, highest=0.6), "b": course(3, highest=0.7), "c": course(3, highest=0.5)})

    assert found.recall_at(stage, trial, ["a"], 0) == 0.0
    assert found.recall_at(stage, trial, ["a"], 1) == 1.0


def test_a_folder_without_tables_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["marketplace", "--data", str(tmp_path), "--seeds", "1"]) == 2
    assert str(tmp_path) in capsys.readouterr().err
