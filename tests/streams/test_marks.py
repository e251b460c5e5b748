"""What of a source is in a state already, also after the state was stored and read again."""

from detectors.events import Source
from streams.marks import Marks


def source(offset: int, part: int = 0, partition: int = 0) -> Source:
    return Source("orders", partition, offset, part)


def test_a_record_and_the_links_that_came_of_it_are_taken_in_once_each() -> None:
    marks = Marks()
    fresh = [source(7), source(7, 1), source(7, 2), source(8), source(3, partition=1)]

    assert [marks.advance(each) for each in fresh] == [True] * 5
    assert [marks.advance(each) for each in fresh] == [False] * 5


def test_marks_that_were_stored_know_what_they_knew() -> None:
    marks = Marks()
    for each in (source(6), source(7), source(7, 2)):
        marks.advance(each)

    again = Marks(marks.changes())

    assert [again.advance(each) for each in (source(7), source(7, 2))] == [False, False]
    assert again.advance(source(7, 3))
    assert marks.changes() == {}
