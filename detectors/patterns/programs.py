"""Expressions over features in the form in which they travel: nested tuples, evaluated over whole columns.

They come out of a checked CEL expression (https://cel.dev); here they have the same meaning, with doubles as
IEEE 754 has them, so that the log can be replayed without a parser, and a rule costs a batch some numpy calls.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeGuard

import numpy as np

from detectors.batch import Batch

Program = tuple[Any, ...] | float | bool
"""A literal, `("feature", name)`, `("peer", name)`, `("anomaly",)`, or an operator and what it works on."""

DEPTH: Final = 60
"""Of operators within operators."""
NODES: Final = 200
"""Operators, names and literals in one expression."""

_NUMBERS: Final = ("double", "double")
_TRUTHS: Final = ("bool", "bool")
OPERATORS: Final[Mapping[str, tuple[tuple[str, ...], str, Callable[..., Any]]]] = {
    "&&": (_TRUTHS, "bool", np.logical_and),
    "||": (_TRUTHS, "bool", np.logical_or),
    "!": (("bool",), "bool", np.logical_not),
    "<": (_NUMBERS, "bool", np.less),
    "<=": (_NUMBERS, "bool", np.less_equal),
    ">": (_NUMBERS, "bool", np.greater),
    ">=": (_NUMBERS, "bool", np.greater_equal),
    "==": (_NUMBERS, "bool", np.equal),
    "!=": (_NUMBERS, "bool", np.not_equal),
    "+": (_NUMBERS, "double", np.add),
    "-": (_NUMBERS, "double", np.subtract),
    "*": (_NUMBERS, "double", np.multiply),
    "/": (_NUMBERS, "double", np.divide),
    "neg": (("double",), "double", np.negative),
    "?:": (("bool", "double", "double"), "double", np.where),
    "?:bool": (("bool", "bool", "bool"), "bool", np.where),
}
"""What each works on, gives, and does."""


class ProgramError(ValueError):
    """This is no expression that can be evaluated."""


def type_of(program: Any, features: frozenset[str], *, depth: int = 0) -> str:
    """`bool` or `double`; the whole is checked on the way.

    Raises:
        ProgramError: It names what does not exist, mixes types, or is nested too deeply.
    """
    if depth > DEPTH:
        raise ProgramError(f"more than {DEPTH} operators within each other")
    if isinstance(program, bool):
        return "bool"
    if isinstance(program, float):
        return "double"
    if not isinstance(program, tuple) or not program:
        raise ProgramError(f"{program!r} is no part of an expression")
    head, rest = program[0], program[1:]
    if head == "anomaly" and not rest:
        return "double"
    if head in ("feature", "peer") and len(rest) == 1:
        if rest[0] not in features:
            raise ProgramError(f"there is no feature {rest[0]!r}")
        return "double"
    wanted, gives, _ = OPERATORS.get(head, ((), "", None)) if isinstance(head, str) else ((), "", None)
    found = tuple(type_of(part, features, depth=depth + 1) for part in rest)
    if not wanted or found != wanted:
        raise ProgramError(f"{head!r} cannot work on {', '.join(found) or 'nothing'}")
    return gives


def check(program: Any, features: frozenset[str]) -> None:
    """Accepts what says yes or no, within the bounds.

    Raises:
        ProgramError: Says what is wrong with it.
    """
    if sum(1 for _ in parts(program)) > NODES:
        raise ProgramError(f"more than {NODES} operators, names and numbers")
    if (given := type_of(program, features)) != "bool":
        raise ProgramError(f"it gives a {given}; a rule says yes or no (bool)")
    if not features_in(program):
        raise ProgramError("names no feature of the seller, of which its reason tells: add one to the comparison")


def parts(program: Any) -> Iterator[Any]:
    """The expression and everything in it, without recursion."""
    waiting = [program]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, tuple) and part and part[0] not in ("feature", "peer"):
            waiting += part[:0:-1]


def features_in(program: Any) -> tuple[str, ...]:
    """The seller's features that it names, in the order in which they first stand there."""
    named = (part[1] for part in parts(program) if _is_feature(part))
    return tuple(dict.fromkeys(named))


def _is_feature(part: Any) -> TypeGuard[tuple[str, str]]:
    return isinstance(part, tuple) and len(part) == 2 and part[0] == "feature"


def evaluate(program: Any, batch: Batch) -> Any:
    """The value of a checked expression for every event of a batch; no event depends on the others."""
    if isinstance(program, float):
        return np.float64(program)
    if isinstance(program, bool):
        return np.bool_(program)
    head = program[0]
    if head == "feature":
        return batch.features[program[1]]
    if head == "peer":
        return batch.peers[program[1]]
    if head == "anomaly":
        return np.where(np.isnan(batch.anomaly), 0.0, batch.anomaly)
    return OPERATORS[head][2](*(evaluate(part, batch) for part in program[1:]))


def frozen(program: Any) -> Any:
    """Nested lists, as they come out of the log, as nested tuples."""
    return tuple(frozen(part) for part in program) if isinstance(program, list | tuple) else program
