"""What the customs form and the scale say has nothing to do with what was listed."""

from simulator.habits import FALSE_PAPERS
from simulator.kinds.fake_sender import FakeSender


class ParcelMismatch(FakeSender):
    """A known sender, but light parcels of "samples" worth next to nothing."""

    kind = "parcel_mismatch"

    def set_up(self) -> None:
        super().set_up()
        self.habits = FALSE_PAPERS
