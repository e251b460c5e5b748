"""Ids that tell nothing about whom they belong to."""

from simulator.dice import Dice

_MASK = (1 << 64) - 1


class Ids:
    """Scrambles numbers, so that every id looks alike; other seeds give other ids."""

    def __init__(self, seed: int) -> None:
        dice = Dice(seed, "ids")
        self._salt = dice.bits(32) << 32 | dice.bits(32)

    def make(self, prefix: str, number: int) -> str:
        """Different numbers give different ids: each step can be undone (splitmix64)."""
        mixed = (number * 0x9E3779B97F4A7C15 + self._salt) & _MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        return f"{prefix}_{mixed ^ mixed >> 31:016x}"
