"""Who looks at what, among processes that share a database."""

import asyncio
from itertools import count

import pytest
from sqlalchemy.exc import ProgrammingError

from console.live import Live
from console.presence import LOOK_LASTS, SAY_AGAIN, Presence
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


def test_only_what_counts_is_remembered(database: Database, clock: Clock) -> None:
    presence = Presence(database)
    for number in range(50):
        presence.look(f"alr_{number}", "ada")
        clock.at += LOOK_LASTS // 4
    assert len(presence._looks) <= 4


def test_a_process_that_was_killed_looks_at_nothing_after_a_while(database: Database, clock: Clock) -> None:
    killed, other = Presence(database), Presence(database)
    killed.stay("alr_1", "ada")
    killed.exchange()
    clock.at += COUNTS_FOR
    other.hear()
    assert other.lookers() == {}


def test_the_news_go_on_when_a_look_at_the_database_has_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, looks = Live(database), count()
    monkeypatch.setattr("console.live.LOOK_SECONDS", 0.01)

    def changes() -> int:
        if (number := next(looks)) == 1:
            raise ProgrammingError("a table", None, Exception("is being made anew"))
        return number

    async def heard() -> list[bytes]:
        told = []
        async for event in live.stream("ada", None):
            if event.startswith(b"event: alerts"):
                told.append(event)
                live.end()
        await live.close()
        return told

    monkeypatch.setattr(live, "_changes", changes)
    assert asyncio.run(asyncio.wait_for(heard(), 30))
