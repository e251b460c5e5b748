"""The verbs of `sellerwatch models`, as the command line calls them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import TypeVar

import typer
from kafka import KafkaProducer
from kafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from detectors.decision import say_time
from detectors.models.learners import MODELS
from detectors.models.risk_learner import CHALLENGER, RISK
from sellerwatch.models.comparing import differences
from sellerwatch.operate.asking import record, user
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.models.commands import (
    Action,
    Announcement,
    ModelCommand,
    back_to,
    pack_command,
)
from streams.models.versions import announced, held, latest
from streams.settings import Settings
from streams.signing import unverified, verify
from streams.store.connection import connect
from streams.topics import client_options

PATIENCE_SECONDS = 30.0
T = TypeVar("T")


def announcements(settings: Settings) -> list[Announcement]:
    """The versions that are kept; see `streams.models.versions.announced`.

    Raises:
        UnavailableError: Redis does not answer.
    """
    return _asked(settings, lambda redis: announced(redis, settings.namespace))


def _asked(settings: Settings, ask: Callable[[Redis], Awaitable[T]]) -> T:
    async def run() -> T:
        redis = connect(settings.redis_url.get_secret_value())
        try:
            return await ask(redis)
        except RedisError as error:
            raise UnavailableError(f"Redis does not answer: {error!r}; see `sellerwatch doctor`") from None
        finally:
            await redis.aclose()

    return asyncio.run(run())


def show(settings: Settings) -> None:
    """Prints the versions that are kept, the one in force of each model, and which are held."""
    found = announcements(settings)
    if not found:
        raise SettingsError("no model was published yet: learn needs some hundred orders, and a risk model some labels")
    last = latest(found)
    stopped = _asked(settings, lambda redis: held(redis, settings))
    table = Table("model", "version", "published", "judged", "AP", "top 50", "calibration", "", show_edge=False)
    for a in found:
        marks = ["in force" if a.model != CHALLENGER else "in the shadow"] * (last[a.model] == a.version)
        marks += ["held"] * bool(marks and a.model in stopped)
        figures = [f"{value:.3f}" if a.judged else "-" for value in _figures(a)]
        judged = f"{a.judged:,}" if a.judged else "-"
        table.add_row(a.model, a.version, say_time(a.published_at), judged, *figures, ", ".join(marks))
    Console(highlight=False).print(table)


def _figures(a: Announcement) -> tuple[float, float, float]:
    return a.average_precision, a.precision_at_50, a.calibration_error


def diff(old: str, new: str, settings: Settings) -> None:
    """Prints where two versions of a model differ most."""
    before, after = (_found(settings, version) for version in (old, new))
    if _kind(before) != _kind(after):
        raise SettingsError(f"{old} is of {before.model}, {new} of {after.model}: they cannot be compared")
    table = Table("what", old, new, show_edge=False)
    for what, was, now in differences(before.model, unverified(before.snapshot), unverified(after.snapshot)):
        table.add_row(what, was, now)
    Console(highlight=False).print(table)


def _kind(announced: Announcement) -> str:
    return RISK if announced.model == CHALLENGER else announced.model


def rollback(version: str, settings: Settings) -> None:
    """Puts an older version in force again, and lets no newer one follow until the model is released."""
    back = _found(settings, version)
    if back.model == CHALLENGER:
        raise SettingsError(f"{version} scores in the shadow; `sellerwatch models promote` puts it in force")
    _ask(settings, "rollback", back.model, back)
    typer.echo(f"asked: {back.model} goes back to {version}, until `sellerwatch models release {back.model}`")


def release(model: str, settings: Settings) -> None:
    """Lets newer versions of a model follow again."""
    if model not in MODELS:
        raise SettingsError(f"{model!r} is none of {', '.join(MODELS)}")
    _ask(settings, "release", model)
    typer.echo(f"asked: {model} is published again from its next interval on")


def promote(settings: Settings) -> None:
    """Lets the challenger and the risk model in force change places."""
    if not any(a.model == CHALLENGER for a in announcements(settings)):
        raise SettingsError("there is no challenger yet: it needs as many labels as the risk model in force")
    _ask(settings, "promote", RISK)
    typer.echo("asked: the challenger is put in force, and the model that was scores in the shadow")


def _found(settings: Settings, version: str) -> Announcement:
    for announcement in announcements(settings):
        if announcement.version == version:
            return announcement
    raise SettingsError(f"no version {version!r} is kept; see `sellerwatch models list`")


def _keys(settings: Settings) -> list[bytes]:
    if not settings.model_keys:
        raise SettingsError("SELLERWATCH_MODEL_KEYS: set at least one secret; commands are signed with it")
    return settings.signing()


def _ask(settings: Settings, action: Action, model: str, back: Announcement | None = None) -> None:
    """Sends a command to learn, by way of the topic that it reads: it is taken in its place among the rows."""
    now = time.time_ns() // 1_000
    if back is not None:
        verify(_keys(settings), back.snapshot)  # what we announce again is what was announced
    command = back_to(back, now, user()) if back else ModelCommand(action, model, now, user())
    value = pack_command(command, _keys(settings)[0])
    about = {"version": back.version} if back else {}
    record(settings, f"model.{action}", subject_kind="model", subject=model, details=about)
    try:
        options = client_options(settings) | {"acks": "all", "max_request_size": 4 * 1024 * 1024}
        with closing(KafkaProducer(**options)) as producer:
            producer.send(names.TRAINING, value=value, partition=0).get(timeout=PATIENCE_SECONDS)
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {error!r}; repeat the command") from None
