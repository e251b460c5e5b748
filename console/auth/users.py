"""The file of people who may log in: names, roles, and argon2id hashes of their passwords (RFC 9106)."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from msgspec import Struct
from msgspec.structs import replace

from console.auth.roles import Person, Role
from streams.errors import SettingsError

SHORTEST, LONGEST = 12, 256
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HASHER = PasswordHasher()


Before = Callable[[], None]


def _nothing() -> None:
    return


class User(Struct, frozen=True):
    """One line of the file."""

    name: str
    role: Role
    password: str
    """Its argon2id hash."""

    @property
    def person(self) -> Person:
        return Person(self.name, self.role)

    @property
    def stamp(self) -> str:
        """Changes with password and role: a session that was begun under another ends."""
        return hashlib.sha256(f"{self.role} {self.password}".encode()).hexdigest()[:16]


class Users:
    """The users of one file, read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int], dict[str, User]] | None = None

    def all(self) -> dict[str, User]:
        """Every user by name; none while there is no file.

        Raises:
            SettingsError: The file cannot be read.
        """
        try:
            status = self.path.stat()
            mark = status.st_mtime_ns, status.st_ino
            if self._read is None or self._read[0] != mark:
                found = msgspec.json.decode(self.path.read_bytes(), type=list[User])
                self._read = mark, {user.name: user for user in found}
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise SettingsError(f"{self.path}: the users cannot be read: {error}") from None
        return self._read[1]

    def knows(self, name: str, password: str) -> User | None:
        """The user of that name and password; takes equally long (some 50 ms) whether the name is known or not."""
        user = self.all().get(name)
        try:
            _HASHER.verify(user.password if user else _nobody(), password[:LONGEST])
        except (Argon2Error, InvalidHashError):
            return None
        return user

    def add(self, name: str, role: Role, password: str, *, before: Before = _nothing) -> None:
        """Adds somebody; SettingsError where the name is taken or unfit, or the password too short.

        Args:
            before: Called when nothing is in the way any more, and before anything is done; as of the others.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{name!r}: a name has up to 64 letters, digits and . _ @ -")
        if name in self.all():
            raise SettingsError(f"{name} is there already; `sellerwatch console users password {name}` changes it")
        added = User(name, role, _hashed(password))
        before()
        self._write({**self.all(), name: added})

    def remove(self, name: str, *, before: Before = _nothing) -> None:
        """Takes somebody out, who is logged out at once."""
        self._must_know(name)
        before()
        self._write({known: user for known, user in self.all().items() if known != name})

    def set_password(self, name: str, password: str, *, before: Before = _nothing) -> None:
        """Gives somebody another password; sessions under the old one end at once."""
        changed = replace(self._must_know(name), password=_hashed(password))
        before()
        self._write({**self.all(), name: changed})

    def _must_know(self, name: str) -> User:
        if name not in self.all():
            raise SettingsError(f"there is no user {name!r}; `sellerwatch console users list` names them")
        return self.all()[name]

    def _write(self, users: dict[str, User]) -> None:
        """Replaces the file in one step; only its owner may read it."""
        lines = msgspec.json.format(msgspec.json.encode(list(users.values())), indent=1)
        try:
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as file:
                file.write(lines)
            Path(file.name).replace(self.path)
        except OSError as error:
            raise SettingsError(f"{self.path}: cannot be written: {error.strerror}") from None
        self._read = None


@cache
def _nobody() -> str:
    return _HASHER.hash(os.urandom(16))


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingsError(f"a password has {SHORTEST} to {LONGEST} characters")
    return _HASHER.hash(password)
