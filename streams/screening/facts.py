"""Compares a seller's names with the lists before they are hashed; what comes of it stands in the log."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from detectors.events import Micros, Place, Screened, SellerAccount
from detectors.names import MATCH
from streams.screening.countries import country_code
from streams.screening.lists import ListMatch, NameLists, said_of_country
from streams.upstream import micros_of

FIELDS: Final = ("legal_name", "display_name")
KEPT: Final = 3
"""Most entries that are kept of one name."""
REMEMBERED: Final = 10_000


class Screening:
    """The lists of one intake process: read when it starts, the same until it ends.

    Args:
        lists: What names are compared with.
    """

    def __init__(self, lists: NameLists) -> None:
        self.lists: Final = lists
        self._search = lru_cache(REMEMBERED)(self._look_up)

    @classmethod
    def load(cls, paths: Sequence[Path]) -> "Screening | None":
        """Reads the lists; nothing where there are none.

        Raises:
            FilesError: With file, line, column, and what to write instead.
        """
        if not paths:
            return None
        return cls(NameLists.load(paths))

    def of(self, body: object, time: Micros) -> tuple[Screened, ...]:
        """The entries in force at `time` that the names of a registration or update may be; of other events none."""
        if not isinstance(body, SellerAccount):
            return ()
        country = body.country or (body.address.country if isinstance(body.address, Place) else "")
        code = country_code(country)
        found: dict[tuple[str, str], Screened] = {}
        for field in FIELDS:
            text = getattr(body, field)
            for match in self._search(text) if text else ():
                if 0 < micros_of(match.entry.expires_at) <= time:
                    continue
                fact = self._fact(field, match, code)
                known = found.get((fact.source, fact.entry))
                if known is None or known.score < fact.score:
                    found[fact.source, fact.entry] = fact
        return tuple(sorted(found.values(), key=lambda fact: (-fact.score, fact.source, fact.entry))[:KEPT])

    def _look_up(self, text: str) -> tuple[ListMatch, ...]:
        return tuple(self.lists.search(text, least=MATCH, limit=KEPT))

    def _fact(self, field: str, found: ListMatch, country: str) -> Screened:
        entry = found.entry
        return Screened(
            field,
            entry.source,
            entry.entry_id,
            found.score,
            found.match.summary,
            said_of_country(entry, country),
            "weak" if found.name.weak else "" if found.name == entry.names[0] else "alias",
            entry.reason[:64],
            self.lists.version,
        )
