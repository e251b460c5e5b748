"""Policy files made up by hypothesis: every section, every key, within its bounds."""

import json
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st

from streams.policy.patterns import SWITCH, known_patterns, parameters_of

UNIT = st.sampled_from("smhd")
DURATIONS = st.builds(lambda n, unit: f"{n}{unit}", st.integers(0, 3_600), UNIT)
SHARES = st.floats(0.001, 0.999)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
RULES = ("pace > 0.5", "near_repeat > peer.near_repeat && !(foreign < 0.1)", "anomaly > 0.3 || links * 2.0 >= 0.7")
MOMENTS = st.datetimes().map(lambda at: f"{at.isoformat(timespec='seconds')}Z")


def tables(**keys: "st.SearchStrategy[Any]") -> "st.SearchStrategy[dict[str, Any]]":
    """A table with any of the keys."""
    return st.fixed_dictionaries({}, optional=keys)


def of_type(kind: Any) -> "st.SearchStrategy[Any]":
    """Values that a pattern's parameter takes."""
    if get_origin(kind) is list:
        return st.lists(of_type(get_args(kind)[0]), max_size=3)
    low, high, base = 0.0, 1.0, kind
    if hasattr(kind, "__metadata__"):
        base = get_args(kind)[0]
        for bound in kind.__metadata__:
            low = getattr(bound, "ge", getattr(bound, "gt", low)) if isinstance(bound, Ge | Gt) else low
            high = getattr(bound, "le", getattr(bound, "lt", high)) if isinstance(bound, Le | Lt) else high
    if base is bool:
        return st.booleans()
    if base is int:
        return st.integers(int(low) + 1, int(high) - 1 if high > 2 else 1)
    if base is float:
        return st.floats(low, high, exclude_min=True, exclude_max=True)
    return WORDS


def _pattern(name: str) -> "st.SearchStrategy[dict[str, Any]]":
    keys = {key: of_type(kind) for key, kind, _ in parameters_of(known_patterns()[name])}
    return tables(**({} if name == "order" else {SWITCH: st.booleans()}), **keys)


_weighed = st.fixed_dictionaries({"weight": st.floats(0.01, 99.0)}) | st.fixed_dictionaries(
    {"severity": st.sampled_from(["low", "medium", "high", "critical"])}
)
_rule = st.tuples(st.fixed_dictionaries({"when": st.sampled_from(RULES), "say": WORDS}), _weighed)
_listed = st.fixed_dictionaries({"seller_id": WORDS, "until": MOMENTS.map(lambda at: Bare(at)), "reason": WORDS})


class Bare(str):
    """Stands in the file without quotes."""


DOCUMENTS = tables(
    alerts=tables(
        line=SHARES,
        severities=st.lists(SHARES, min_size=3, max_size=3, unique=True).map(
            lambda s: dict(zip(("medium", "high", "critical"), sorted(s), strict=True))
        ),
        quiet_period=DURATIONS,
        lapse=DURATIONS,
        explain_from=SHARES,
    ),
    cohorts=st.lists(st.fixed_dictionaries({"line": SHARES}, optional={"category": WORDS}), max_size=3),
    budget=st.fixed_dictionaries({"alerts_a_day": st.floats(0.5, 1e5)}, optional={"days": st.integers(1, 60)}),
    review=st.lists(SHARES, max_size=4, unique=True).map(
        lambda s: [{"above": above, "share": above / 2} for above in sorted(s)]
    ),
    rules=st.dictionaries(NAMES, _rule, max_size=4).map(
        lambda rules: [{"name": name, **said, **weighed} for name, (said, weighed) in rules.items()]
    ),
    corridors=st.lists(
        st.fixed_dictionaries({"origin": WORDS, "destination": WORDS, "risk": st.floats(0, 1)}), max_size=3
    ),
    expectations=st.dictionaries(WORDS, tables(lightest_grams=st.integers(0, 50), words=st.lists(WORDS)), max_size=3),
    lists=tables(trusted=st.lists(_listed, max_size=2), watched=st.lists(_listed, max_size=2)),
    patterns=tables(**{name: _pattern(name) for name in known_patterns()}),
)
"""What a valid file says."""


def written(tables: dict[str, Any]) -> str:
    """A file that says it, in inline tables: one top key a line."""
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in tables.items())


def _value(value: Any) -> str:
    if isinstance(value, Bare):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
