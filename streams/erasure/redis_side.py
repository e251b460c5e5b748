"""Finds all that Redis holds of a person, and takes it out of what the fold does not own.

It goes through all keys once: about a minute for ten million. A record that a stage changes meanwhile is read again.
"""

import os
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from detectors.erasure import mentioned
from detectors.profiles.kept_texts import places_of
from detectors.profiles.profile import decode_profile
from streams.erasure.person import Person
from streams.erasure.records import (
    BY_KIND,
    GONE,
    UNREADABLE,
    Left,
    erased_until,
    has_begun_anew,
    row_without,
    text_without,
)
from streams.intake import log_partition
from streams.store.entities import NONCE_BYTES

AT_ONCE: Final = 1_000
TRIES: Final = 5
CHANGE: Final = """
-- KEYS record   ARGV as it was read, as it is to be ('': deleted)
-- Only if nobody has changed it meanwhile; its time to live stays.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
"""
DROP: Final = """
-- KEYS out, retry, tries   ARGV entry
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.pcall('XACK', KEYS[1], 'dispatch', ARGV[1])
return redis.call('XDEL', KEYS[1], ARGV[1])
"""


class Held(Struct):
    """What Redis holds of a person."""

    profile: bytes | None = None
    records: list[str] = []
    """Full keys of intake's records that hold the person."""
    rows: list[str] = []
    """The same of features of the seller's orders."""
    texts: list[str] = []
    mentioned_by: list[str] = []
    """Sellers whose profiles name the person; the fold owns these."""
    alerts: list[tuple[int, str, bytes]] = []
    """Partition, stream and entry of the seller's alerts that were not delivered."""
    sellers: list[str] = []
    """Some other sellers, for the case that this one was mistyped."""

    @property
    def nothing(self) -> bool:
        """Whether nothing is held that an erasure would take away."""
        found = self.records or self.rows or self.texts or self.mentioned_by or self.alerts
        return not found and not has_begun_anew(self.profile)


class Holdings:
    """A Redis, to be searched and cleared."""

    def __init__(self, redis: Redis, namespace: str, partitions: int) -> None:
        self._redis, self._namespace, self._partitions = redis, namespace, partitions
        space = re.escape(namespace)
        self._intake = re.compile(rf"\{{{space}\.intake\.\d+\}}((v:|o:|s:).*)", re.S)
        self._watch = re.compile(rf"\{{{space}\.watch\.\d+\}}(s:|o:|t:)(.*)", re.S)

    async def find(self, person: Person) -> Held:
        """All of it."""
        held, needles = Held(), person.needles
        async for key, raw in self._all():
            if not any(needle in raw for needle in needles) and not any(needle in key.encode() for needle in needles):
                continue
            try:
                self._note(held, key, raw, person)
            except UNREADABLE:  # of another version, or not ours: said by the stages when they meet it
                continue
        if person.seller:
            held.alerts = [found async for found in self._alerts_of(person.seller)]
            held.profile = await self._get(self.profile_key(person.seller))
        return held

    def _note(self, held: Held, key: str, raw: bytes, person: Person) -> None:
        if match := self._intake.fullmatch(key):
            if BY_KIND[match[2]](match[1], raw[NONCE_BYTES:], person) is not None:
                held.records.append(key)
        elif match := self._watch.fullmatch(key):
            kind, name = match[1], match[2]
            if kind == "s:":
                whom = [person.seller] if person.seller else person.all_hashes
                if name != person.seller and any(mentioned(decode_profile(raw), each) for each in whom):
                    held.mentioned_by.append(name)
            elif person.seller and kind == "o:" and row_without(raw, person.seller):
                held.rows.append(key)
            elif person.seller and kind == "t:" and text_without(raw, person.seller):
                held.texts.append(key)

    async def _all(self) -> AsyncIterator[tuple[str, bytes]]:
        some: list[bytes] = []
        async for key in self._redis.scan_iter(f"{{{self._namespace}.*", count=AT_ONCE):
            text = key.decode(errors="replace")
            if self._intake.fullmatch(text) or self._watch.fullmatch(text):
                some.append(key)
            if len(some) >= AT_ONCE:
                for pair in await self._read(some):
                    yield pair
                some = []
        for pair in await self._read(some):
            yield pair

    async def _read(self, keys: Sequence[bytes]) -> list[tuple[str, bytes]]:
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        values = await pipeline.execute(raise_on_error=False)
        pairs = zip(keys, values, strict=True)
        return [(key.decode(errors="replace"), value) for key, value in pairs if isinstance(value, bytes)]

    async def sellers(self, at_most: int = 20_000) -> list[str]:
        """Sellers that have a profile."""
        found: list[str] = []
        async for key in self._redis.scan_iter(f"{{{self._namespace}.watch.*}}s:*", count=AT_ONCE):
            found.append(cast(bytes, key).decode(errors="replace").partition("}s:")[2])
            if len(found) >= at_most:
                break
        return found

    async def _alerts_of(self, seller: str) -> AsyncIterator[tuple[int, str, bytes]]:
        partition, needle = log_partition(seller, self._partitions), b'"seller_id":' + msgspec.json.encode(seller)
        for stream in ("out", "dead"):
            after, key = "-", f"{{{self._namespace}.watch.{partition}}}{stream}"
            while entries := cast(Any, await self._redis.xrange(key, min=after, count=AT_ONCE)):
                for entry, fields in entries:
                    if needle in fields.get(b"alert", b"").split(b'"reasons"', 1)[0]:
                        yield partition, stream, entry
                after = f"({entries[-1][0].decode()}"

    def profile_key(self, seller: str) -> str:
        """Where watch keeps a seller's profile."""
        return self._tag(seller) + f"s:{seller}"

    def _tag(self, seller: str) -> str:
        return f"{{{self._namespace}.watch.{log_partition(seller, self._partitions)}}}"

    # -- clearing ---------------------------------------------------------------------------------

    async def clear_records(self, held: Held, person: Person) -> int:
        """Takes the person out of intake's records; how many were changed or deleted."""
        return sum([await self._without(key, person) for key in held.records])

    async def _without(self, key: str, person: Person) -> bool:
        match = self._intake.fullmatch(key)
        assert match is not None
        for _ in range(TRIES):
            raw = await self._get(key)
            if raw is None:
                return False
            left = BY_KIND[match[2]](match[1], raw[NONCE_BYTES:], person)
            if left is None:
                return False
            if await self._change(key, raw, GONE if left == GONE else os.urandom(NONCE_BYTES) + left):
                return True
        return False

    async def clear_alerts(self, held: Held) -> int:
        """Deletes the seller's alerts that were not delivered."""
        done = 0
        for partition, stream, entry in held.alerts:
            names = ("out", "retry", "tries") if stream == "out" else ("dead", "retry", "tries")
            keys = [f"{{{self._namespace}.watch.{partition}}}{name}" for name in names]
            done += int(await self._redis.eval(DROP, len(keys), *keys, entry))
        return done

    async def erased_until(self, seller: str) -> int:
        """Up to when the fold looks at nothing of a seller; 0: it has not come to the act yet."""
        return erased_until(await self._get(self.profile_key(seller)))

    async def clear_rows(self, held: Held, seller: str) -> int:
        """Deletes features and texts that the fold looks at no more; how many."""
        until, done = await self.erased_until(seller), 0
        for key in (*held.rows, *held.texts, *(self._tag(seller) + f"t:{place}" for place in places_of(seller))):
            raw = await self._get(key)
            if raw is None:
                continue
            what: Any = text_without if "}t:" in key else row_without
            if what(raw, seller, until) == GONE:
                done += await self._change(key, raw, GONE)
        return done

    async def _get(self, key: str) -> bytes | None:
        return cast(bytes | None, await self._redis.get(key))

    async def _change(self, key: str, before: bytes, after: Left) -> bool:
        return bool(await self._redis.eval(CHANGE, 1, key, before, b"" if after == GONE else cast(bytes, after)))
