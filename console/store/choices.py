"""What people said of new words; own data, never rebuilt."""

from msgspec import Struct
from sqlalchemy import Connection, select

from console.store.schema import word_choices
from console.store.writing import put
from detectors.events import Micros


class Choice(Struct, frozen=True):
    """One word, and what was said of it last."""

    term: str
    accepted: bool
    chosen_by: str
    chosen_at: Micros


def choices(connection: Connection) -> dict[str, Choice]:
    """All of them by word, in the order of the words."""
    rows = connection.execute(select(word_choices).order_by(word_choices.c.term))
    return {row.term: Choice(row.term, bool(row.accepted), row.chosen_by, row.chosen_at) for row in rows}


def choose(connection: Connection, term: str, accepted: bool, by: str, at: Micros) -> None:
    """Notes what somebody says of a word, in place of what was said before."""
    row = {"term": term, "accepted": int(accepted), "chosen_by": by, "chosen_at": at}
    put(connection, word_choices, [row], ["accepted", "chosen_by", "chosen_at"])
