"""What the operator's commands share: asking before they destroy, names that were mistyped, Redis for a moment."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final, TypeVar

import msgspec
import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.acts import Act, record_act
from streams.errors import SellerwatchError, SettingsError, UnavailableError
from streams.settings import Settings
from streams.store.connection import connect

T = TypeVar("T")
NEAR: Final = 3
OPERATOR: Final = "operator"


class DeclinedError(SellerwatchError):
    """The person said no: nothing was done."""


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something is destroyed.

    Raises:
        DeclinedError: The answer was not yes.
        SettingsError: There is nobody to ask, and `--yes` was not given.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingsError(f"{question} There is nobody to ask here, so nothing was done; repeat it with --yes")
    if not typer.confirm(question, err=True):
        raise DeclinedError("nothing was done")


def unknown(what: str, given: str, known: Iterable[str], where: str = "") -> SettingsError:
    """The error for a name that does not exist, with those that are most like it.

    Args:
        what: What it should have been, as `refused event`.
        where: Which command lists the right ones.
    """
    near = get_close_matches(given, list(known), n=NEAR, cutoff=0.6)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    lists = f"; `{where}` lists them" if where else ""
    return SettingsError(f"there is no {what} {given!r}{hint}; nothing was done{lists}")


def with_redis(settings: Settings, use: Callable[[Redis], Awaitable[T]]) -> T:
    """What `use` gives of a connection that is closed after it.

    Raises:
        UnavailableError: Redis does not answer.
    """

    async def run() -> T:
        redis = connect(settings.redis_url.get_secret_value(), retries=False)
        try:
            return await use(redis)
        except (RedisError, OSError) as error:
            where = settings.redis_place
            raise UnavailableError(
                f"Redis at {where} does not answer: {str(error).rstrip('.')}; see `sellerwatch doctor`"
            ) from None
        finally:
            await redis.aclose()

    return asyncio.run(run())


def record(settings: Settings, act: str, **fields: Any) -> str:
    """Records what is about to be done; its event id. What cannot be recorded is not to be done.

    Raises:
        UnavailableError: Kafka did not confirm it.
    """
    return record_act(settings, Act(act=act, actor=user() or "unknown", role=OPERATOR, **fields))


def user() -> str:
    """Who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""


def tell(value: Any, words: str, *, as_json: bool) -> None:
    """Says what was done or found: as JSON for programs, in words for people."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode() if as_json else words)
