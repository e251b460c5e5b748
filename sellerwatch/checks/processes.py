"""The stages' processes, as they tell of themselves: whether all are there, of one version, and ready."""

import time

from redis.asyncio import Redis

from sellerwatch.checks.finding import Finding, ok, warning
from streams.names import STAGES
from streams.presence import SILENT_SECONDS, Presence, presence_key, present

SUBJECT = "processes"


async def check_processes(redis: Redis, namespace: str) -> list[Finding]:
    """Looks at who has told of itself lately; says nothing where no stage has ever run.

    Raises:
        RedisError: It does not answer.
    """
    told = await present(redis, presence_key(namespace))
    if not told:
        return []
    alive = [one for one in told if time.time() - one.told_at <= SILENT_SECONDS]
    found: list[Finding] = []
    if missing := [stage for stage in STAGES if stage not in {one.stage for one in alive}]:
        found.append(warning(SUBJECT, f"none of {', '.join(missing)} has been heard of lately", "start one of each"))
    versions = sorted({one.version for one in alive})
    if len(versions) > 1:
        text = f"they run different versions: {', '.join(versions)}"
        found.append(warning(SUBJECT, text, "finish the upgrade: restart those of the older one"))
    found += [warning(SUBJECT, text, "look at its log") for one in alive if (text := _unready(one))]
    return found or [ok(SUBJECT, f"{len(alive)} run, of version {versions[0]}, and all are ready")]


def _unready(one: Presence) -> str:
    unready = [name for name, well in one.told.ready.items() if not well]
    return f"{one.name} is not ready: {', '.join(unready)}" if unready else ""
