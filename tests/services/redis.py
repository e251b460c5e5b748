"""A real redis-server: the system's, or the one of the demo extra where there is none."""

import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

import redis

from sellerwatch.embedded import PartMissingError
from sellerwatch.embedded.redis import RedisServer, embedded_binary
from tests.services import ServiceMissingError


class RealRedis(RedisServer):
    """Writes every command to disk before it answers, and can be rolled back to an older copy.

    Its databases are many, so that each test has one to itself.
    """

    databases: ClassVar[int] = 4096

    def __init__(self, **options: str) -> None:
        always = {
            "appendfsync": "always",
            "auto-aof-rewrite-percentage": "0",  # so a copy of the growing file is always a prefix of it
            "databases": str(self.databases),
        }
        super().__init__(_binary(), always | {name.replace("_", "-"): value for name, value in options.items()})

    @property
    def version(self) -> int:
        """The major version of the server."""
        said = subprocess.run([self._binary, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
        return int(said.partition(" v=")[2].partition(".")[0])

    def client(self) -> "redis.Redis":
        """A client of its first database."""
        return redis.Redis(port=self.port)

    def snapshot_aof(self) -> Path:
        """Copies the append-only file as it is now; to be given to `restore_aof` later."""
        number = sum(1 for _ in self.directory.glob("snapshot-*"))
        copy = self.directory / f"snapshot-{number}"
        copy.mkdir()
        for source in self._aof():
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy / source.name)
        return copy

    def restore_aof(self, snapshot: Path) -> None:
        """Kills the server and starts it on the older copy: what was written since is gone."""
        self.kill()
        for source in self._aof():
            shutil.rmtree(source) if source.is_dir() else source.unlink()
        shutil.copytree(snapshot, self.directory, dirs_exist_ok=True)
        self.start()

    def _aof(self) -> list[Path]:
        return list(self.directory.glob("appendonly*"))  # a folder since Redis 7, one file before


def _binary() -> str | Path:
    try:
        return shutil.which("redis-server") or embedded_binary()
    except PartMissingError as missing:
        raise ServiceMissingError(f"no redis-server on the path, and {missing}") from missing
