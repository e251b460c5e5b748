"""A real PostgreSQL, where its binaries are: it refuses to run as root, so root runs it as another user."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from sellerwatch.embedded.processes import ServerProcess
from tests.services import ServiceMissingError

_USERS = ("postgres", "nobody")


class RealPostgres(ServerProcess):
    """One server on loopback, without a password; every test gets a database of its own."""

    name: ClassVar[str] = "postgres"

    def __init__(self) -> None:
        self._binaries = _binaries()
        self._as_user = _as_user()
        super().__init__()
        self._made = 0
        if self._as_user:
            shutil.chown(self.directory, self._user)
        self._data = self.directory / "data"
        self._run("initdb", "-D", str(self._data), "-U", "sw", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    @property
    def _user(self) -> str:
        return self._as_user[1].partition("=")[2]

    def command(self) -> Sequence[str]:
        """The server, with its socket in its folder."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
            "fsync": "off",  # tests kill it, not the machine
        }
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [*self._as_user, str(self._binaries / "postgres"), "-D", str(self._data), *given]

    def answers(self) -> bool:
        """Whether it takes connections."""
        command = [str(self._binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(command).returncode == 0

    def database(self) -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"test_{self._made}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sw", name)
        return f"postgresql://sw@127.0.0.1:{self.port}/{name}"

    def _run(self, tool: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / tool), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.directory)
        if done.returncode:
            raise ServiceMissingError(f"PostgreSQL's {tool} failed: {done.stderr[-500:]}")


def _binaries() -> Path:
    debians = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")))  # not on the path there
    found = shutil.which("postgres") or next(reversed(debians), None)
    if found is None:
        raise ServiceMissingError("no postgres on the path")
    place = Path(found).resolve().parent
    if missing := [tool for tool in ("initdb", "createdb", "pg_isready") if not (place / tool).exists()]:
        raise ServiceMissingError(f"no {missing[0]} beside {found}")
    return place


def _as_user() -> list[str]:
    """What goes before a command so that it does not run as root."""
    if os.getuid() != 0:
        return []
    for name in _USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if shutil.which("setpriv"):
            return ["setpriv", f"--reuid={user.pw_name}", f"--regid={user.pw_gid}", "--clear-groups"]
    raise ServiceMissingError("PostgreSQL does not run as root, and there is no setpriv, or no user to run it as")
