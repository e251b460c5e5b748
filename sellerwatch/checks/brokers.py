"""Kafka: whether it answers, and whether its topics keep what they are to keep."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError, KafkaTimeoutError

from sellerwatch.checks.finding import PATIENCE_SECONDS, Finding, exposed, ok, problem, warning
from sellerwatch.checks.state import judged_skew
from streams import names
from streams.errors import SettingsError
from streams.settings import Settings
from streams.topics import CONFIGS, Layout, client_options

LEAST_MESSAGE_BYTES = 1_000_000
"""A record of ours has up to 900,000 bytes, and Kafka adds its own."""
FUTURE_SECONDS = 5.0
LITTLE_FREE, PROBLEM_FREE = 0.15, 0.05
PATIENCE_MS = int(PATIENCE_SECONDS * 1000)

Topics = Sequence[Mapping[str, Any]]


def check_kafka(settings: Settings) -> list[Finding]:
    """Asks Kafka how it is; makes and changes nothing. Blocks for some seconds at most."""
    where = ", ".join(settings.kafka_brokers)
    options = client_options(settings) | {
        "bootstrap_timeout_ms": PATIENCE_MS,
        "request_timeout_ms": PATIENCE_MS,
    }
    try:
        with closing(KafkaAdminClient(**options)) as client:
            return [*_cluster(client, settings, where), *_topics(client), *_clock(client), *_disks(client)]
    except (KafkaError, OSError, ValueError) as error:
        why = "" if isinstance(error, KafkaTimeoutError) else f": {error}"
        mend = "start it, or correct SELLERWATCH_KAFKA_BROKERS and the other SELLERWATCH_KAFKA_... settings"
        return [problem("kafka", f"no broker answers at {where}{why}", mend)]


def _cluster(client: KafkaAdminClient, settings: Settings, where: str) -> Iterator[Finding]:
    brokers = client.describe_cluster()["brokers"]
    version = client.get_broker_version_data(brokers[0]["broker_id"]).broker_version
    count = f"{len(brokers)} broker{'s' if len(brokers) > 1 else ''}"
    yield ok("kafka", f"Kafka {'.'.join(map(str, version))} at {where}, {count}")
    if len(brokers) < 3:
        text = f"{count}: records are lost with a disk, and nothing runs while it is down"
        yield warning("kafka", text, "fine for a trial; in production three or more")
    hosts = [broker.rpartition(":")[0] for broker in settings.kafka_brokers]
    if settings.kafka_security == "PLAINTEXT" and any(map(exposed, hosts)):
        text = "it is reached without TLS and login over a public network"
        yield warning("kafka", text, "SELLERWATCH_KAFKA_SECURITY=SASL_SSL, or a private network")


def _topics(client: KafkaAdminClient) -> Iterator[Finding]:
    described = {topic["name"]: topic for topic in client.describe_topics()}
    layout = Layout({name: len(topic["partitions"]) for name, topic in described.items()})
    try:
        layout.check()
        ours = len(CONFIGS)
        yield ok("topics", f"{len(names.UPSTREAM)} upstream and {ours} own; the log has {layout.log} partitions")
    except SettingsError as error:
        text, _, mend = str(error).partition("; ")
        yield problem("topics", text, mend or "make the topics anew, as many partitions as the log has")
    own = [described[name] for name in CONFIGS if name in described]
    if not own:
        return
    yield from _copies(own)
    try:
        configs = _configs(client, [topic["name"] for topic in own])
    except KafkaError as error:
        yield warning("topics", f"their settings cannot be read: {error}", "allow DESCRIBE_CONFIGS on sellerwatch.*")
        return
    for topic in own:
        copies = min(len(partition["replica_nodes"]) for partition in topic["partitions"])
        yield from judged_topic(topic["name"], configs[topic["name"]], copies)
    yield from _newest(client, layout)


def _configs(client: KafkaAdminClient, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    answer = client.describe_configs(resources, config_filter="all")["topic"]
    return {topic: {key: found["value"] for key, found in answer[topic].items()} for topic in topics}


def _copies(topics: Topics) -> Iterator[Finding]:
    """Whether every partition has a leader and all of its copies."""
    partitions = [(topic["name"], partition) for topic in topics for partition in topic["partitions"]]
    headless = [f"{name}/{p['partition_index']}" for name, p in partitions if p["leader_id"] < 0]
    lagging = [
        f"{name}/{p['partition_index']}" for name, p in partitions if len(p["isr_nodes"]) < len(p["replica_nodes"])
    ]
    if headless:
        yield problem("topics", f"without a leader: {_some(headless)}", "bring its brokers back")
    elif lagging:
        yield warning("topics", f"with copies that are behind: {_some(lagging)}", "look at the brokers that hold them")


def judged_topic(name: str, config: Mapping[str, str], copies: int) -> Iterator[Finding]:
    """What is to be said about the settings of one of our topics.

    Args:
        copies: Replicas of the partition that has the fewest.
    """
    wanted = CONFIGS[name]
    change = f"`kafka-configs --alter --entity-type topics --entity-name {name} --add-config "
    if "compact" in config.get("cleanup.policy", "delete"):
        yield problem(name, "it is compacted: records of the same seller vanish", f"{change}cleanup.policy=delete`")
    kept, least = int(config.get("retention.ms", -1)), int(wanted.get("retention.ms", -1))
    if kept != -1 and (least == -1 or kept < least):
        days = "for ever" if least == -1 else f"{least // 86_400_000} days"
        text = f"it is kept {kept / 86_400_000:.1f} days; planned: {days}"
        yield warning(name, text, f"{change}retention.ms={least}`")
    if int(config.get("retention.bytes", -1)) != -1:
        yield warning(name, "a size limit removes its oldest records", f"{change}retention.bytes=-1`")
    if int(config.get("max.message.bytes", LEAST_MESSAGE_BYTES)) < LEAST_MESSAGE_BYTES:
        yield problem(name, "it refuses records as large as ours may be", f"{change}max.message.bytes=1048576`")
    if config.get("unclean.leader.election.enable") == "true":
        text = "a broker that is behind may become leader: confirmed records vanish"
        yield problem(name, text, f"{change}unclean.leader.election.enable=false`")
    yield from _insync(name, int(config.get("min.insync.replicas", 1)), copies, change)


def _insync(name: str, least: int, copies: int, change: str) -> Iterator[Finding]:
    if least > copies:
        text = f"{least} copies must confirm, and it has {copies}: every write fails"
        yield problem(name, text, f"{change}min.insync.replicas={max(copies - 1, 1)}`")
    elif copies > 1 and least == copies:
        yield warning(name, "all copies must confirm: one broker down stops it", f"{change}min.insync.replicas=2`")
    elif copies > 2 and least == 1:
        yield warning(name, "one copy alone may confirm a write and then be lost", f"{change}min.insync.replicas=2`")


def _newest(client: KafkaAdminClient, layout: Layout) -> Iterator[Finding]:
    """Records from the future: a producer's clock is ahead, and what it says of times is wrong."""
    asked = [
        TopicPartition(topic, p)
        for topic in (*names.UPSTREAM, names.EVENTS)
        for p in range(layout.partitions.get(topic, 0))
    ]
    try:
        newest = client.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.MAX_TIMESTAMP))
    except KafkaError:  # brokers before 3.0 do not know
        return
    now = time.time()
    ahead = {
        tp.topic: found.timestamp / 1000 - now
        for tp, found in newest.items()
        if found.timestamp / 1000 - now > FUTURE_SECONDS
    }
    for topic, seconds in ahead.items():
        text = f"its newest record is from {seconds:.0f} s in the future"
        yield warning(topic, text, "the clock of its producer or broker is ahead: keep it in step (chrony)")
    if asked and not ahead:
        yield ok("clock", "no record in Kafka is from the future")


def _clock(client: KafkaAdminClient) -> Iterator[Finding]:
    """The clock of the controllers' leader, which tells when it was last up to date with itself (KIP-836)."""
    before = time.time()
    try:
        told = client.describe_metadata_quorum()
    except (KafkaError, OSError, ValueError, TypeError):  # not KRaft, not allowed, or a protocol that lacks it
        return
    after = time.time()
    for topic in told.get("topics", ()):
        for partition in topic.get("partitions", ()):
            for voter in partition.get("current_voters", ()):
                at = voter.get("last_caught_up_timestamp", -1)
                if voter.get("replica_id") == partition.get("leader_id") and at > 0:
                    yield judged_skew("clock", at / 1000 - (before + after) / 2, (after - before) / 2, "Kafka")


def _disks(client: KafkaAdminClient) -> Iterator[Finding]:
    """How full the brokers' disks are (KIP-827); nothing where they do not tell."""
    try:
        told = client.describe_log_dirs()
    except (KafkaError, OSError, ValueError, TypeError):
        return
    for broker in told:
        for folder in broker.get("log_dirs", broker.get("results", ())):
            total, free = folder.get("total_bytes", -1), folder.get("usable_bytes", -1)
            if total > 0 and free >= 0:
                yield judged_disk(f"broker {broker.get('broker', broker.get('node_id', ''))}", total, free)


def judged_disk(whose: str, total: int, free: int) -> Finding:
    """A finding on a disk, in bytes."""
    text = f"{whose}: {free / total:.0%} of its disk is free ({free >> 30:,} of {total >> 30:,} GiB)"
    if free < PROBLEM_FREE * total:
        return problem("disk", text, "make room now: a broker whose disk is full takes no records")
    if free < LITTLE_FREE * total:
        return warning("disk", text, "make room, or shorten the retention of topics that are not ours")
    return ok("disk", text)


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
