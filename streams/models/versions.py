"""The versions of the models that are kept: which there are, how good each was, and which are held."""

from collections.abc import Iterable, Mapping

import msgspec
from redis.asyncio import Redis

from detectors.models.learners import GUARD, MODELS
from streams.errors import SettingsError
from streams.learn import LEARNER, learner_key
from streams.models.commands import Announcement, all_slots, decode_announcement
from streams.settings import Settings
from streams.signing import SignatureError, verify


async def announced(redis: Redis, namespace: str) -> list[Announcement]:
    """The versions that are kept, oldest first: the latest ones, and the last of each day of a month.

    Raises:
        RedisError: Redis does not answer.
    """
    keys = [f"{{{namespace}.learn.0}}{slot}" for model in MODELS for slot in all_slots(model)]
    stored = [value for value in await redis.mget(keys) if isinstance(value, bytes)]
    return each_once(map(decode_announcement, stored))


def each_once(found: Iterable[Announcement]) -> list[Announcement]:
    """Every version as it was announced last, oldest first: one that was put back stands in an older place, too."""
    ordered = sorted(found, key=lambda one: (one.published_at, one.model, one.version))
    last = {one.version: one for one in ordered}
    return [one for one in ordered if last[one.version] is one]


async def held(redis: Redis, settings: Settings) -> set[str]:
    """Models that were rolled back and not released.

    Raises:
        RedisError: Redis does not answer.
        SettingsError: The keys to read that with are missing.
    """
    stored = await redis.get(f"{{{settings.namespace}.learn.0}}{learner_key(GUARD)}")
    if not isinstance(stored, bytes):
        return set()
    if not settings.model_keys:
        raise SettingsError("SELLERWATCH_MODEL_KEYS: set them; which models are held is signed with them")
    try:
        return set(msgspec.msgpack.decode(verify(settings.signing(), stored, purpose=LEARNER))[0])
    except SignatureError:
        return set()


def latest(found: list[Announcement]) -> Mapping[str, str]:
    """The latest version of each model: in force, or of the challenger in the shadow."""
    return {one.model: one.version for one in found}
