"""The benchmark of the fold's cost, on a small log."""

import re
from pathlib import Path

import pytest

from bench.fold import __main__ as bench
from detectors.events import decode_record

ROOT = Path(__file__).parents[2]


def test_a_tree_beside_itself_has_a_cost_and_a_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--events", "400", "--rounds", "1", "--against", str(ROOT)]) == 0

    ours, theirs, ratio = capsys.readouterr().out.splitlines()
    costs = [float(re.findall(r": ([\d.]+) ", line)[0]) for line in (ours, theirs)]
    assert all(cost > 1.0 for cost in costs)  # no machine folds a million records in a second
    assert float(ratio.split(": ")[1].split()[0]) == pytest.approx(costs[0] / costs[1], abs=0.02)


def test_the_log_holds_every_event_and_the_links_that_intake_found() -> None:
    records = [decode_record(line) for line in bench.dump(3, 500).splitlines()]

    assert len({record.event_id for record in records}) >= 500
