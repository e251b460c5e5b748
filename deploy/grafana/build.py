"""Makes Grafana's JSON of the TOML files here: `python -m deploy.grafana.build`. A test says when it is old."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deploy.grafana.panels import Json, panel_of

HERE: Final = Path(__file__).parent
TARGETS: Final = HERE / "dashboards"
NAMES: Final = ("overview", "pipeline", "risk", "delivery")
"""Of the dashboards, in the order in which each links to the others."""
COLUMNS: Final = 24
LINKS: Final[Json] = {
    "type": "dashboards",
    "tags": ["sellerwatch"],
    "title": "Sellerwatch",
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "",
    "url": "",
}
"""On every dashboard: the way to the others."""


def dashboard(name: str) -> Json:
    """The whole of one."""
    told = tomllib.loads((HERE / f"{name}.toml").read_text())
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}
    return {
        "uid": told["uid"],
        "title": told["title"],
        "description": told["description"],
        "tags": ["sellerwatch"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [source]},
        "annotations": {"list": []},
        "links": [LINKS],
        "panels": _placed(told["rows"]),
    }


def written(name: str) -> str:
    """A dashboard as its file holds it."""
    return json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n"


def _placed(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The panels of each row from left to right, wrapped; a row without a title has no bar of its own."""
    found: list[Json] = []
    y = 0
    for row in rows:
        if row["title"]:
            grid = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
            found.append({"id": len(found) + 1, "type": "row", "title": row["title"], "gridPos": grid, "panels": []})
            y += 1
        x = height = 0
        for told in row["panels"]:
            panel = panel_of(told) | {"id": len(found) + 1}
            if x + panel["gridPos"]["w"] > COLUMNS:
                x, y, height = 0, y + height, 0
            panel["gridPos"] |= {"x": x, "y": y}
            found.append(panel)
            x, height = x + panel["gridPos"]["w"], max(height, panel["gridPos"]["h"])
        y += height
    return found


if __name__ == "__main__":
    for each in NAMES:
        (TARGETS / f"{each}.json").write_text(written(each))
