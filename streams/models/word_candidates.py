"""New words that verdicts have brought up, out of the words model in force."""

import msgspec
from redis.asyncio import Redis

from detectors.events import ModelPublished
from detectors.language.emerging import Candidate
from detectors.language.folding import fold_text
from detectors.language.lexicon import Lexicon
from detectors.language.text_model import TextModelError
from detectors.models.words_learner import proposed_terms
from streams.errors import SettingsError
from streams.lexicons import lexicon_of
from streams.settings import Settings
from streams.signing import SignatureError, unverified, verify
from streams.store.partition import PartitionStore


async def words_in_force(redis: Redis, namespace: str) -> ModelPublished | None:
    """The words model of the first partition; `None` where none was published.

    Raises:
        RedisError: Redis does not answer.
    """
    stored = await redis.get(PartitionStore(redis, namespace, "watch", outbox_limit=1).key(0, "model:words"))
    return msgspec.msgpack.decode(stored, type=ModelPublished) if isinstance(stored, bytes) else None


def proposed(published: ModelPublished, settings: Settings, limit: int, *, signed: bool = True) -> list[Candidate]:
    """The terms that a words model proposes, strongest first; those on a list are left out.

    Args:
        signed: Whether its signature is looked at, where there are keys; of a dump it is not.

    Raises:
        SettingsError: The model cannot be read.
    """
    known = _known(lexicon_of(settings.lexicons))
    keys = settings.signing()
    try:
        snapshot = verify(keys, published.snapshot) if keys and signed else unverified(published.snapshot)
        return [one for one in proposed_terms(snapshot) if one.term not in known][:limit]
    except (SignatureError, TextModelError) as error:
        raise SettingsError(f"the words model {published.version} cannot be read: {error}") from error


def _known(lexicon: Lexicon) -> set[str]:
    return {fold_text(term.text).plain.strip() for term in lexicon.terms}
