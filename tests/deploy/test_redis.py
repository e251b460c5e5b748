"""Redis as the compose file sets it up: keeps everything, and lets each user do what its stage does."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import redis
from redis.exceptions import NoPermissionError

from sellerwatch.embedded.redis import RedisServer
from streams.delivery import scripts as outbox_scripts
from streams.store import scripts
from tests.deploy.conftest import CHECKOUT
from tests.deploy.made_secrets import acl_rules, make_secrets, redis_url
from tests.services import ServiceMissingError
from tests.services.skipping import skipped_unless_required

CONFIG = CHECKOUT / "deploy" / "redis" / "redis.conf"


class ComposedRedis(RedisServer):
    """A redis-server on our own configuration, with paths and a port of this machine."""

    def __init__(self, users: Path) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            raise ServiceMissingError("there is no redis-server on the path")
        super().__init__(binary)
        self._users = users

    def command(self) -> Sequence[str]:
        here = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory)]
        return [str(self._binary), str(CONFIG), *here, "--aclfile", str(self._users)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    make_secrets(folder)
    return folder


@pytest.fixture(scope="module")
def server(made: Path) -> Iterator[ComposedRedis]:
    with skipped_unless_required():
        composed = ComposedRedis(made / "redis_users")
    with composed:
        yield composed


def test_who_has_not_logged_in_may_ping_and_nothing_else(server: ComposedRedis) -> None:
    with redis.Redis(port=server.port) as client:
        assert client.ping()
        for command in (("GET", "{sw.watch.0}owner"), ("INFO",), ("CONFIG", "GET", "*"), ("ACL", "LIST")):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command)


def test_it_writes_everything_down_and_throws_nothing_away(server: ComposedRedis, made: Path) -> None:
    with redis.Redis.from_url(redis_url(made, "worker", server.port)) as client:
        info = client.info("everything")

    assert info["aof_enabled"] == 1
    assert info["maxmemory_policy"] == "noeviction"
    assert info["maxmemory"] == 1 << 30


def test_dispatch_has_no_access_to_profiles_and_nobody_to_the_keys_of_others(server: ComposedRedis, made: Path) -> None:
    with redis.Redis.from_url(redis_url(made, "dispatch", server.port)) as client:
        assert client.xlen("{sw.watch.3}out") == 0
        with pytest.raises(NoPermissionError):
            client.get("{sw.watch.3}s:seller")
    with redis.Redis.from_url(redis_url(made, "worker", server.port)) as client:
        assert client.get("{sw.watch.3}s:seller") is None
        with pytest.raises(NoPermissionError):
            client.get("other")
        for dangerous in (("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("SHUTDOWN",), ("MONITOR",)):
            with pytest.raises(NoPermissionError):
                client.execute_command(*dangerous)


@pytest.mark.parametrize(("user", "module"), [("worker", scripts), ("dispatch", outbox_scripts)])
def test_a_user_may_do_what_the_scripts_of_its_stage_do(user: str, module: object, made: Path) -> None:
    texts = [value for value in vars(module).values() if isinstance(value, str)]
    called = {call.lower() for text in texts for call in re.findall(r"redis\.p?call\('(\w+)'", text)}
    allowed = {word[1:].partition("|")[0] for word in acl_rules(made, user) if word.startswith("+")}

    assert called
    assert called <= allowed
