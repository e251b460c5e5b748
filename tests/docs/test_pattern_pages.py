"""Every pattern has its page, which names each of its reasons."""

import re

import pytest

from detectors.patterns.base import Pattern
from detectors.patterns.catalogue import Catalogue
from tests.docs.pages import CHECKOUT

FOLDER = CHECKOUT / "docs" / "patterns"
PATTERNS = Catalogue().seller


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_each_pattern_has_a_page_that_says_what_it_catches_and_misses_and_how_to_tune_it(pattern: Pattern) -> None:
    text = (FOLDER / f"{pattern.name}.md").read_text()

    assert text.startswith(f"# {pattern.name}: ")
    for heading in ("## What it catches", "## What it misses", "## How to tune it"):
        assert f"\n{heading}\n" in text
    rows = "\n".join(re.findall(r"^\|.*\|$", text, re.M))
    assert [term.code for term in pattern.terms if f"`{term.code}`" not in rows] == []


def test_no_page_is_about_a_pattern_that_is_not_there() -> None:
    assert {page.stem for page in FOLDER.glob("*.md")} == {pattern.name for pattern in PATTERNS}
