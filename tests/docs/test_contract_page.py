"""The table of events in docs/contract.md names every field that is read, and no other."""

import re

import msgspec
import pytest

from detectors.alert_policy import SEVERITIES
from detectors.assessment import Reason
from detectors.decision import Alert, Decision
from detectors.events import Item, Place, UpstreamBody
from streams import metrics, names
from streams.refused.rejected import Rejected
from tests.docs.pages import page

TEXT = page("docs/contract.md").text
ROW = re.compile(r"^\| *(`[\w.]+`)? *\| ((?:`[a-z]+\.[a-z]+`(?:, )?)+) \| (.+) \|$", re.M)
BODIES = {str(body.__struct_config__.tag): body for body in UpstreamBody.__args__}
ROWS = [(types, fields) for _, types, fields in ROW.findall(TEXT)]


def named(text: str) -> set[str]:
    """Field names in backticks, those that may be left out with a `?`, without what stands in brackets."""
    bare = re.sub(r"\([^)]*\)|\[[^]]*\]|\{[^}]*\}", "", text.partition(". ")[0])
    return set(re.findall(r"`(\w+\??)`", bare))


def fields_of(struct: type[msgspec.Struct], without: frozenset[str] = frozenset()) -> set[str]:
    found = {f.name: f.name if f.required else f"{f.name}?" for f in msgspec.structs.fields(struct)}
    return {shown for name, shown in found.items() if name not in without}


@pytest.mark.parametrize(("types", "fields"), ROWS, ids=[types for types, _ in ROWS])
def test_a_row_names_the_fields_of_its_types(types: str, fields: str) -> None:
    for kind in re.findall(r"`([\w.]+)`", types):
        assert named(fields) == fields_of(BODIES[kind], frozenset({"ip_prefix", "mail", "tax_check"}))


def test_every_type_has_a_row() -> None:
    shown = [kind for types, _ in ROWS for kind in re.findall(r"`([\w.]+)`", types)]

    assert sorted(shown) == sorted(BODIES)


def test_every_topic_has_a_row() -> None:
    assert {topic.strip("`") for topic, _, _ in ROW.findall(TEXT) if topic} == {*names.UPSTREAM, names.ACTS}


def test_parts_of_an_order_are_named() -> None:
    (order,) = [fields for types, fields in ROWS if "order.placed" in types]

    for struct, opening, closing in ((Item, r"`items\?` \[", r"\]"), (Place, r"`ship_to\?` \{", r"\}")):
        inside = re.search(f"{opening}(.*?){closing}", order)
        assert inside is not None
        assert set(re.findall(r"`(\w+\??)`", inside[1])) == fields_of(struct, frozenset({"address"}))


def test_fields_of_what_comes_out_are_named() -> None:
    for struct in (Alert, Decision, Reason, Rejected):
        missing = [field for field in struct.__struct_fields__ if f"`{field}`" not in TEXT]
        assert missing == []
    assert all(f"`{severity}`" in TEXT for severity in SEVERITIES)


def test_every_reason_of_a_refusal_is_named() -> None:
    assert [reason for reason in metrics._REASONS["intake"] if f"`{reason}`" not in TEXT] == []
