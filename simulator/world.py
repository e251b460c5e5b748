"""What all sellers of one simulation share."""

from dataclasses import dataclass
from functools import cached_property

from detectors.events import DAY, Micros
from simulator.buyers import PEOPLE_PER_SELLER, Buyers
from simulator.ids import Ids


@dataclass(frozen=True)
class World:
    seed: int
    sellers: int
    start: Micros
    days: int
    shift: Micros = 0
    """Added to every time that is written."""

    @property
    def end(self) -> Micros:
        return self.start + self.days * DAY

    def moment(self, share: float) -> Micros:
        """The time at this share of the days simulated."""
        return self.start + int(share * self.days * DAY)

    @cached_property
    def ids(self) -> Ids:
        return Ids(self.seed)

    @cached_property
    def consumers(self) -> Buyers:
        return Buyers(self.seed, "consumer", PEOPLE_PER_SELLER * self.sellers)

    @cached_property
    def firms(self) -> Buyers:
        return Buyers(self.seed, "business", 2 * self.sellers)
