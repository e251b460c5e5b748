"""CEL expressions of a policy file: parsed by an existing implementation, checked, and turned into programs.

The parser is cel-python's. Of the language (https://github.com/google/cel-spec) rules have what is bounded by its
length: doubles, comparisons, `&&`, `||`, `!`, `?:`, arithmetic. Calls, macros, lists and strings are refused.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from math import isfinite
from typing import Any, Final

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from detectors.patterns.features import FEATURES
from detectors.patterns.programs import DEPTH, OPERATORS, Program, ProgramError, check

LONGEST: Final = 1_000
"""Characters of one expression."""
PEER: Final = "peer"
ANOMALY: Final = "anomaly"
_KNOWN: Final = frozenset(FEATURES)
_BINARY: Final[Mapping[str, str]] = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
}
_TRANSPARENT: Final = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication"}
) | {
    "unary",
    "member",
    "primary",
    "paren_expr",
}
Typed = tuple[Any, str]
"""A program and its type."""


class ExpressionError(ValueError):
    """An expression is wrong; `at` counts its characters from 1."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def compile_rule(text: str) -> Program:
    """The program of an expression.

    Raises:
        ExpressionError: Says what is wrong, where, and what to write instead.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters; split it into several rules", LONGEST + 1)
    _check_nesting(text)
    try:
        tree = _parser().parse(text)
    except CELParseError as error:
        raise ExpressionError("not an expression: something is missing or too much here", error.column or 1) from None
    program, kind = _Reader(text).read(tree, 0)
    if kind != "bool":
        raise ExpressionError(f"gives a {kind}; a rule says yes or no: compare it, as in `... > 0.5`", 1)
    try:
        check(program, _KNOWN)
    except ProgramError as error:
        raise ExpressionError(str(error), 1) from None
    return program  # type: ignore[no-any-return]


@cache
def _parser() -> CELParser:
    return CELParser()


def _check_nesting(text: str) -> None:
    depth = 0
    for at, character in enumerate(text, start=1):
        depth += (character == "(") - (character == ")")
        if depth > DEPTH:
            raise ExpressionError(f"more than {DEPTH} parentheses within each other", at)


class _Reader:
    """Turns the parser's tree into a program; every step knows its place and its type."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def read(self, node: Any, depth: int) -> Typed:
        while isinstance(node, Tree) and node.data in _TRANSPARENT and len(node.children) == 1:
            node = node.children[0]
        if depth > DEPTH:
            raise self._error(f"more than {DEPTH} operators within each other", node)
        read: Callable[[Any, int], Typed] | None = getattr(self, f"_{node.data}", None)
        if read is None:
            raise self._error(
                "rules have no calls, lists or texts: only features, numbers, comparisons, && || ! ?:", node
            )
        return read(node, depth + 1)

    def _expr(self, node: Any, depth: int) -> Typed:
        condition, first, second = (self.read(child, depth) for child in node.children)
        self._need(condition, "bool", node.children[0])
        self._need(second, first[1], node.children[2])
        return ("?:bool" if first[1] == "bool" else "?:", condition[0], first[0], second[0]), first[1]

    def _conditionalor(self, node: Any, depth: int) -> Typed:
        return self._both("||", node.children, depth)

    def _conditionaland(self, node: Any, depth: int) -> Typed:
        return self._both("&&", node.children, depth)

    def _relation(self, node: Any, depth: int) -> Typed:
        return self._operator(node, depth)

    def _addition(self, node: Any, depth: int) -> Typed:
        return self._operator(node, depth)

    def _multiplication(self, node: Any, depth: int) -> Typed:
        return self._operator(node, depth)

    def _operator(self, node: Any, depth: int) -> Typed:
        sign, right = node.children
        operator = _BINARY.get(sign.data)
        if operator is None:
            raise self._error("rules have no `in` and no `%`", right)
        return self._both(operator, (sign.children[0], right), depth)

    def _both(self, operator: str, sides: Any, depth: int) -> Typed:
        left, right = (self.read(side, depth) for side in sides)
        wanted, gives, _ = OPERATORS[operator]
        self._need(left, wanted[0], sides[0])
        self._need(right, wanted[1], sides[1])
        return (operator, left[0], right[0]), gives

    def _unary(self, node: Any, depth: int) -> Typed:
        sign, inner = node.children
        found = self.read(inner, depth)
        if sign.data == "unary_not":
            self._need(found, "bool", inner)
            return ("!", found[0]), "bool"
        self._need(found, "double", inner)
        return (-found[0] if isinstance(found[0], float) else ("neg", found[0])), "double"

    def _ident(self, node: Any, _: int) -> Typed:
        word = str(node.children[0])
        if word == ANOMALY:
            return (ANOMALY,), "double"
        return ("feature", self._known(word, node)), "double"

    def _member_dot(self, node: Any, _: int) -> Typed:
        inner, word = node.children
        while isinstance(inner, Tree) and len(inner.children) == 1 and inner.data in (*_TRANSPARENT, "ident"):
            inner = inner.children[0]
        if str(inner) != PEER:
            raise self._error(f"only `{PEER}.<feature>` has a dot: the peers' norm of that feature", node)
        return ("peer", self._known(str(word), word)), "double"

    def _literal(self, node: Any, _: int) -> Typed:
        token = node.children[0]
        if token.type == "FLOAT_LIT" and isfinite(float(token)):
            return float(token), "double"
        if token.type == "BOOL_LIT":
            return str(token) == "true", "bool"
        if token.type == "INT_LIT" and not token.lower().startswith(("0x", "-0x")):
            raise self._error(f"features are fractional numbers: write {token}.0 instead of {token}", token)
        raise self._error("only numbers such as 0.5, and true and false, can be written here", token)

    def _known(self, word: str, node: Any) -> str:
        if word in _KNOWN:
            return word
        near = get_close_matches(word, [*FEATURES, ANOMALY], n=1)
        wish = f"; did you mean `{near[0]}`?" if near else "; docs/policy.md lists them"
        raise self._error(f"there is no feature `{word}`{wish}", node)

    def _need(self, found: Typed, wanted: str, node: Any) -> None:
        if found[1] != wanted:
            wish = "compare it, as in `... > 0.5`" if wanted == "bool" else "true and false cannot be compared or added"
            raise self._error(f"a {wanted} is needed here, and this is a {found[1]}: {wish}", node)

    def _error(self, message: str, node: Any) -> ExpressionError:
        place = node if isinstance(node, Token) else node.meta
        line, column = getattr(place, "line", 1) or 1, getattr(place, "column", 1) or 1
        return ExpressionError(message, self._starts[line - 1] + column)
