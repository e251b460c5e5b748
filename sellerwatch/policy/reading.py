"""Reads a policy file, and says of everything that is wrong where it stands and what to write instead."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from detectors.alert_policy import Policy
from detectors.patterns.programs import Program
from sellerwatch.policy.expressions import ExpressionError, compile_rule
from sellerwatch.policy.places import Place, Places
from streams.errors import SettingsError
from streams.policy.document import policy_model, policy_of, say_duration
from streams.policy.published import MAX_TEXT, Document, version_of

_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_UNKNOWN: Final = "extra_forbidden"
_BOUND: Final = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le", "less_than": "lt"}


class PolicyFileError(SettingsError):
    """A policy file is wrong; one line for each thing, each with its place."""


class PolicyFile(NamedTuple):
    """A file that is in order."""

    path: Path
    text: str
    tables: dict[str, Any]
    policy: Policy
    programs: dict[str, Program]
    """Of its rules, by name."""

    @property
    def version(self) -> str:
        return self.policy.name

    @property
    def document(self) -> Document:
        """What a publication of it carries."""
        return Document(self.text, self.programs)


class Problem(NamedTuple):
    """One thing that is wrong."""

    place: Place
    message: str


def read_policy(path: Path) -> PolicyFile:
    """Reads and checks a policy file.

    Raises:
        PolicyFileError: Names everything that is wrong, as `file:line:column: what to write instead`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PolicyFileError(f"{path}: cannot be read ({error.strerror}); check its name") from None
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return check_policy(path, text)


def check_policy(path: Path, text: str) -> PolicyFile:
    """As `read_policy`, for a text; `path` only names it."""
    try:
        return _checked(path, text)
    except RecursionError:
        raise PolicyFileError(f"{path}: tables or lists nested too deeply; no key takes more than three") from None


def _checked(path: Path, text: str) -> PolicyFile:
    if len(text.encode()) > MAX_TEXT:
        raise PolicyFileError(f"{path}: larger than {MAX_TEXT:,} bytes; the log could not carry it, shorten its lists")
    tables = _tables(path, text)
    places = Places(text)
    problems: list[Problem] = []
    file: Any = None
    try:
        file = policy_model().model_validate(tables)
    except ValidationError as error:
        problems += [_problem(found, places, tables) for found in error.errors()]
    programs = _programs(tables, places, problems)
    if problems:
        raise PolicyFileError(_said(path, problems))
    return PolicyFile(path, text, tables, policy_of(file, version_of(tables), programs), programs)


def _programs(tables: Mapping[str, Any], places: Places, problems: list[Problem]) -> dict[str, Program]:
    """The rules' programs; what is wrong with one is added to the problems."""
    programs: dict[str, Program] = {}
    rules = tables.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        when = rule.get("when") if isinstance(rule, dict) else None
        if not isinstance(when, str) or not when:
            continue
        try:
            programs[str(rule.get("name"))] = compile_rule(when)
        except ExpressionError as error:
            place = places.within(("rules", number, "when"), when, error.at)
            problems.append(Problem(place, f"`rules.{number}.when`: {error}"))
    return programs


def _tables(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        lines = text.split("\n")
        end = Place(len(lines), len(lines[-1]) + 1)
        place = Place(int(found[1]), int(found[2])) if found and found[1] else end
        message = f"not TOML: {_AT.sub('', str(error))}"
        raise PolicyFileError(_said(path, [Problem(place, message)])) from None


def _said(path: Path, problems: list[Problem]) -> str:
    return "\n".join(f"{path}:{p.place.line}:{p.place.column}: {p.message}" for p in sorted(set(problems)))


def _problem(found: Any, places: Places, tables: Mapping[str, Any]) -> Problem:
    path, kind = _real(found["loc"], tables), found["type"]
    name = ".".join(str(part) for part in path)
    if kind == _UNKNOWN:
        return Problem(places.key(path), _unknown(path))
    if kind == "missing":
        return Problem(places.key(path[:-1]), f"`{name}` is missing: write `{path[-1]} = ...`")
    return Problem(places.value(path), f"`{name}`: {_wish(found)}")


def _real(loc: tuple[str | int, ...], tables: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The path in the file: pydantic may put names of its own forms into it."""
    at: Any = tables
    path: list[str | int] = []
    for index, part in enumerate(loc):
        known = (isinstance(at, dict) and part in at) or (
            isinstance(at, list) and isinstance(part, int) and part < len(at)
        )
        if not known and index < len(loc) - 1:
            continue
        path.append(part)
        at = at[part] if known else None
    return tuple(path)


def _unknown(path: tuple[str | int, ...]) -> str:
    known = sorted(keys_at(path[:-1]))
    word = str(path[-1])
    near = get_close_matches(word, known, n=1)
    within = f"[{'.'.join(str(p) for p in path[:-1] if not isinstance(p, int))}]" if path[:-1] else "the file"
    wish = f"did you mean `{near[0]}`?" if near else f"it knows {', '.join(f'`{k}`' for k in known)}"
    return f"`{word}` is no key of {within}; {wish}"


def keys_at(path: tuple[str | int, ...]) -> Mapping[str, FieldInfo]:
    """The keys that a table of the file may have."""
    model: Any = policy_model()
    for part in path:
        if isinstance(part, int):
            continue
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _table_of(model.model_fields[part].annotation)
    return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}


def _table_of(annotation: Any) -> Any:
    """The form of a table, of a list's tables, or of a mapping's tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in reversed(getattr(annotation, "__args__", ())):
        found = _table_of(inner)
        if found is not None:
            return found
    return None


def _wish(found: Any) -> str:
    """What to write instead."""
    kind, context, given = found["type"], found.get("ctx", {}), found["input"]
    if kind in _BOUND:
        limit = context[_BOUND[kind]]
        words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}[_BOUND[kind]]
        shown = say_duration(limit) if isinstance(given, str) else limit
        return f"write {words} {shown}, not {given!r}"
    if kind.startswith("value_error"):
        return str(context["error"])
    wishes = {
        "float_type": "write a number without quotes",
        "int_type": "write a whole number without quotes",
        "int_from_float": "write a whole number",
        "bool_type": "write `true` or `false` without quotes",
        "string_type": "write a text in quotes",
        "list_type": "write a list: [...]",
        "dict_type": "write a table",
        "model_type": "write a table",
        "literal_error": f"write {context.get('expected')}",
        "string_pattern_mismatch": "write small letters, digits and `_`, at most 40, beginning with a letter",
        "finite_number": "write a finite number",
    }
    said = wishes.get(kind, found["msg"][:1].lower() + found["msg"][1:])
    return said if isinstance(given, (dict, list)) else f"{said}, not {given!r}"
