"""The dashboards are drawn without overlaps, say what they show, and show every metric there is."""

import itertools
import re
from typing import Any

import pytest
from prometheus_client import REGISTRY

from deploy.grafana.build import NAMES, written
from detectors.alert_policy import SEVERITIES
from streams import metrics
from tests.deploy.conftest import CHECKOUT
from tests.deploy.dashboard import FOLDER, dashboard, lines, metrics_in, panels

UNITS = {"none", "short", "s", "bytes", "percentunit", "eps", "ops", "rowsps", "dthms"}
OURS = {family.name for family in REGISTRY.collect() if family.name.startswith("sellerwatch_")}
"""Every metric of streams/metrics.py, which is imported for that."""


each_dashboard = pytest.mark.parametrize("name", NAMES)


@each_dashboard
def test_the_file_is_what_its_source_gives(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == written(name), "run: python -m deploy.grafana.build"


def test_every_file_has_a_source_and_every_source_a_file() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(NAMES)
    assert {file.stem for file in FOLDER.parent.glob("*.toml")} == set(NAMES)


def cells(grid: dict[str, int]) -> set[tuple[int, int]]:
    columns, rows = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
    return set(itertools.product(columns, rows))


@each_dashboard
def test_panels_fill_the_grid_without_overlap_or_holes(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(name)["panels"]:
        mine = cells(panel["gridPos"])
        assert not mine & taken, panel["title"]
        assert max(column for column, _ in mine) < 24
        taken |= mine

    height = max(row for _, row in taken) + 1
    assert len(taken) == 24 * height


@each_dashboard
def test_ids_are_unique_and_the_uid_stays(name: str) -> None:
    ids = [panel["id"] for panel in dashboard(name)["panels"]]

    assert len(set(ids)) == len(ids)
    assert dashboard(name)["uid"] == f"sellerwatch-{name}"


@each_dashboard
def test_each_leads_to_the_others(name: str) -> None:
    (link,) = dashboard(name)["links"]

    assert link["type"] == "dashboards"
    assert set(link["tags"]) <= set(dashboard(name)["tags"])


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert len(panel["title"]) <= 20
    assert panel["datasource"]["uid"] == "${datasource}"
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_the_lines_of_a_panel_can_be_told_apart_by_short_names(panel: dict[str, Any]) -> None:
    legends = [target["legendFormat"] for target in panel["targets"]]

    assert len(set(legends)) == len(legends)
    for target in panel["targets"]:
        words = re.sub(r"\{\{\w+}}", "x", target["legendFormat"])
        assert len(words) <= 16
        grouped = re.search(r"by \(([\w, ]+)\)", target["expr"])
        labels = {label.strip() for label in grouped[1].split(",")} if grouped else set()
        named = set(re.findall(r"\{\{(\w+)}}", target["legendFormat"]))
        if panel["type"] in ("timeseries", "heatmap") and not target["expr"].startswith(("sum(max", "max(", "process")):
            assert labels - {"le"} <= named or panel["type"] == "heatmap"
        assert named <= labels | {"job", "instance"}


def test_every_metric_that_is_used_exists() -> None:
    used = set().union(*(metrics_in(line.expr) for line in lines()))

    assert used <= OURS


def test_every_metric_is_to_be_seen_in_a_dashboard() -> None:
    assert metrics.BUILD is not None
    used = set().union(*(metrics_in(line.expr) for line in lines()))

    assert used == OURS


@pytest.mark.parametrize("file", ["alerts.yml", "recording.yml"])
def test_every_metric_in_the_rules_exists(file: str) -> None:
    assert metrics_in((CHECKOUT / "deploy" / "prometheus" / file).read_text()) <= OURS


def test_what_a_panel_shows_of_recorded_rules_is_recorded() -> None:
    recorded = set(re.findall(r"record: (\S+)", (CHECKOUT / "deploy/prometheus/recording.yml").read_text()))
    shown = {name for line in lines() for name in re.findall(r"sellerwatch:[\w:]+", line.expr)}

    assert shown
    assert shown <= recorded


def test_what_is_good_below_a_value_is_coloured_from_below() -> None:
    (panel,) = [panel for panel in panels("overview") if panel["title"] == "Decisions in 5 s"]

    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["color"], step["value"]) for step in steps] == [("red", None), ("orange", 0.99), ("green", 0.995)]


def drawn(panel: dict[str, Any]) -> dict[str, Any]:
    return dict(panel["fieldConfig"]["defaults"].get("custom", {}))


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_bars_count_each_event_once_and_only_bars_count(panel: dict[str, Any]) -> None:
    bars = drawn(panel).get("drawStyle") == "bars"
    counts = {window for target in panel["targets"] for window in re.findall(r"increase\(.*?\[(.*?)]", target["expr"])}

    assert counts <= ({"$__interval"} if bars else {"$__range"})  # the rate's window is longer than the step
    assert not bars or (counts and panel["interval"] == "1m")


@pytest.mark.parametrize("name", ["overview", "risk"])
def test_the_colours_of_alerts_say_how_severe_they_are(name: str) -> None:
    (panel,) = [panel for panel in panels(name) if panel["title"] == "Alerts by severity"]

    colours = {
        rule["matcher"]["options"]: rule["properties"][0]["value"]["fixedColor"]
        for rule in panel["fieldConfig"]["overrides"]
    }
    assert colours == {"critical": "red", "high": "orange", "medium": "yellow", "low": "blue"}
    assert set(colours) == set(SEVERITIES)


def test_a_number_that_nothing_judges_is_neither_green_nor_red() -> None:
    colours = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"]
        for panel in panels("overview")
        if panel["type"] == "stat" and "mappings" not in panel["fieldConfig"]["defaults"]
    }

    assert {title for title, colour in colours.items() if colour == "blue"} == {"Events in", "Alerts"}


@pytest.mark.parametrize("objective", ["decisions", "intake", "delivery"])
def test_where_somebody_is_woken_a_line_is_drawn_and_always_in_sight(objective: str) -> None:
    (panel,) = [panel for panel in panels("overview") if panel["title"] == f"Burn: {objective}"]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [step["value"] for step in steps] == [None, 6, 14.4]
    assert drawn(panel)["thresholdsStyle"] == {"mode": "dashed"}
    assert drawn(panel)["axisSoftMax"] > 14.4
