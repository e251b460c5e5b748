"""What stands in the chain, in which order, and that the log alone decides it."""

import hashlib
import json
from collections import Counter
from typing import Any

from detectors.decision import encode_alert
from detectors.events import SellerBanned, decode_record
from streams.audit.chain import GENESIS, Chain
from tests.audit.conftest import SETTINGS
from tests.audit.made import PARTITIONS, Made, folded


def of(made: Made, partition: int) -> list[dict[str, Any]]:
    return [entry for entry in map(json.loads, made.entries) if entry["partition"] == partition]


def sha(value: Any) -> str:
    """As RFC 8785 and FIPS 180-4 say, without a line of the code under test."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_the_chain_is_the_same_wherever_batches_end(made: Made) -> None:
    acted = next(number for number, line in enumerate(made.log) if b"act-1" in line)
    short = made.log[acted - 400 : acted + 400]
    expected = folded(short, SETTINGS)

    for batch in (1, 7, 250):
        found = folded(short, SETTINGS, batch)
        assert [of(found, p) for p in range(PARTITIONS)] == [of(expected, p) for p in range(PARTITIONS)]
    again = folded(made.log, SETTINGS, 2_000)
    assert [of(again, p) for p in range(PARTITIONS)] == [of(made, p) for p in range(PARTITIONS)]


def test_every_entry_hashes_the_one_before_it_and_what_it_says(made: Made) -> None:
    for partition in range(PARTITIONS):
        previous = GENESIS
        for seq, entry in enumerate(of(made, partition)):
            head = {"body": sha(entry["body"]), "partition": partition, "previous": previous, "seq": seq}
            assert entry == {**head, "body": entry["body"], "hash": sha(head)}
            previous = entry["hash"]


def test_alerts_verdicts_bans_publications_and_acts_stand_in_it_once_each(made: Made) -> None:
    bodies = [entry["body"] for entry in map(json.loads, made.entries)]
    kinds = Counter(body["kind"] for body in bodies)
    alerts = {body["said"]["alert_id"]: body["digest"] for body in bodies if body["kind"].startswith("alert.")}
    records = [decode_record(line) for line in made.log]

    assert alerts == {a.alert_id: hashlib.sha256(encode_alert(a)).hexdigest() for a in made.alerts}
    assert len(alerts) == kinds["alert.raised"] + kinds["alert.escalated"] > 3
    assert (kinds["verdict.given"], kinds["verdict.snoozed"], kinds["act.recorded"]) == (1, 1, 2)
    assert kinds["policy.published"] == PARTITIONS
    assert kinds["model.published"] == sum(r.event_id.startswith("model/") for r in records) > 0
    assert kinds["seller.banned"] == sum(isinstance(r.body, SellerBanned) for r in records) > 0
    by_record = {hashlib.sha256(line).hexdigest(): record for line, record in zip(made.log, records, strict=True)}
    assert all(by_record[body["record"]].event_id == body["event_id"] for body in bodies)


def test_entries_stand_in_the_order_of_the_log(made: Made) -> None:
    places = {hashlib.sha256(line).hexdigest(): number for number, line in enumerate(made.log)}

    for partition in range(PARTITIONS):
        found = [places[entry["body"]["record"]] for entry in of(made, partition)]
        assert found == sorted(set(found))


def test_state_of_a_version_without_a_chain_begins_one() -> None:
    assert (Chain(3, None).seq, Chain(3, None).head) == (0, GENESIS)


def test_a_chain_goes_on_from_where_it_was_stored() -> None:
    chain = Chain(3)
    chain.append({"kind": "act.recorded"})
    assert chain.is_new("a1")
    again = Chain(3, chain.stored())

    assert not again.is_new("a1")
    assert again.is_new("a2")
    assert again.append({"kind": "x"}) == chain.append({"kind": "x"})


def test_acts_are_remembered_within_a_bound() -> None:
    chain = Chain()

    assert all(chain.is_new(f"a{n}") for n in range(1_000))
    assert len(chain.stored()) < 2_200
    assert not chain.is_new("a999")
    assert chain.is_new("a0"), "what is long past is forgotten"
