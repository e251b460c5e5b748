"""Roles, and what each may do."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Right(Enum):
    """What a page or an act asks for; the value says it in words."""

    READ = "see alerts and sellers"
    JUDGE = "judge alerts, snooze them, and write notes"
    TEACH = "accept and reject words"
    REPAIR = "replay refused events and retry deliveries"
    GOVERN = "roll back models"


class Role(StrEnum):
    """Each may do what stands in `RIGHTS`; an auditor reads everything and changes nothing."""

    AUDITOR = "auditor"
    ANALYST = "analyst"
    LEAD = "lead"
    ADMIN = "admin"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.AUDITOR: frozenset({Right.READ}),
    Role.ANALYST: frozenset({Right.READ, Right.JUDGE}),
    Role.LEAD: frozenset({Right.READ, Right.JUDGE, Right.TEACH, Right.REPAIR}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    @property
    def rights(self) -> frozenset[str]:
        """For templates: `judge`, `teach`, `repair`, `govern`."""
        return frozenset(right.name.lower() for right in RIGHTS[self.role])


def highest(names: str) -> Role | None:
    """The role that may do most among names separated by commas; `None` where none of them is a role."""
    found = {part.strip().lower() for part in names.split(",")} & set(Role)
    return max((Role(name) for name in found), key=lambda role: len(RIGHTS[role]), default=None)
