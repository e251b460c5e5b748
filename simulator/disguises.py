"""Ways in which offenders spell a word so that filters read past it; each keeps it legible to people."""

from collections.abc import Callable, Mapping
from typing import Final

from simulator.dice import Dice

LEET: Final = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7"}
SIGNS: Final = {"a": "@", "s": "$", "i": "!"}
CYRILLIC: Final = {"a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "x": "х", "y": "у", "i": "і", "s": "ѕ"}  # noqa: RUF001
GREEK: Final = {"a": "α", "o": "ο", "v": "ν", "n": "η", "u": "υ", "p": "ρ", "i": "ι", "k": "κ"}  # noqa: RUF001
WIDTHLESS: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _some(text: str, table: Mapping[str, str], dice: Dice) -> str:
    """Some letters written otherwise: at least one, never more than half of those of a word."""
    places = dice.shuffled([at for at, char in enumerate(text) if char in table])
    chosen = set(places[: max(1, sum(map(str.isalpha, text)) // 2)])
    return "".join(table[char] if at in chosen else char for at, char in enumerate(text))


def _between(text: str, sign: str) -> str:
    return "   ".join(sign.join(word) for word in text.split())


DISGUISES: Final[Mapping[str, Callable[[str, Dice], str]]] = {
    "case": lambda text, dice: "".join(dice.pick((char.upper(), char.lower())) for char in text),
    "full width": lambda text, _: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "leet": lambda text, dice: _some(text, LEET, dice),
    "signs": lambda text, dice: _some(text, SIGNS, dice),
    "spaces": lambda text, _: _between(text, " "),
    "points": lambda text, _: _between(text, "."),
    "dashes": lambda text, _: _between(text, "-"),
    "widthless": lambda text, dice: "".join(char + dice.pick(WIDTHLESS) for char in text),
    "cyrillic": lambda text, _: "".join(CYRILLIC.get(char, char) for char in text),
    "greek": lambda text, _: "".join(GREEK.get(char, char) for char in text),
    "accents": lambda text, _: "".join(char + "\u0301" if char in "aeiou" else char for char in text),
    "circles": lambda text, _: "".join(chr(0x24D0 + ord(c) - 97) if "a" <= c <= "z" else c for c in text),
    "mathematical": lambda text, _: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in text),
}
