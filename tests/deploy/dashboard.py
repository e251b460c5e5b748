"""The dashboards' panels and queries, as Grafana would run them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from deploy.grafana.build import NAMES

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
SUFFIXES = re.compile(r"_(bucket|sum|count|total|info)$")


class Line(NamedTuple):
    """One query of a panel."""

    panel: str
    legend: str
    expr: str
    may_be_empty: bool
    """Whether its panel has a word for that."""

    def filled_in(self, window: str) -> str:
        """With Grafana's variables replaced."""
        return re.sub(r"\$__(rate_interval|interval|range)\b", window, self.expr)

    def __str__(self) -> str:
        return f"{self.panel}: {self.legend}"


def dashboard(name: str) -> dict[str, Any]:
    """A committed file."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


def panels(*names: str) -> list[dict[str, Any]]:
    """Of some dashboards, or of all; without the bars of the rows."""
    return [panel for name in names or NAMES for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def lines() -> Iterator[Line]:
    """Every query, each once: some panels stand on two dashboards."""
    found = {
        (target["expr"], target["legendFormat"]): Line(
            panel["title"], target["legendFormat"], target["expr"], "noValue" in panel["fieldConfig"]["defaults"]
        )
        for panel in panels()
        for target in panel["targets"]
    }
    yield from found.values()


def metrics_in(text: str) -> set[str]:
    """Names of our metrics in PromQL, without the suffixes of their samples."""
    return {SUFFIXES.sub("", name) for name in re.findall(r"\bsellerwatch_\w+", text)}
