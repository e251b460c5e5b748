"""What a fold has brought about, and the stations of a batch on its way there."""

from msgspec import Struct

from detectors.budget import Candidate
from detectors.decision import Alert, Decision
from detectors.events import Micros
from detectors.models.training import TrainingRow
from detectors.profiles.kept_texts import KeptText
from detectors.profiles.order_rows import OrderRow
from detectors.profiles.profile import Profile


class Effects(Struct, gc=False):
    """All that came of a batch, besides the profiles themselves."""

    decisions: list[Decision] = []
    alerts: list[Alert] = []
    rows: list[TrainingRow] = []
    candidates: list[Candidate] = []
    """Alerts raised or kept back, where the policy has a budget."""
    order_rows: dict[str, OrderRow] = {}
    """Feature rows to keep, by order id."""
    texts: dict[str, KeptText] = {}
    """Texts to keep, by place."""
    changed: dict[str, None] = {}
    """Sellers whose profiles changed, in order of their first change."""
    audited: list[tuple[int, Alert | None]] = []
    """What people and policies did, by the place of the record in the batch; of an alert, of the one that tipped it."""
    duplicates: int = 0
    """Events whose id the seller's profile remembered: they changed nothing."""


class Label(Struct, gc=False):
    """A label, or what else the last phase has to note, in its place between the scored events."""

    index: int
    profile: Profile
    time: Micros
    recent: tuple[str, ...]
