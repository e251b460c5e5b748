"""The word lists that the settings name."""

from pathlib import Path

from detectors.language.lexicon import Lexicon, LexiconError, sample_lexicon
from streams.errors import SettingsError

SAMPLE = "sample"


def lexicon_of(names: list[str]) -> Lexicon:
    """The lists of these files put together; `sample` names the one that comes with Sellerwatch.

    Raises SettingsError, with file, line and what to write instead, where a list cannot be used.
    """
    try:
        lists = [sample_lexicon() if name == SAMPLE else Lexicon.read(Path(name)) for name in names]
    except LexiconError as error:
        raise SettingsError(f"lexicons: {error}") from error
    return Lexicon.joined(*lists) if len(lists) != 1 else lists[0]
