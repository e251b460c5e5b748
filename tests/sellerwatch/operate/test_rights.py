"""The Redis user that the compose file gives to the operator's commands may do all that they do, and no more."""

from pathlib import Path

import pytest

from streams.refused.rejected import refusal
from tests.deploy.made_secrets import acl_rules, make_secrets, redis_url
from tests.sellerwatch.operate.conftest import Ground
from tests.sellerwatch.operate.test_status import running
from tests.services.redis import RealRedis
from tests.upstream import line

COMMANDS = (
    "status --json",
    "rejected list",
    "rejected list --summary",
    "rejected replay 0/0 --yes",
    "rejected discard --all --yes",
    "outbox list",
    "outbox retry 0/1-1",
    "outbox retry --waiting",
    "outbox discard --all --yes",
    "partitions stop orders/1 --reason r --yes",
    "partitions list",
    "partitions resume orders/1",
    "erase --seller shop --yes --wait 0",
    "keys list --count",
    "models list",
    "doctor",
)


def test_the_operators_rights_in_redis_are_enough(
    ground: Ground, redis_server: RealRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets(tmp_path)
    running(ground)
    for value in (line("payment.captured", seller_id=None), b"no JSON"):
        ground.send("sellerwatch.rejected", refusal("payments", 0, 1, "order_unknown", "", None, value).value)
    fields = {"type": "alert.raised", "alert": "{}", "reason": "410", "tries": "[1,0,null]", "died_at": "1"}
    for entry in ("1-1", "1-2"):
        ground.redis.xadd("{sw.watch.0}dead", fields, id=entry)
    ground.redis.zadd("{sw.watch.0}retry", {"1-0": 4e9})
    ground.redis.set("{sw.intake.0}s:shop", b"8 bytes." + b"\x93\xa0\x90\xa0")
    ground.redis.execute_command("ACL", "SETUSER", *acl_rules(tmp_path, "operator"))
    ground.redis.acl_log_reset()
    base, database = redis_url(tmp_path, "operator", redis_server.port), ground.redis_url.rpartition("/")[2]
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", f"{base.rpartition('/')[0]}/{database}")

    ended = {command: ground.run(*command.split()) for command in COMMANDS}

    denied = {entry["object"] for entry in ground.redis.acl_log()}
    ground.redis.acl_deluser("operator")
    assert denied <= {"client|setinfo", "client"}  # the client names itself; it need not
    assert not [command for command, end in ended.items() if "NOPERM" in end.output]
    assert {command for command, end in ended.items() if end.exit_code == 2} == {"models list"}  # none is published
