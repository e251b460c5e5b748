"""Policies as they travel: a document signed by whoever publishes it, checked and read by watch, each once."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from detectors.alert_policy import Policy
from detectors.events import PolicyPublished
from detectors.patterns.programs import frozen
from streams import metrics
from streams.errors import SellerwatchError
from streams.policy.document import policy_model, policy_of
from streams.signing import SignatureError, sign, unverified, verify

log = structlog.get_logger()

PURPOSE = b"policy"
"""What the signature of a published policy is good for."""
MAX_TEXT = 200_000
"""Bytes of a policy file: signed and in base64 it has to fit into a Kafka record."""


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """What a publication carries."""

    text: str
    """The file, word for word."""
    programs: dict[str, Any] = {}
    """Its rules as `detectors.patterns.programs` evaluates them, by name: so nobody behind the log needs a parser."""


class UnreadablePolicyError(SellerwatchError):
    """A published policy has a form that this version cannot read: the one before it stays in force."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Document).decode


def version_of(tables: dict[str, Any]) -> str:
    """The version of what a file says; its comments and the order of its keys do not count."""
    said = json.dumps(tables, sort_keys=True, default=str, ensure_ascii=False)
    return blake2b(said.encode(), digest_size=6).hexdigest()


def pack(document: Document, key: bytes) -> bytes:
    """A document signed for its way through the log."""
    return sign(key, _encode(document), purpose=PURPOSE)


def unpack(signed: bytes, keys: Sequence[bytes] | None) -> Document:
    """The document; without keys unchecked, for whoever trusts the file that it stands in.

    Raises:
        SignatureError: None of the keys has signed it.
        UnreadablePolicyError: It is no policy that this version can read.
    """
    try:
        return _decode(unverified(signed) if keys is None else verify(keys, signed, purpose=PURPOSE))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadablePolicyError(f"not a policy of this version: {error}") from error


def policy_in(document: Document) -> Policy:
    """The policy of a document that was checked when it was published.

    Raises:
        UnreadablePolicyError: This version of the code does not know what it says.
    """
    try:
        tables = tomllib.loads(document.text)
        programs = {name: frozen(program) for name, program in document.programs.items()}
        return policy_of(policy_model().model_validate(tables), version_of(tables), programs)
    except (ValueError, KeyError, RecursionError) as error:  # TOMLDecodeError, ValidationError and ProgramError too
        raise UnreadablePolicyError(f"this version cannot read it: {error}") from error


def with_lists_of(usual: Policy, policy: Policy) -> Policy:
    """The policy, with the word lists of the settings: they are files, and not part of what is published."""
    return replace(policy, lexicon=usual.lexicon)


class PolicyShelf:
    """Turns `policy.published` into policies; the same one in many partitions is read once.

    Args:
        keys: That a policy may be signed with; `None`: whoever replays a log trusts the file.
        usual: The policy in force where none was published.
    """

    def __init__(self, keys: Sequence[bytes] | None, usual: Policy, *, remember: int = 4) -> None:
        self.usual = usual
        self._keys = keys
        self._remember = remember
        self._read: dict[bytes, Policy] = {}

    def take(self, published: PolicyPublished) -> Policy | None:
        """The published policy; `None`, with the reason logged, when it cannot be trusted or read."""
        policy = self._read.pop(published.policy, None)
        if policy is None:
            try:
                policy = with_lists_of(self.usual, policy_in(unpack(published.policy, self._keys)))
            except (SignatureError, UnreadablePolicyError) as error:
                metrics.POLICIES_REFUSED.inc()
                log.error("policy_refused", version=published.version, error=str(error))
                return None
        self._read[published.policy] = policy
        while len(self._read) > self._remember:
            self._read.pop(next(iter(self._read)))
        return policy


class OnlyPolicy(PolicyShelf):
    """Always the same policy, whatever was published: to try another one on the past."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(None, policy)

    def take(self, published: PolicyPublished) -> Policy | None:  # noqa: ARG002 - what was in force does not count
        return None
