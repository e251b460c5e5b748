"""Redis: whether it keeps what it is told, has room, and shares our idea of the time."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from sellerwatch.checks.finding import PATIENCE_SECONDS, Finding, exposed, ok, problem, warning
from sellerwatch.checks.processes import check_processes
from streams.refused.stops import Stops
from streams.settings import Settings
from streams.store.connection import connect, of_each_server

LEAST_VERSION = (6, 2)
"""XAUTOCLAIM came with it."""
SKEW_WARNING, SKEW_PROBLEM = 0.5, 5.0
SLOW_SECONDS = 0.02
ASKED = 5
NEARLY_FULL = 0.85
CLUSTER = "redis cluster"

Info = Mapping[str, Any]


async def check_redis(settings: Settings) -> list[Finding]:
    """Asks Redis how it is; changes nothing in it."""
    url, where = settings.redis_url.get_secret_value(), settings.redis_place
    place = urlsplit(url)
    client = connect(url, retries=False, timeout=PATIENCE_SECONDS)
    try:
        await client.ping()
        found = await _state(client, where)
        if found[0].subject == CLUSTER:  # what else there is to ask may lie on another node
            return found
        found += await _clock(client)
        found += await _stopped(client, settings.namespace)
        found += await check_processes(client, settings.namespace)
    except (RedisError, OSError, TimeoutError) as error:
        mend = "start it, or correct SELLERWATCH_REDIS_URL; until it answers, every stage waits and loses nothing"
        return [problem("redis", f"{where} does not answer: {error}", mend)]
    finally:
        await client.aclose()
    if place.scheme in ("redis", "redis+cluster") and place.hostname and exposed(place.hostname):
        found.append(
            warning("redis", f"{where} is reached without TLS over a public network", "use rediss:// or a private one")
        )
    return found


async def _state(client: Redis, where: str) -> list[Finding]:
    try:
        infos: Mapping[str, Info] = await of_each_server(client, partial(client.info, "everything"))
    except NoPermissionError:
        return [warning("redis", f"{where} answers, but the user may not INFO", "allow it: `ACL SETUSER ... +info`")]
    if "" in infos and infos[""].get("cluster_enabled"):
        text = f"{where} is a node of a Redis Cluster, and SELLERWATCH_REDIS_URL says that it is all of Redis"
        return [problem(CLUSTER, text, "write `redis+cluster://` there, or `rediss+cluster://`")]
    found = []
    for server, info in infos.items():
        found.append(_server(info, server or where))
        found += [_said_of(server, finding) for finding in (_memory(info), _persistence(info), _role(info))]
    return found


def _said_of(server: str, finding: Finding) -> Finding:
    """Of a cluster, which of its servers it is said of."""
    return finding._replace(text=f"{server}: {finding.text}") if server else finding


def _server(info: Info, where: str) -> Finding:
    name, version = info.get("server_name", "redis"), str(info.get("redis_version", "0"))
    if name == "valkey":
        return ok("redis", f"Valkey {info.get('valkey_version', version)} at {where}")
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VERSION:
        return problem("redis", f"Redis {version} at {where} is too old", "use Redis 6.2 or later, or Valkey")
    return ok("redis", f"Redis {version} at {where}")


def _memory(info: Info) -> Finding:
    policy, limit, used = info.get("maxmemory_policy"), int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if policy != "noeviction":
        text = f"it throws keys away when it is full (maxmemory-policy {policy}), watermarks among them"
        return problem("redis memory", text, "`CONFIG SET maxmemory-policy noeviction`, and in its configuration")
    if not limit:
        text = f"{_megabytes(used)} used, without a limit: the kernel may kill it"
        return warning("redis memory", text, "set maxmemory to what the machine can spare")
    text = f"{_megabytes(used)} of {_megabytes(limit)} used, noeviction"
    if used > NEARLY_FULL * limit:
        return warning("redis memory", text, "raise maxmemory soon: when it is full, the stages wait")
    return ok("redis memory", text)


def _persistence(info: Info) -> Finding:
    subject = "redis persistence"
    if not info.get("aof_enabled"):
        text = "no append-only file: a restart loses state, and alerts that were not delivered"
        return problem(subject, text, "`CONFIG SET appendonly yes`, and in its configuration")
    if info.get("aof_last_write_status", "ok") != "ok":
        return problem(subject, "the last write of the append-only file failed", "look at its disk and its log")
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        return warning(subject, "the last rewrite of the append-only file failed", "look at its disk and its log")
    return ok(subject, "append-only file on, last write fine")


def _role(info: Info) -> Finding:
    if info.get("role") != "master":
        return problem("redis role", "it is a replica and takes no writes", "name its primary in SELLERWATCH_REDIS_URL")
    return ok("redis role", f"primary, {info.get('connected_slaves', 0)} replicas")


async def _clock(client: Redis) -> list[Finding]:
    try:
        answers = await of_each_server(client, partial(_quickest, client))
    except NoPermissionError:
        return []
    found = []
    for server, (took, skew) in answers.items():
        found.append(_said_of(server, judged_skew("clock", skew, took / 2, "Redis")))
        if took > SLOW_SECONDS:
            text = f"an answer takes {took * 1000:.0f} ms, and each poll of a stage needs some"
            found.append(_said_of(server, warning("redis", text, "put it nearer to the workers")))
    return found


async def _quickest(client: Redis, **to: Any) -> tuple[float, float]:
    """Asks for the time; of the quickest answer, which says most, how long it took and how far ahead Redis is."""
    answers = []
    for _ in range(ASKED):
        before = time.time()
        seconds, micros = await client.time(**to)
        after = time.time()
        answers.append((after - before, seconds + micros / 1e6 - (before + after) / 2))
    return min(answers)


def judged_skew(subject: str, skew: float, uncertainty: float, whose: str) -> Finding:
    """A finding on how far another clock is ahead of ours."""
    text = f"{whose}' clock" if whose.endswith("s") else f"{whose}'s clock"
    text += f" is {abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} ours"
    mend = "keep both in step (chrony, systemd-timesyncd): delivery times and alert times come from them"
    if abs(skew) > SKEW_PROBLEM + uncertainty:
        return problem(subject, text, mend)
    if abs(skew) > SKEW_WARNING + uncertainty:
        return warning(subject, text, mend)
    return ok(subject, text)


async def _stopped(client: Redis, namespace: str) -> list[Finding]:
    stopped = await Stops(client, namespace).all()
    return [
        problem(
            "stopped", f"{name} stands still: {reason}", f"mend upstream, then `sellerwatch partitions resume {name}`"
        )
        for name, reason in stopped.items()
    ]


def _megabytes(size: int) -> str:
    return f"{size / 1_048_576:,.0f} MiB"
