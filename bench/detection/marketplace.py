"""The marketplace measures: real honest trade, a darknet market's vendors, made-up sellers of every kind.

Line by line: found early, false alerts, hard negatives, rings, poisoning, reasons; mean, lowest and highest
over the seeds. The same marketplace is used for all but crowds and poisoning, which have their own.
"""

from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from statistics import fmean

from bench.detection import found, reasons
from bench.detection.extremes import crowd, poisoning
from bench.detection.stage import ILLICIT, Stage, stage
from bench.detection.trial import Trial, run
from bench.replays.report import table

HARD = ("subscription_box", "flash_sale", "warehouse_shop")
MADE_UP = tuple(kind.kind for kind in ILLICIT)
EXTREMES = 2
"""Seeds for which crowds and poisoning are measured, too: each takes a marketplace of its own, or two."""
Measured = dict[str, float]
REACH = {
    "illicit sellers alerted within 20 of their orders": ">= 0.90",
    "false alerts per 1,000 honest sellers and day": "<= 1",
    "subscription_box alerted": "<= 0.02",
    "flash_sale alerted": "<= 0.02",
    "warehouse_shop alerted": "<= 0.02",
    "linked pairs, precision": ">= 0.95",
    "linked pairs, recall": ">= 0.85",
    "returned sellers flagged before the 5th order": "~ 1",
    "alerts with 3 reasons or more": ">= 0.95",
    "score falls without the first reason": ">= 0.99",
    "alerted sellers with tied scores": "0",
    "500 sellers behind one address: alerts that name a link": "0",
    "poisoned: share of illicit orders": ">= 0.20",
    "poisoned: recall at the budget, of the clean run's": ">= 0.95",
}


def measure(data: Path | None, seeds: Sequence[int]) -> str:
    """All measures of these seeds, as Markdown."""
    rows = [one(data, seed) for seed in seeds]
    extremes = [crowd(seed) | poisoning(data, seed) for seed in seeds[:EXTREMES]]
    head = f"## Marketplace, seeds {seeds[0]} to {seeds[-1]} ({_many(extremes)} for the last lines)\n\n"
    lines = [*_lines(rows), *_lines(extremes)]
    return head + table(("measure", "reach", "mean", "lowest", "highest"), lines) + "\n"


def _many(rows: Sequence[Measured]) -> str:
    return "the first alone" if len(rows) == 1 else f"the first {len(rows)}"


def _lines(rows: Sequence[Measured]) -> list[tuple[str, ...]]:
    return [(name, REACH.get(name, ""), *_summary([row[name] for row in rows])) for name in rows[0]]


def one(data: Path | None, seed: int) -> Measured:
    """Everything that is measured of one seed."""
    market = stage(data, seed)
    trial = run(market.lines())
    return {**_sellers(market, trial), **_rings(market, trial), **_reasons(trial)}


def _sellers(market: Stage, trial: Trial) -> Measured:
    everybody = {bad.kind for bad in market.bad.values()}
    early: Callable[..., float] = found.early
    return {
        "illicit sellers alerted within 20 of their orders": early(market, trial, everybody),
        "the same, of those with 20 orders": early(market, trial, everybody, least=20),
        "the same, made-up sellers": early(market, trial, MADE_UP),
        "the same, darknet vendors": early(market, trial, ["agora"]),
        **{f"the same, {kind}": early(market, trial, [kind]) for kind in MADE_UP},
        "false alerts per 1,000 honest sellers and day": found.false_rate(market, trial),
        **{f"{kind} alerted": found.alerted(market, trial, kind) for kind in HARD},
        **{f"{kind} alerted": found.alerted(market, trial, kind) for kind in market.hard if kind not in HARD},
    }


def _rings(market: Stage, trial: Trial) -> Measured:
    precision, recall = found.pairs(market, trial)
    return {
        "linked pairs, precision": precision,
        "linked pairs, recall": recall,
        "returned sellers flagged before the 5th order": found.returned(market, trial),
    }


def _reasons(trial: Trial) -> Measured:
    return {
        "alerts with 3 reasons or more": reasons.enough(trial),
        "score falls without the first reason": reasons.falls(trial),
        "alerted sellers with tied scores": found.ties(trial),
    }


def _summary(values: list[float]) -> tuple[str, str, str]:
    known = [value for value in values if not isnan(value)]
    if not known:
        return "-", "-", "-"
    return f"{fmean(known):.3f}", f"{min(known):.3f}", f"{max(known):.3f}"
