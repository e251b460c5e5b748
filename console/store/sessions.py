"""Sessions that somebody has logged out of, for every process of the console and over restarts."""

from sqlalchemy import Connection, delete, select

from console.store.schema import ended_sessions
from console.store.writing import put
from detectors.events import Micros


def end_session(connection: Connection, sid: str, until: Micros, now: Micros) -> None:
    """Notes that a session is over, and forgets those whose cookies are too old by now to count.

    Args:
        until: When no cookie of the session can count any more.
    """
    connection.execute(delete(ended_sessions).where(ended_sessions.c.until <= now))
    put(connection, ended_sessions, [{"sid": sid, "until": until}])


def has_ended(connection: Connection, sid: str) -> bool:
    """Whether somebody has logged out of it."""
    return connection.execute(select(ended_sessions.c.sid).where(ended_sessions.c.sid == sid)).first() is not None
