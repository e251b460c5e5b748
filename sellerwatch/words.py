"""`sellerwatch words`: word lists, and new words that verdicts have brought up."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from detectors.events import ModelPublished, decode_record
from detectors.language.emerging import Candidate
from detectors.language.lexicon import Lexicon
from detectors.models.learners import WORDS
from streams.errors import UnavailableError
from streams.files import FilesError, read_events
from streams.lexicons import lexicon_of
from streams.models.word_candidates import proposed, words_in_force
from streams.settings import Settings
from streams.store.connection import connect

NONE_YET = "no words have been learned yet: it takes confirmed verdicts on sellers with listings"


def sample() -> str:
    """The list that comes with Sellerwatch, to begin an own one with."""
    return (files("detectors.language") / "sample_lexicon.csv").read_text("utf-8")


def check(paths: Sequence[Path]) -> Lexicon:
    """Reads lists as a worker would; SettingsError says what is wrong."""
    return lexicon_of([str(path) for path in paths])


def candidates(settings: Settings, dump: Path | None, limit: int) -> list[Candidate]:
    """Proposed terms of the model in force, or of the last one in a dump of the log; those on a list are left out."""
    published = _last_of(dump) if dump else asyncio.run(_in_force(settings))
    return proposed(published, settings, limit, signed=dump is None) if published else []


def show(found: Sequence[Candidate]) -> None:
    """Prints the terms, strongest first."""
    table = Table("term", "confirmed sellers", "clean texts", "log-odds", "at least")
    for one in found:
        table.add_row(one.term, str(one.confirmed), str(one.clean), f"{one.log_odds:.1f}", f"{one.at_least:.1f}")
    Console().print(table if found else NONE_YET)


def _last_of(dump: Path) -> ModelPublished | None:
    last = None
    for line in read_events(dump):
        if b"model.published" in line:
            try:
                body = decode_record(line).body
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise FilesError(f"{dump}: not a dump of the log: {error}") from error
            if isinstance(body, ModelPublished) and body.model == WORDS:
                last = body
    return last


async def _in_force(settings: Settings) -> ModelPublished | None:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        return await words_in_force(redis, settings.namespace)
    except RedisError as error:
        raise UnavailableError(
            f"Redis at {settings.redis_place} does not answer: {error!r}; see `sellerwatch doctor`"
        ) from None
    finally:
        await redis.aclose()
