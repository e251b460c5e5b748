"""`sellerwatch keys`: which keys are in force and still needed, and a new one to change over to."""

import base64
import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, cast

from msgspec import Struct
from redis.asyncio import Redis

from sellerwatch.operate.asking import confirm, record, tell, unknown, with_redis
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings

Kind = Literal["hash", "model", "webhook"]
KINDS: Final = ("hash", "model", "webhook")
SECRET_BYTES: Final = 24
LONGEST_ID: Final = 8
AT_ONCE: Final = 2_000
VARIABLES: Final = {
    "hash": "SELLERWATCH_HASH_KEYS",
    "model": "SELLERWATCH_MODEL_KEYS",
    "webhook": "SELLERWATCH_WEBHOOK_SECRETS",
}
STEPS: Final[Mapping[str, Sequence[str]]] = {
    "hash": (
        "Put it in front of the others in {variable}: `{name}:...,{former}`. The old one stays behind it",
        (
            "Restart intake, and every console or command that has the setting. New values are hashed with {name} from "
            "then on; what was remembered under the old key is found, and moved over when a value is seen again"
        ),
        (
            "What changes: the first `seller.updated` that repeats a payout account or device looks like a change; "
            "`value_hash` in `intel.*` events must be made with {name}"
        ),
        (
            "After `entity_lifetime` ({days} days) `sellerwatch keys list --count` shows what the old key still has. "
            "Take it out of the setting then, and destroy it: from that moment on nobody can tell whose the hashes are "
            "that it made, in the log too, which keeps them for ever. That is how the log is shredded; it cannot be "
            "undone, and replays of the log need no hash key"
        ),
    ),
    "model": (
        (
            "Put it behind the others in {variable} everywhere, and restart watch, learn, consoles and commands: "
            "all must accept it before one signs with it"
        ),
        "Then put it in front, and restart learn and where policies are published from",
        (
            "What changes: models, policies and learners are signed with it from then on. Keep the old key as long as "
            "the log holds what it signed and you may want to fold that again: without it these records are refused"
        ),
    ),
    "webhook": (
        "Set both in {variable}, the new one first, and restart dispatch: each delivery carries both signatures",
        "When the receiver knows the new one, take the old one away, and restart dispatch again",
    ),
}


class Key(Struct, frozen=True):
    """A key, without its secret."""

    kind: str
    name: str
    """The id of a hash key; of the others a short hash of the secret, to tell them apart."""
    in_force: bool
    records: int | None = None
    """Intake's records of values that are under it; `None`: not counted."""


def show(settings: Settings, *, count: bool, as_json: bool) -> None:
    """Prints the keys that the settings have, and how much is still under each."""
    counted = with_redis(settings, lambda redis: _counted(redis, settings.namespace)) if count else None
    found = _keys(settings, counted)
    lines = [f"{key.kind:<8} {key.name:<10} {'in force' if key.in_force else 'former':<9}{_said(key)}" for key in found]
    tell(found, "\n".join(lines) or "no keys are set", as_json=as_json)


def rotate(settings: Settings, kind: str, output: Path | None, *, yes: bool, as_json: bool) -> None:
    """Makes a new key, and says what to set and what changes. The settings stay as they are.

    Args:
        output: Write the whole new value of the setting here, for the owner alone, instead of printing the key.

    Raises:
        SettingsError: There is no such kind of key, or nothing to rotate from.
    """
    if kind not in KINDS:
        raise unknown("kind of key", kind, KINDS, "sellerwatch keys list")
    present = _present(settings, kind)
    if not present:
        raise SettingsError(f"{VARIABLES[kind]} is not set here: a key is rotated where the old one is known")
    name, key = _new(kind, [key.name for key in _keys(settings, None) if key.kind == kind])
    if output is not None and output.exists():
        confirm(f"{output} exists. Write over it?", yes=yes)
    act = record(settings, "key.rotated", subject_kind="key", subject=name, details={"kind": kind})
    if output is not None:
        _write(output, ",".join([*present, key] if kind == "model" else [key, *present]))
    former = f"{_name(kind, present[0])}:..."
    days = settings.entity_lifetime.days
    steps = [step.format(variable=VARIABLES[kind], name=name, former=former, days=days) for step in STEPS[kind]]
    made = {"written": str(output)} if output is not None else {"key": key}
    head = f"the new value of {VARIABLES[kind]} is in {output}, for its owner alone" if output is not None else key
    said = "\n".join([head, "", *(f"{place}. {step}." for place, step in enumerate(steps, start=1))])
    tell(
        {"kind": kind, "name": name, "variable": VARIABLES[kind], "steps": steps, "act": act} | made,
        said,
        as_json=as_json,
    )


def _new(kind: str, taken: Sequence[str]) -> tuple[str, str]:
    """Name and whole text of a new key; its id tells the day, so that none is used a second time."""
    if kind == "webhook":
        key = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        return _name(kind, key), key
    secret = secrets.token_hex(SECRET_BYTES)
    if kind == "model":
        return _name(kind, secret), secret
    name = datetime.now(UTC).strftime("k%y%m%d")
    while name in taken:
        name = name[:7] + chr(ord(name[7]) + 1 if len(name) == LONGEST_ID else ord("b"))
    return name, f"{name}:{secret}"


def _name(kind: str, key: str) -> str:
    """What a key may be called in the open."""
    return key.partition(":")[0] if kind == "hash" else hashlib.sha256(key.encode()).hexdigest()[:8]


def _present(settings: Settings, kind: str) -> list[str]:
    of = {"hash": settings.hash_keys, "model": settings.model_keys, "webhook": settings.webhook_secrets}[kind]
    return [key.get_secret_value() for key in of]


def _keys(settings: Settings, counted: Mapping[str, int] | None) -> list[Key]:
    found = []
    for kind in KINDS:
        for place, key in enumerate(_present(settings, kind)):
            name = _name(kind, key)
            of = counted.get(name, 0) if counted is not None and kind == "hash" else None
            found.append(Key(kind, name, place == 0 or kind == "webhook", of))
    known = {key.name for key in found if key.kind == "hash"}
    return found + [
        Key("hash", f"{name} (not set)", in_force=False, records=count)
        for name, count in (counted or {}).items()
        if name not in known
    ]


def _said(key: Key) -> str:
    return "" if key.records is None else f" {key.records:,} records of values are under it"


def _write(path: Path, value: str) -> None:
    """Writes a file that only its owner may read, from its first byte on."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(value + "\n")
        beside.replace(path)
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be written: {error.strerror}; the key is lost, make another") from None


async def _counted(redis: Redis, namespace: str) -> dict[str, int]:
    """Records of values by the id of the key that they were hashed with."""
    found = Counter[str]()
    async for key in redis.scan_iter(f"{{{namespace}.intake.*}}v:*", count=AT_ONCE):
        kind, _, digest = cast(bytes, key).decode(errors="replace").partition("}v:")[2].partition(":")
        name, separator, _ = digest.partition(":")
        if kind and separator:  # sketches of pictures and texts are under no key
            found[name] += 1
    return dict(found)
