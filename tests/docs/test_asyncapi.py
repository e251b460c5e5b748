"""The AsyncAPI document and the event reference are what the code says, and what AsyncAPI 3 allows."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from detectors.decision import Alert
from detectors.events import ActRecorded, SellerBanned, VerdictGiven
from streams import names
from streams.audit.bodies import body_of
from streams.audit.chain import Chain
from streams.topics import CONFIGS
from streams.upstream import parse
from tests.builders import record
from tests.docs import asyncapi, events_page
from tests.docs.event_types import BODIES, BY_TOPIC, example
from tests.docs.test_readme import README_TEXT

SPECS = Path(__file__).parent / "asyncapi_specs" / "3.0.0.json.gz"
"""Of the npm package @asyncapi/specs 6.11.1, Apache-2.0, see the licence beside it."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncapi.FILE.read_text())
    return found


def test_the_files_are_what_the_code_says() -> None:
    assert asyncapi.FILE.read_text() == asyncapi.text(), "renew it: python -m tests.docs.asyncapi"
    assert events_page.PAGE.read_text() == events_page.page(), "renew it: python -m tests.docs.events_page"


def test_it_is_asyncapi_3_by_the_official_schema(document: dict[str, Any]) -> None:
    official = Draft7Validator(json.loads(gzip.decompress(SPECS.read_bytes())))

    assert [f"{list(e.absolute_path)}: {e.message[:200]}" for e in official.iter_errors(document)] == []
    assert list(official.iter_errors(document | {"channels": {"x": {"adress": "x"}}}))


def refs(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(refs, part.values()))
    return set().union(*map(refs, part)) if isinstance(part, list) else set()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for ref in refs(document):
        place: Any = document
        for name in ref.removeprefix("#/").split("/"):
            assert name in place, ref
            place = place[name]


def validator(document: dict[str, Any], name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


@pytest.mark.parametrize("kind", BODIES)
def test_its_examples_are_valid_and_intake_takes_them(document: dict[str, Any], kind: str) -> None:
    found, schema = example(kind), validator(document, f"Event.{kind}")

    assert parse(json.dumps(found).encode()).type == kind
    assert list(schema.iter_errors(found)) == []
    assert list(schema.iter_errors(found | {"event_id": ""}))
    assert list(schema.iter_errors({name: value for name, value in found.items() if name != "event_time"}))


def test_every_type_has_its_topic_and_what_only_intake_sets_is_not_shown(document: dict[str, Any]) -> None:
    assert sorted(kind for kinds in BY_TOPIC.values() for kind in kinds) == sorted(BODIES)
    assert "ip_prefix" not in document["components"]["schemas"]["Event.order.placed"]["properties"]


def test_the_alert_of_the_readme_is_one_by_the_document(document: dict[str, Any]) -> None:
    start = README_TEXT.index('{"type": "alert.raised"')
    delivered = json.JSONDecoder().raw_decode(README_TEXT[start:])[0]

    assert list(validator(document, "Delivery").iter_errors(delivered)) == []
    assert msgspec.convert(delivered["data"], Alert).alert_id


def test_every_topic_that_others_may_read_is_there(document: dict[str, Any]) -> None:
    assert set(BY_TOPIC) == {*names.UPSTREAM, names.ACTS}
    between_stages = {names.WAITING, names.TRAINING, names.POLICIES}
    assert set(document["channels"]) == {*BY_TOPIC, *CONFIGS, "webhook"} - between_stages


def test_entries_of_the_audit_chain_are_those_of_the_document(document: dict[str, Any]) -> None:
    chain, schema = Chain(3), validator(document, "AuditEntry")
    verdict, act = VerdictGiven("confirmed", "k1:hash"), ActRecorded("login", "k1:hash", "lead")
    for body in (verdict, act, SellerBanned()):
        entry = json.loads(chain.append(body_of(record(body))))
        assert list(schema.iter_errors(entry)) == []
        assert list(schema.iter_errors(entry | {"previous": "0"}))
        assert set(entry["body"]) <= set(document["components"]["schemas"]["AuditBody"]["properties"])
