"""The policy file's form: every key, its unit and its bounds; and the policy that it stands for."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from detectors.alert_policy import Policy
from detectors.events import DAY, HOUR, SECOND, Micros
from detectors.expectations import Corridor, Expectation, ListedSeller, Market
from detectors.patterns.base import Pattern
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.features import FEATURES
from detectors.patterns.programs import Program, check
from detectors.patterns.rules import Rule, weight_for
from detectors.policy_parts import REVIEW, Budget, CohortLine, Stratum
from streams.policy.patterns import MOST_WEIGHT, SWITCH, patterns_model

SURELY: Final = 0.002
"""A rule with a severity lies so far above the score that the severity needs: rounding must not undo it."""
UNITS: Final = {"s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": DAY, "w": 7 * DAY}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
MOST_RULES, MOST_CORRIDORS, MOST_CATEGORIES, MOST_LISTED = 100, 2_000, 2_000, 5_000


def parse_duration(value: Any) -> Micros:
    """`90s`, `15m`, `6h`, `30d`, `2w` as microseconds."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a duration in quotes with its unit, such as "90s", "15m", "6h", "30d"')
    return round(float(found[1]) * UNITS[found[2]])


def say_duration(micros: Micros) -> str:
    """A duration as it stands in a policy file."""
    unit = next((unit for unit in "wdhm" if micros and micros % UNITS[unit] == 0), "s")
    count = micros / UNITS[unit]
    return f"{count:.0f}{unit}" if count == int(count) else f"{count:.6f}{unit}"


def _moment(value: Any) -> Micros:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("write a moment with its offset and without quotes, such as 2027-01-31T00:00:00Z")
    return (value - _EPOCH) // (datetime.resolution)


Share = Annotated[float, Ge(0.0), Le(1.0)]
Line = Annotated[float, Gt(0.0), Lt(1.0)]
Duration = Annotated[Micros, BeforeValidator(parse_duration), Ge(0), Le(3_660 * DAY)]
Moment = Annotated[Micros, BeforeValidator(_moment)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _default(name: str) -> Any:
    return next(f.default for f in fields(Policy) if f.name == name)


class Section(BaseModel):
    """A table of the file: unknown keys are refused, and nothing is taken for what it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Severities(Section):
    """Seller scores from which on an alert is more than `low`."""

    medium: Line = _default("severities")[0]
    """From here on `medium`."""
    high: Line = _default("severities")[1]
    """From here on `high`."""
    critical: Line = _default("severities")[2]
    """From here on `critical`."""

    @model_validator(mode="after")
    def _rising(self) -> "Severities":
        if not self.medium < self.high < self.critical:
            raise ValueError("must rise: medium < high < critical")
        return self


class Alerts(Section):
    """When a score becomes an alert."""

    line: Line = _default("line")
    """Seller scores at or above this become alerts."""
    severities: Severities = Severities()
    escalation_step: Annotated[float, Gt(0.0), Le(1.0)] = _default("escalation_step")
    """An open alert is sent again when its score has risen by so much, or its severity."""
    quiet_period: Duration = _default("quiet_period")
    """After an alert was sent, its pattern stays silent about the seller for so long."""
    dismissed_for: Duration = _default("dismissed_for")
    """After a dismissal, its pattern stays silent about the seller for so long."""
    confirmed_for: Duration = _default("confirmed_for")
    """After a confirmation, all patterns stay silent about the seller for so long."""
    lapse: Duration = _default("lapse")
    """An open alert whose score stayed below the line for so long is over."""
    learning_line: Line = _default("learning_line")
    """From this seller score on, "normal" does not learn from the order."""
    explain_from: Share = _default("explain_from")
    """Decisions below this score carry no reasons."""
    watched_line: Line = _default("watched_line")
    """The line for sellers of `lists.watched`."""
    longest_snooze: Duration = _default("longest_snooze")
    """A snooze that is to last longer ends after so long."""


class OwnLine(Section):
    """A cohort of peers with a line of its own; the first that holds a seller counts."""

    line: Line
    """The line for sellers of this cohort."""
    buyers: Literal["consumer", "business", "any"] = "any"
    """Who usually buys from them."""
    category: Annotated[str, Len(0, 512)] = ""
    """What they usually sell, as it stands in the events; left out: anything."""


class AlertBudget(Section):
    """How many alerts people can look at; see docs/policy.md for what it does and cannot do."""

    alerts_a_day: Annotated[float, Gt(0.0), Le(1_000_000.0)]
    """The line rises until the last days would have brought so many a day."""
    days: Annotated[int, Ge(1), Le(60)] = Budget(1.0).days
    """So many days back are looked at."""
    highest_line: Line = Budget(1.0).highest_line
    """The line never rises above this."""


class Review(Section):
    """A share of what stays below the line that people look at all the same."""

    above: Annotated[float, Ge(0.0), Lt(1.0)]
    """Seller scores from here on, up to the next `above`."""
    share: Annotated[float, Gt(0.0), Le(1.0)]
    """Of the decisions, by the hash of the event id."""


class CorridorEntry(Section):
    """Trade between two countries that deserves a closer look."""

    origin: Annotated[str, Len(1, 64)]
    """Country as it stands in the events, or `*`."""
    destination: Annotated[str, Len(1, 64)]
    """Country as it stands in the events, or `*`."""
    risk: Share
    """0 means none, 1 the most."""


class CategoryExpectation(Section):
    """What a parcel of a category is like; what is left out is not checked."""

    lightest_grams: Annotated[int, Ge(0), Le(10**9)] = Expectation().lightest_grams
    """Less is suspicious."""
    heaviest_grams: Annotated[int, Gt(0), Le(10**9)] = Expectation().heaviest_grams
    """More is suspicious."""
    cheapest_minor: Annotated[int, Ge(0), Le(10**15)] = Expectation().cheapest_minor
    """Declared value in euro cents; less is suspicious."""
    dearest_minor: Annotated[int, Gt(0), Le(10**15)] = Expectation().dearest_minor
    """Declared value in euro cents; more is suspicious."""
    words: Annotated[list[Annotated[str, Len(1, 512)]], Len(0, 200)] = []
    """What is declared names one of these; empty: anything."""

    @model_validator(mode="after")
    def _in_order(self) -> "CategoryExpectation":
        if self.lightest_grams > self.heaviest_grams or self.cheapest_minor > self.dearest_minor:
            raise ValueError("nothing fits: the lower bound lies above the upper one")
        return self


class Listed(Section):
    """A seller that is treated in a way of its own until a moment."""

    seller_id: Annotated[str, Len(1, 128)]
    """As it stands in the events."""
    until: Moment
    """From this moment on it is treated as all others."""
    reason: Annotated[str, Len(1, 512)]
    """Why, and who said so."""


class Lists(Section):
    """Sellers that are treated in a way of their own."""

    trusted: Annotated[list[Listed], Len(0, MOST_LISTED)] = []
    """Nobody is alerted about them; their decisions say `trusted_seller`."""
    watched: Annotated[list[Listed], Len(0, MOST_LISTED)] = []
    """Their line is `alerts.watched_line`."""


class RuleEntry(Section):
    """A rule of the operator's own: what it finds weighs as a pattern's evidence does."""

    name: Name
    """Alerts and decisions call it `rule.<name>`."""
    when: Annotated[str, Len(1, 1_000)]
    """An expression in CEL over features: see docs/policy.md."""
    say: Annotated[str, Len(1, 200)]
    """The reason, in words; the numbers are put behind it."""
    weight: Annotated[float, Gt(0.0), Le(MOST_WEIGHT)] | None = None
    """Evidence of a yes; 1.5 alone gives a score of 0.72, 3 gives 0.88."""
    severity: Literal["low", "medium", "high", "critical"] | None = None
    """Instead of a weight: what a yes alone gives at least."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "RuleEntry":
        if (self.weight is None) == (self.severity is None):
            raise ValueError("write either `weight` or `severity`")
        return self


def _named_once(rules: list[RuleEntry]) -> list[RuleEntry]:
    names = [rule.name for rule in rules]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ValueError(f"each rule needs a name of its own; twice: {', '.join(twice)}")
    return rules


def _strata(strata: list[Review]) -> list[Review]:
    if [s.above for s in strata] != sorted({s.above for s in strata}):
        raise ValueError("must rise: each `above` lies over the one before it")
    return strata


class Common(Section):
    """All of the file but its patterns."""

    alerts: Alerts = Alerts()
    cohorts: Annotated[list[OwnLine], Len(0, 200)] = []
    budget: AlertBudget | None = None
    review: Annotated[list[Review], Len(0, 20), AfterValidator(_strata)] = [
        Review(above=stratum.above, share=stratum.share) for stratum in REVIEW
    ]
    rules: Annotated[list[RuleEntry], Len(0, MOST_RULES), AfterValidator(_named_once)] = []
    corridors: Annotated[list[CorridorEntry], Len(0, MOST_CORRIDORS)] = []
    expectations: Annotated[dict[str, CategoryExpectation], Len(0, MOST_CATEGORIES)] = {}
    lists: Lists = Lists()


@cache
def policy_model() -> type[Common]:
    """The form of a whole file; its patterns' keys are the fields of the patterns that there are."""
    patterns = patterns_model()
    return create_model("PolicyFile", __base__=Common, patterns=(patterns, patterns()))


def policy_of(file: Any, name: str, programs: Mapping[str, Program]) -> Policy:
    """The policy that a file (an instance of `policy_model()`) stands for.

    Args:
        name: Its version, as decisions will state it.
        programs: Of the rules, by their names.

    Raises:
        ProgramError: A program does not fit the features that there are.
    """
    alerts: Alerts = file.alerts
    numbers = {key: getattr(alerts, key) for key in Alerts.model_fields if key != "severities"}
    steps = alerts.severities
    budget: AlertBudget | None = file.budget
    return Policy(
        **numbers,
        severities=(steps.medium, steps.high, steps.critical),
        catalogue=_catalogue(file, programs),
        market=_market(file),
        cohorts=tuple(CohortLine(**dict(own)) for own in file.cohorts),
        budget=None if budget is None else Budget(**dict(budget)),
        review=tuple(Stratum(**dict(stratum)) for stratum in file.review),
        name=name,
    )


def _catalogue(file: Any, programs: Mapping[str, Program]) -> Catalogue:
    usual, tables = Catalogue(), file.patterns
    seller = [_pattern(pattern, tables) for pattern in usual.seller]
    order = _pattern(usual.order, tables)
    assert order is not None
    rules = [_rule(entry, file.alerts, programs[entry.name]) for entry in file.rules]
    return replace(usual, seller=(*(pattern for pattern in seller if pattern is not None), *rules), order=order)


def _rule(entry: RuleEntry, alerts: Alerts, program: Program) -> Rule:
    check(program, frozenset(FEATURES))
    weight = entry.weight
    if weight is None:
        steps = {"low": alerts.line, **dict(alerts.severities)}
        weight = weight_for(min(steps[entry.severity or "low"] + SURELY, 0.999))
    return Rule(entry.name, entry.when, program, weight, entry.say)


def _pattern(pattern: Any, tables: Any) -> Pattern | None:
    """The pattern with the file's parameters; `None`: it is switched off."""
    given = dict(getattr(tables, pattern.name))
    if not given.pop(SWITCH, True):
        return None
    changed = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    made: Pattern = replace(pattern, **changed)
    return made


def _market(file: Any) -> Market:
    return Market(
        tuple(Corridor(**dict(corridor)) for corridor in file.corridors),
        {
            category: Expectation(**{**dict(entry), "words": tuple(entry.words)})
            for category, entry in file.expectations.items()
        },
        tuple(ListedSeller(**dict(entry)) for entry in file.lists.trusted),
        tuple(ListedSeller(**dict(entry)) for entry in file.lists.watched),
    )
