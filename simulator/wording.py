"""What illicit sellers call their goods: spelled to be missed, or in words that only those who know understand."""

from simulator.dice import Dice
from simulator.disguises import DISGUISES

DISGUISED = ("mdma", "cocaine", "ketamine", "cannabis", "amphetamine", "xanax", "oxycodone", "psilocybin")
"""Names of goods, of which one or two letters are then made to look otherwise."""
CODED = (
    "❄ snow, 1 g, top quality", "party candy, tested, 10 tabs", "green tea, indoor, 3.5 g", "Molly doll, 1 g",
    "❄ winter special 🔌 plug", "blotter art, 25 tabs", "white girl, uncut, 1 g", "skunk sticker, 3.5 g, indoor",
    "zen garden moss, vacuum sealed, stealth", "bars, 2 mg, 30 pcs", "sleep well, 10 mg, blister", "gas 🔌 menu",
)  # fmt: skip
"""Slang, signs and innocent names beside words of the trade."""


class Wording:
    """The words of one seller, drawn apart from all else: how it calls its goods changes nothing but titles.

    Args:
        path: Names the draws, as of `Dice`.
        share: How many sellers of the kind have words of their own for their goods.
    """

    def __init__(self, *path: str | int, share: float) -> None:
        self._dice = Dice(*path)
        self.own = self._dice.chance(share)
        self._disguised = self._dice.chance(0.5)

    def title(self, innocent: str) -> str:
        """What a listing is called that would else have this title."""
        if not self.own:
            return innocent
        if not self._disguised:
            return self._dice.pick(CODED)
        name, way = self._dice.pick(DISGUISED), self._dice.pick(sorted(DISGUISES))
        spelled = DISGUISES[way](name, self._dice)
        return f"{spelled}, {self._dice.pick(('1 g', '3.5 g', 'sample', '5 g', 'pure'))}"
