"""Who looks at what, among processes that share a database."""

import pytest

from console.presence import SAY_AGAIN, Presence
from console.store.database import Database
from console.store.presence import COUNTS_FOR
from detectors.events import SECOND, Micros


class Clock:
    def __init__(self) -> None:
        self.at: Micros = 1_000 * SECOND

    def __call__(self) -> Micros:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("console.presence.now", made)
    return made


def test_each_process_sees_who_looks_in_the_other_for_as_long_as_they_do(database: Database, clock: Clock) -> None:
    one, other = Presence(database), Presence(database)
    page = one.stay("alr_1", "ada")
    other.look("alr_1", "bo")
    for each in (one, other, one):
        each.exchange()
    assert one.lookers() == other.lookers() == {"alr_1": ["ada", "bo"]}
    one.leave(page)
    for each in (one, other):
        each.exchange()
    assert one.lookers() == other.lookers() == {"alr_1": ["bo"]}
    assert (one.to_say, other.to_say) == (False, True)


def test_who_looks_is_said_again_before_it_is_forgotten(database: Database, clock: Clock) -> None:
    one, other = Presence(database), Presence(database)
    one.stay("alr_1", "ada")
    for _ in range(6):
        one.exchange()
        other.exchange()
        assert other.lookers() == {"alr_1": ["ada"]}
        clock.at += SAY_AGAIN + 1


def test_a_process_that_was_killed_looks_at_nothing_after_a_while(database: Database, clock: Clock) -> None:
    killed, other = Presence(database), Presence(database)
    killed.stay("alr_1", "ada")
    killed.exchange()
    clock.at += COUNTS_FOR
    other.hear()
    assert other.lookers() == {}
