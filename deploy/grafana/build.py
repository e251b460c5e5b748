"""Makes Grafana's JSON of the TOML files here: `python -m deploy.grafana.build`. A test says when it is old."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]
HERE: Final = Path(__file__).parent
TARGETS: Final = HERE / "dashboards"
NAMES: Final = ("overview", "pipeline", "risk", "delivery")
"""Of the dashboards, in the order in which each links to the others."""
DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS: Final = 24
SIZES: Final = {"stat": (3, 4)}
"""Width and height of a kind of panel; of the others: 8, 8."""
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
INSTANT: Final = ("stat", "table")
OPTIONS: Final[dict[str, Json]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value",
    },
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "yAxis": {"unit": "short", "decimals": 2},
    },
    "table": {"showHeader": True},
}


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
            panel = _panel(told) | {"id": len(found) + 1}
            if x + panel["gridPos"]["w"] > COLUMNS:
                x, y, height = 0, y + height, 0
            panel["gridPos"] |= {"x": x, "y": y}
            found.append(panel)
            x, height = x + panel["gridPos"]["w"], max(height, panel["gridPos"]["h"])
        y += height
    return found


def _panel(told: Mapping[str, Any]) -> Json:
    kind = told.get("kind", "timeseries")
    width, height = SIZES.get(kind, (8, 8))
    return {
        "type": kind,
        "title": told["title"],
        "description": told["about"],
        "datasource": DATASOURCE,
        "gridPos": {"w": told.get("width", width), "h": told.get("height", height)},
        "targets": [_target(kind, place, *line) for place, line in enumerate(told["lines"].items())],
        "fieldConfig": {"defaults": _defaults(kind, told), "overrides": []},
        "options": OPTIONS[kind],
    }


def _target(kind: str, place: int, legend: str, expr: str) -> Json:
    return {
        "refId": "ABCDEFGH"[place],
        "datasource": DATASOURCE,
        "expr": expr,
        "legendFormat": legend,
        "format": kind if kind in ("heatmap", "table") else "time_series",
        "instant": kind in INSTANT,
        "range": kind not in INSTANT,
    }


def _defaults(kind: str, told: Mapping[str, Any]) -> Json:
    steps = _steps(told)
    defaults: Json = {"unit": told["unit"], "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if "decimals" in told:
        defaults["decimals"] = told["decimals"]
    if words := told.get("words"):
        options = {value: {"text": word, "color": colour} for value, (word, colour) in words.items()}
        defaults["mappings"] = [{"type": "value", "options": options}]
    if kind == "stat":
        defaults["color"] = {"mode": "thresholds"}
    if kind == "timeseries":
        bars = told.get("bars", False)
        defaults["custom"] = {
            "drawStyle": "bars" if bars else "line",
            "fillOpacity": 70 if bars else 8,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": {"mode": "normal" if bars else "none", "group": "A"},
        }
    return defaults


def _steps(told: Mapping[str, Any]) -> list[Json]:
    """Colours from values on: green up to the first of `limits`, or down to the first of `below`."""
    steps: list[Json] = [{"color": "green", "value": None}]
    if below := told.get("below"):  # Grafana counts from below: the worst colour first, then the next from its value on
        falling = sorted(((float(value), colour) for value, colour in below.items()), reverse=True)
        colours = ["green", *(colour for _, colour in falling)]
        steps = [{"color": colours[-1], "value": None}]
        steps += [{"color": colours[at], "value": falling[at][0]} for at in reversed(range(len(falling)))]
    return steps + [{"color": colour, "value": int(value)} for value, colour in told.get("limits", {}).items()]


if __name__ == "__main__":
    for each in NAMES:
        (TARGETS / f"{each}.json").write_text(written(each))
