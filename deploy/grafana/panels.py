"""Grafana's JSON of one panel, made of what a TOML file says of it; overview.toml says what its keys mean."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]
DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
SIZES: Final = {"stat": (3, 4)}
"""Width and height of a kind of panel; of the others: 8, 8."""
INSTANT: Final = ("stat", "table", "bargauge")
BAR: Final = "1m"
"""A bar counts at least so long: shorter ones, each over a longer window, would count an alert several times."""
REACH: Final = {"short": 1, "none": 1, "eps": 1, "ops": 1, "rowsps": 1}
"""How far an axis goes at least, by unit: where all is 0, Grafana draws one to 100."""
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
    "bargauge": {
        "displayMode": "basic",
        "orientation": "horizontal",
        "namePlacement": "top",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "valueMode": "color",
    },
}


def panel_of(told: Mapping[str, Any]) -> Json:
    """All but its id and its place, which its row gives it."""
    kind = told.get("kind", "timeseries")
    width, height = SIZES.get(kind, (8, 8))
    panel: Json = {
        "type": kind,
        "title": told["title"],
        "description": told["about"],
        "datasource": DATASOURCE,
        "gridPos": {"w": told.get("width", width), "h": told.get("height", height)},
        "targets": [_target(kind, place, *line) for place, line in enumerate(told["lines"].items())],
        "fieldConfig": {"defaults": _defaults(kind, told), "overrides": _overrides(told)},
        "options": _options(kind, told),
    }
    if told.get("bars"):
        panel["interval"] = BAR
    if columns := told.get("columns"):
        panel["transformations"] = [_columns(columns)]
    return panel


def _options(kind: str, told: Mapping[str, Any]) -> Json:
    options = OPTIONS[kind]
    if where := told.get("legend"):
        options = options | {"legend": options["legend"] | {"placement": where}}
    return options


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
    defaults |= {key: told[key] for key in ("max", "decimals") if key in told}
    if "nothing" in told:
        defaults["noValue"] = told["nothing"]
    if words := told.get("words"):
        options = {value: {"text": word, "color": colour} for value, (word, colour) in words.items()}
        defaults["mappings"] = [{"type": "value", "options": options}]
    if kind in ("stat", "bargauge"):
        defaults["color"] = {"mode": "thresholds"}
    if kind == "timeseries":
        defaults["custom"] = _drawn(told)
    if kind == "table":
        defaults["custom"] = {"minWidth": 60}
    return defaults


def _drawn(told: Mapping[str, Any]) -> Json:
    """How lines look, or bars; a bar stands before its time, as a query counts what was until then."""
    bars = told.get("bars", False)
    drawn: Json = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 70 if bars else 8,
        "lineWidth": 1,
        "barAlignment": -1,
        "showPoints": "never" if bars else "auto",
        "stacking": {"mode": "normal" if bars else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if "limits" in told else "off"},
    }
    if reach := told.get("reach", REACH.get(told["unit"])):
        drawn["axisSoftMax"] = reach
    return drawn


def _overrides(told: Mapping[str, Any]) -> list[Json]:
    """Colours of lines whose names say whether they are good."""
    return [
        {
            "matcher": {"id": "byName", "options": legend},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for legend, colour in told.get("colours", {}).items()
    ]


def _columns(names: Mapping[str, str]) -> Json:
    """The columns of a table in their order, under names of ours, without the time."""
    options = {
        "excludeByName": {"Time": True},
        "indexByName": {name: place for place, name in enumerate(names)},
        "renameByName": dict(names),
    }
    return {"id": "organize", "options": options}


def _steps(told: Mapping[str, Any]) -> list[Json]:
    """Colours from values on: green up to the first of `limits`, or down to the first of `below`; else blue."""
    judged = any(key in told for key in ("limits", "below", "words"))
    steps: list[Json] = [{"color": "green" if judged else "blue", "value": None}]
    if below := told.get("below"):  # Grafana counts from below: the worst colour first, then the next from its value on
        falling = sorted(((float(value), colour) for value, colour in below.items()), reverse=True)
        colours = ["green", *(colour for _, colour in falling)]
        steps = [{"color": colours[-1], "value": None}]
        steps += [{"color": colours[at], "value": falling[at][0]} for at in reversed(range(len(falling)))]
    return steps + [{"color": colour, "value": float(value)} for value, colour in told.get("limits", {}).items()]
