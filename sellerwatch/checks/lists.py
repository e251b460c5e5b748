"""The lists that sellers' names are compared with: can they be read, and how old are they."""

import time

from sellerwatch.checks.finding import Finding, ok, problem, warning
from streams.files import FilesError
from streams.screening.lists import read_entries
from streams.settings import Settings

OLD_DAYS = 7
DAY_SECONDS = 86_400


def check_lists(settings: Settings) -> list[Finding]:
    """Reads every list as intake would; nothing is said where none is set."""
    paths = settings.screening_lists
    if not paths:
        return []
    try:
        names = sum(len(entry.names) for entry in read_entries(paths))
    except FilesError as error:
        return [problem("screening lists", str(error), "intake does not start until this is mended")]
    age = int((time.time() - min(path.stat().st_mtime for path in paths)) // DAY_SECONDS)
    if age > OLD_DAYS:
        return [warning("screening lists", f"{names:,} names; the oldest file is {age} days old", "download it again")]
    return [ok("screening lists", f"{names:,} names, {len(paths)} files")]
