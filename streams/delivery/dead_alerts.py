"""Alerts that were given up: they stay until a person sends them again or discards them."""

from collections.abc import AsyncIterator
from typing import Any, Final, cast

from msgspec import DecodeError, Struct, json

from streams.delivery.outbox import Outbox
from streams.delivery.queued_alert import Tries
from streams.delivery.scripts import REVIVE

AT_ONCE: Final = 500


class Head(Struct, frozen=True):
    """What is needed of an alert to name it."""

    alert_id: str = ""
    seller_id: str = ""
    pattern: str = ""
    severity: str = ""


_decode_head: Final = json.Decoder(Head).decode


class DeadAlert(Struct, frozen=True):
    """One alert that was given up."""

    partition: int
    entry: bytes
    type: str
    alert: bytes
    reason: str
    """Code of its last answer, or `unreadable`."""
    tries: Tries
    died_at: float

    @property
    def head(self) -> Head:
        """What it says of itself; empty where it cannot be read."""
        try:
            return _decode_head(self.alert)
        except (DecodeError, UnicodeDecodeError):
            return Head()

    @property
    def place(self) -> str:
        """Its partition and entry, `3/1763722800000-0`."""
        return f"{self.partition}/{self.entry.decode()}"


class DeadAlerts:
    """The dead alerts of every partition."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._redis = outbox.redis

    async def list(self, at_most: int = 100) -> list[DeadAlert]:
        """So many of them, oldest first within each partition."""
        found: list[DeadAlert] = []
        for partition in range(self._outbox.partitions):
            (dead,) = self._outbox.keys(partition, "dead")
            entries: Any = await self._redis.xrange(dead, count=at_most - len(found))
            found += [_read(partition, *entry) for entry in entries]
            if len(found) == at_most:
                break
        return found

    async def walk(self) -> AsyncIterator[DeadAlert]:
        """All of them, oldest first within each partition, some at a time."""
        for partition in range(self._outbox.partitions):
            (dead,), after = self._outbox.keys(partition, "dead"), "-"
            while entries := cast(Any, await self._redis.xrange(dead, min=after, count=AT_ONCE)):
                for entry, fields in entries:
                    yield _read(partition, entry, fields)
                after = f"({entries[-1][0].decode()}"

    async def send_again(self, dead: DeadAlert) -> bool:
        """Puts it back into the outbox as if new, tries forgotten; false when it was gone already."""
        keys = self._outbox.keys(dead.partition, "dead", "out")
        return bool(await self._redis.eval(REVIVE, len(keys), *keys, dead.entry, dead.type, dead.alert))

    async def discard(self, dead: DeadAlert) -> bool:
        """Deletes it for good; false when it was gone already."""
        (key,) = self._outbox.keys(dead.partition, "dead")
        return bool(await self._redis.xdel(key, dead.entry))


def _read(partition: int, entry: bytes, fields: dict[bytes, bytes]) -> DeadAlert:
    return DeadAlert(
        partition,
        entry,
        fields.get(b"type", b"").decode(errors="replace"),
        fields.get(b"alert", b""),
        fields[b"reason"].decode(),
        json.decode(fields[b"tries"], type=Tries),
        float(fields[b"died_at"]),
    )
