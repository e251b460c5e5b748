"""Publishing a policy: into the topic of policies, and from there into every partition of the log."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from detectors.events import Micros, encode_record
from streams import names
from streams.errors import SellerwatchError, SettingsError, UnavailableError
from streams.policy.chain import FIRST, Entry, Publication, chain, log_record, pack_entry
from streams.policy.published import Document, pack
from streams.reading import Held, read_partition, read_topic, reader
from streams.settings import Settings
from streams.topics import client_options, read_layout

PATIENCE_SECONDS = 30.0
PLACE = TopicPartition(names.POLICIES, 0)


class OvertakenError(SellerwatchError):
    """Somebody else published while we did: theirs is in force, ours is not."""


class Published(NamedTuple):
    """What came of a publication."""

    publication: Publication
    new: bool
    """False: it was in force already; every partition was made sure to have it."""
    partitions: int


def publications(settings: Settings) -> list[Publication]:
    """All publications that count; the last one is in force.

    Raises:
        SettingsError: There are no keys to check them with, or no topic of policies.
        UnavailableError: No broker answers.
    """
    _log_partitions(settings)
    return _counting(read_topic(settings, names.POLICIES), _keys(settings))


def publish(
    settings: Settings, document: Document, version: str, now: Micros, *, author: str = "", note: str = ""
) -> Published:
    """Publishes a checked policy file. Repeated, after a crash or out of doubt, it changes nothing more.

    The entry in the topic of policies decides which publication counts; the records in the log follow from
    it alone, and watch knows a repeated one by its source. So it does not matter who writes them, or how often.

    Raises:
        OvertakenError: Another publication came first.
        SettingsError: There are no keys to sign with, or no topic of policies.
        UnavailableError: Kafka does not answer. Whether the policy is published is open; repeat the command.
    """
    keys, partitions = _keys(settings), _log_partitions(settings)
    with _clients(settings) as (consumer, producer):
        counting = _counting(read_partition(consumer, PLACE), keys)
        last = counting[-1] if counting else None
        if last is not None and last.entry.version == version:
            _forward(producer, last, partitions)
            return Published(last, False, partitions)
        entry = Entry(last.number if last else FIRST, version, pack(document, keys[0]), now, author=author, note=note)
        number = _send(producer, names.POLICIES, 0, pack_entry(entry, keys[0]))
        counting = _counting(read_partition(consumer, PLACE), keys)
        ours = next((counted for counted in counting if counted.number == number), None)
        if ours is None:
            theirs = counting[-1].entry
            raise OvertakenError(
                f"version {theirs.version}, published by {theirs.author or 'somebody'} at the same moment, came first "
                "and is in force; compare with `sellerwatch policy diff`, then publish again"
            )
        _forward(producer, counting[-1], partitions)
        return Published(ours, True, partitions)


def _keys(settings: Settings) -> list[bytes]:
    if not settings.model_keys:
        raise SettingsError("SELLERWATCH_MODEL_KEYS: set at least one secret; policies are signed with it")
    return settings.signing()


def _log_partitions(settings: Settings) -> int:
    """Of the log, once it is sure that the topic of policies is there too."""
    layout = read_layout(settings)
    if names.POLICIES not in layout.partitions or names.EVENTS not in layout.partitions:
        raise SettingsError(f"topic {names.POLICIES} is missing; make it by `sellerwatch topics create`")
    if layout.partitions[names.POLICIES] != 1:
        raise SettingsError(f"{names.POLICIES} must have one partition, but has {layout.partitions[names.POLICIES]}")
    return layout.log


@contextmanager
def _clients(settings: Settings) -> Iterator[tuple[KafkaConsumer, KafkaProducer]]:
    writing = {"acks": "all", "max_request_size": 4 * 1024 * 1024}
    try:
        with (
            closing(reader(settings)) as consumer,
            closing(KafkaProducer(**client_options(settings), **writing)) as producer,
        ):
            yield consumer, producer
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {error!r}; repeat the command, it does nothing twice") from None


def _counting(entries: Iterable[Held], keys: Sequence[bytes]) -> list[Publication]:
    """The publications that count, oldest first."""
    return chain([(held.offset, held.value) for held in entries], keys)


def _send(producer: KafkaProducer, topic: str, partition: int, value: bytes) -> int:
    """Sends a record and waits for its offset."""
    sent = producer.send(topic, value=value, partition=partition).get(timeout=PATIENCE_SECONDS)
    return int(sent.offset)


def _forward(producer: KafkaProducer, publication: Publication, partitions: int) -> None:
    """Writes the publication into every partition of the log."""
    sending = [
        producer.send(names.EVENTS, value=encode_record(log_record(publication, number)), partition=number)
        for number in range(partitions)
    ]
    for sent in sending:
        sent.get(timeout=PATIENCE_SECONDS)
