"""docs/policy.md names every key there is, and its examples are policies."""

import re
from pathlib import Path

from sellerwatch.policy.reading import check_policy
from streams.policy.document import Common
from tests.docs.policy_tables import PAGE, between, tables

TEXT = PAGE.read_text()
EXAMPLE = re.compile(r"^```toml\n(.*?)^```", re.M | re.S)


def test_the_tables_are_those_of_the_code() -> None:
    for name, table in tables().items():
        found = between(name).search(TEXT)
        assert found is not None, f"the page has lost its markers around {name}"
        assert found[0] == table, "run: python -m tests.docs.policy_tables"


def test_every_example_is_a_policy() -> None:
    examples = EXAMPLE.findall(TEXT)

    assert examples
    for example in examples:
        check_policy(Path("docs/policy.md"), example)


def test_the_examples_show_every_section() -> None:
    shown = "\n".join(EXAMPLE.findall(TEXT))
    for section in Common.model_fields:
        assert section in shown
