"""The dashboard's panels and queries, as Grafana would run them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "overview.json"
SUFFIXES = re.compile(r"_(bucket|sum|count|total|info)$")


class Line(NamedTuple):
    """One query of a panel."""

    panel: str
    legend: str
    expr: str

    def filled_in(self, window: str) -> str:
        """With Grafana's variables replaced."""
        return self.expr.replace("$__rate_interval", window).replace("$__range", window)

    def __str__(self) -> str:
        return f"{self.panel}: {self.legend}"


def dashboard() -> dict[str, Any]:
    """The committed file."""
    return dict(json.loads(FILE.read_text()))


def panels() -> list[dict[str, Any]]:
    """Without the bars of the rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def lines() -> Iterator[Line]:
    """Every query."""
    for panel in panels():
        for target in panel["targets"]:
            yield Line(panel["title"], target["legendFormat"], target["expr"])


def metrics_in(text: str) -> set[str]:
    """Names of our metrics in PromQL, without the suffixes of their samples."""
    return {SUFFIXES.sub("", name) for name in re.findall(r"\bsellerwatch_\w+", text)}
