"""Publications: which of them count, whoever reads the topic, and whoever else publishes."""

from hypothesis import given
from hypothesis import strategies as st

from streams.policy.chain import FIRST, Entry, chain, log_record, pack_entry

KEY = b"a key for the policies of tests"


def entry(after: int, version: str) -> bytes:
    return pack_entry(Entry(after, version, b"signed", 1_000), KEY)


def test_of_two_that_stand_on_the_same_one_the_first_counts() -> None:
    found = chain(enumerate([entry(FIRST, "a"), entry(0, "b"), entry(0, "c"), entry(1, "d"), entry(2, "e")]), [KEY])

    assert [publication.entry.version for publication in found] == ["a", "b", "d"]


def test_an_entry_that_was_sent_twice_counts_once() -> None:
    found = chain(enumerate([entry(FIRST, "a"), entry(FIRST, "a"), entry(0, "b"), entry(0, "b")]), [KEY])

    assert [publication.number for publication in found] == [0, 2]


def test_what_is_not_signed_by_us_does_not_count() -> None:
    forged = pack_entry(Entry(FIRST, "x", b"", 0), b"somebody else's key")
    found = chain(enumerate([forged, b"", entry(FIRST, "a")]), [KEY])

    assert [publication.number for publication in found] == [2]


@given(st.lists(st.integers(-1, 12), max_size=12))
def test_each_publication_that_counts_names_the_one_before_it(stand_on: list[int]) -> None:
    found = chain(((n, entry(after, str(n))) for n, after in enumerate(stand_on)), [KEY])

    assert [p.entry.after for p in found] == [FIRST, *(p.number for p in found)][: len(found)]


def test_a_record_for_the_log_depends_on_the_publication_alone() -> None:
    (publication,) = chain([(7, entry(FIRST, "a"))], [KEY])
    record = log_record(publication, 3)

    assert record == log_record(publication, 3)
    assert (record.source.offset, record.partition, record.event_id) == (7, 3, "policy/7")
