"""What every page shares: database, Redis, who is who, and who looks at what."""

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection
from starlette.requests import Request

from console.acting import Acting
from console.auth.access import Access
from console.auth.limiter import Limiter
from console.auth.sessions import Session, Sessions
from console.kafka_side import KafkaSide
from console.live import Live
from console.looking import Looking
from console.store.database import Database
from console.store.feed.running import Feed, clock
from console.store.sessions import end_session, has_ended
from console.store.verdicts import Verdicts
from streams.lexicons import lexicon_of
from streams.settings import LONGEST_SESSION, Settings
from streams.store.connection import connect
from streams.upstream import MICROSECOND

log = structlog.get_logger()
FEED_SECONDS = 1.5
REDIS_SECONDS = 1.0
"""A page says rather that Redis does not answer than make people wait."""
P = ParamSpec("P")
T = TypeVar("T")


class Console:
    """One console; `app.state.console`.

    Raises:
        SettingsError: The settings would let strangers in, or name no database.
        UnavailableError: The database does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.access = Access(settings)
        secret = settings.console_secret
        self.sessions = Sessions(secret.get_secret_value() if secret else None, settings.console_session)
        self.limiter = Limiter()
        self.database = Database.open(settings.console_database.get_secret_value())
        self.redis = connect(settings.redis_url.get_secret_value(), retries=False, timeout=REDIS_SECONDS)
        self.kafka = KafkaSide(settings, in_trouble=lambda: self.feed.kafka_away)
        self.acting = Acting(settings, self.kafka)
        self.verdicts = Verdicts(self.acting, self.database)
        self.feed = Feed(settings, self.database, chores=[self.verdicts.send_unsent])
        self.live = Live(self.database)
        self.looking = Looking(settings)
        self.lexicon = lexicon_of(settings.lexicons)
        """The word lists: what listings are marked by."""

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Asks the database, in a thread; a query sees one moment."""

        def run() -> T:
            with self.database.reading() as connection:
                return query(connection, *args, **kwargs)

        return await asyncio.to_thread(run)

    async def write(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Changes the database in one transaction, in a thread."""

        def run() -> T:
            with self.database.writing() as connection:
                return change(connection, *args, **kwargs)

        return await asyncio.to_thread(run)

    async def has_ended(self, session: Session) -> bool:
        """Whether somebody has logged out of a session, here or in another process."""
        return bool(session.name) and await self.read(has_ended, session.sid)

    async def end_session(self, session: Session) -> None:
        """Logs out: a copy of the cookie is worth nothing either, nor under a longer `console_session` later.

        Of who is nobody, nothing is remembered.
        """
        if session.name:
            now = clock()
            await self.write(end_session, session.sid, now + LONGEST_SESSION // MICROSECOND, now)

    async def record(self, request: Request, act: str, **about: Any) -> None:
        """Records an act of whoever asks, before it is done; see `Acting.record`."""
        person = request.state.person
        await self.acting.record(act, actor=person.name, role=person.role.value, **about)

    async def close(self) -> None:
        """Ends all of it within some seconds, whatever does not answer."""
        await self.live.close()
        await asyncio.to_thread(self.feed.stop, FEED_SECONDS)
        await self.redis.aclose()
        await self.looking.close()
        await asyncio.to_thread(self.acting.close)
        self.kafka.close()
        self.database.close()
