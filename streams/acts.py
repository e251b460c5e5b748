"""Records what people do: an act is in Kafka before what it announces is done, or it is not done."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Final

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from msgspec import Struct

from detectors.decision import say_time
from detectors.events import ActRecorded, ActSubject
from streams import names
from streams.errors import InvalidEventError, SellerwatchError, UnavailableError
from streams.reachable import must_be_reachable
from streams.settings import Settings
from streams.topics import client_options
from streams.upstream import check_place, parse

PATIENCE_SECONDS: Final = 10.0
"""So long a person waits for an answer to what they did, not longer."""
_encode: Final = msgspec.json.Encoder().encode


class UnfitActError(SellerwatchError):
    """An act that intake would refuse; nothing was sent."""


class Act(Struct, frozen=True, kw_only=True):
    """What somebody is about to do.

    No personal value may stand in it, but in `actor`, and in `subject` where `subject_kind` says that it is one
    (`buyer`, `email`, ...): those two are hashed before the log. `details` takes numbers, codes and ids.
    """

    act: str
    """Past tense, lower case: `login`, `verdict.sent`, `seller.erased`, `rejected.replayed`."""
    actor: str
    """User name; the same that stands in `analyst` of this person's verdicts."""
    role: str
    """`analyst`, `lead`, `auditor`, `admin`; of a command `operator`."""
    subject_kind: ActSubject | None = None
    subject: str | None = None
    seller_id: str | None = None
    """Where it concerns one seller: the act then stands in the chain of that seller's partition."""
    details: Mapping[str, bool | int | str] = {}
    event_id: str = ""
    """The same act sent again counts once; empty: a new one."""


class ActRecorder:
    """A connection for acts, for whoever records many; safe to use from several threads.

    Args:
        patience: Seconds that Kafka may take to confirm an act, and to be found at first.
    """

    def __init__(self, settings: Settings, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        milliseconds = int(patience * 1_000)
        times = {"max_block_ms": milliseconds, "request_timeout_ms": milliseconds, "delivery_timeout_ms": milliseconds}
        try:
            self._producer = KafkaProducer(**client_options(settings), acks="all", **times)
        except KafkaError as error:
            raise _unavailable(error) from None

    def record(self, act: Act) -> str:
        """Sends an act and waits until Kafka has it: only then may be done what it announces. Its event id.

        Raises:
            UnfitActError: Intake would refuse it; the text says why.
            UnavailableError: Kafka did not confirm it: what it announces must not be done.
        """
        event_id = act.event_id or f"act-{uuid.uuid4().hex}"
        value = encode_act(act, event_id, time.time_ns() // 1_000)
        key = act.seller_id.encode() if act.seller_id else None
        try:
            self._producer.send(names.ACTS, value=value, key=key).get(timeout=self._patience)
        except KafkaError as error:
            raise _unavailable(error) from None
        return event_id

    async def record_soon(self, act: Act) -> str:
        """The same without holding up an event loop."""
        return await asyncio.to_thread(self.record, act)

    def close(self) -> None:
        """Lets go of the connection."""
        self._producer.close(timeout=self._patience)


def record_act(settings: Settings, act: Act, *, patience: float = PATIENCE_SECONDS) -> str:
    """Records one act by a connection of its own, as a command does; see `ActRecorder.record`."""
    encode_act(act, act.event_id or "new", 0)  # what is unfit is said before anybody waits for Kafka
    try:
        must_be_reachable(settings)
    except UnavailableError as error:
        raise UnavailableError(f"{error}, so nothing was done: acts are recorded first") from None
    with closing(ActRecorder(settings, patience=patience)) as recorder:
        return recorder.record(act)


def encode_act(act: Act, event_id: str, micros: int) -> bytes:
    """The act as an event.

    Raises:
        UnfitActError: Intake would refuse it.
    """
    body = {name: getattr(act, name) for name in ActRecorded.__struct_fields__ if getattr(act, name) not in (None, {})}
    named = {"seller_id": act.seller_id} if act.seller_id else {}
    envelope = {"event_id": event_id, "type": "act.recorded", "event_time": say_time(micros)}
    value = _encode(envelope | named | body)
    try:
        check_place(parse(value), names.ACTS)
    except InvalidEventError as error:
        raise UnfitActError(f"the act {act.act!r} cannot be recorded, so nothing was done: {error.detail}") from None
    return value


def _unavailable(error: KafkaError) -> UnavailableError:
    return UnavailableError(
        f"Kafka has not confirmed the record of this act, so nothing was done: {type(error).__name__}; "
        f"is it up, and is there the topic {names.ACTS} (`sellerwatch topics create`)? See `sellerwatch doctor`"
    )
