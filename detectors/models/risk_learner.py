"""Learns from labels that come days later how likely an order turns out bad: a pure fold over training rows."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np

from detectors.events import DAY, SECOND, Micros
from detectors.models.clean_orders import CleanOrders, order_key
from detectors.models.curves import BIAS, LEVELS, Shape, shape_of
from detectors.models.publication import PublicationClock
from detectors.models.risk_model import MICRO
from detectors.models.risk_scale import RiskScale
from detectors.models.risk_snapshot import (
    Early,
    Held,
    Publication,
    RiskParams,
    RiskState,
    pack_publication,
    pack_state,
    publication_version,
    unpack_state,
)
from detectors.models.risk_weights import RiskWeights
from detectors.models.training import TrainingRow
from detectors.models.validation import Validation

WINDOW: Final = 500
"""Labelled rows in which one seller may teach only so often:"""
OF_ONE_SELLER: Final = 25
EARLY: Final = 1_000
"""Outcomes that wait until there are enough for the first knots."""
FEW, REPEATED = 150, 3
"""The first so many bad rows are each learned so often: a new fraud is to be known after some dozens of labels."""
BESIDE: Final = 4
"""Rows taken for good that have been learned for each bad one, at least."""
REMEMBERED: Final = 4_096
"""Orders whose label was learned: a second label of theirs teaches nothing."""
DOUBT: Final = 15.0
"""Bad rows at which the model is trusted by half."""
RISK: Final = "risk"
"""Name of the model of what turns out bad."""
CHALLENGER: Final = "challenger"
"""Name of the model that scores in the shadow."""
NAMES: Final = 16
"""Names that a learner remembers it had: promotions are rare, and labels come within weeks."""


class RiskLearner:
    """Learns from disputes, verdicts, and sampled orders that stayed clean for longer than labels take.

    Bad rows all teach; clean ones by as much as they stand for. No seller gives more than 5 % of the
    labelled rows of a window.

    Where bad labels come long before an order can count as clean, in a new installation or a backfill, orders that have
    waited longest are taken for good at once: who learns bad ones alone takes all for bad (fake negatives; Ktena et
    al.: Addressing Delayed Feedback for Continuous Training, 2019). A label that comes later is learned all the same.

    Args:
        name: Under which it publishes.
        features: Names of the columns of a row.
        pairs: Features whose meaning depends on each other.
        publish_every: Interval between publications.
    """

    def __init__(
        self,
        name: str,
        features: Sequence[str],
        *,
        pairs: Sequence[tuple[str, str]] = (),
        rate: float = 0.3,
        publish_every: Micros = 600 * SECOND,
        publish_rows: int = 50,
    ) -> None:
        self.name = name
        self.params = RiskParams(tuple(features), tuple(pairs), rate)
        self.due = False
        """Whether a model is to be published now, after the row learned last."""
        self.learned, self.bad, self.now = 0, 0.0, 0
        self._clock = PublicationClock(publish_every, publish_rows, 1)
        self._seen = np.zeros((len(features), LEVELS), np.int64)
        self._seen_bad = np.zeros_like(self._seen)
        self._shape: Shape | None = None
        self._shaped_at = self._rows = 0
        self._weights = RiskWeights(rate, self.params.damping, self.params.memory)
        self._scale = RiskScale()
        self.validation = Validation()
        self._clean = CleanOrders(self.params.capacity)
        self._early: list[Early] = []
        self._known: dict[bytes, None] = {}
        self._taught: dict[int, int] = {}
        self._names: list[tuple[str, int]] = []
        """Under which names it has published, and since which training offset."""

    # -- what it learns -------------------------------------------------------------------------

    @property
    def published_at(self) -> Micros | None:
        """When a model was due last, by the log's clock: the start of that interval."""
        return None if self._clock.last_slot is None else self._clock.last_slot * self._clock.interval

    def learn_one(self, row: TrainingRow) -> None:
        self.due = False
        if len(row.features) != len(self.params.features) or row.order_id is None:
            return
        self.now = max(self.now, row.logged_at)
        levels = bytes([int(value * 255.0 + 0.5) for value in row.features])
        key = order_key(row.order_id)
        if row.label is None:
            self._hold(row, key, levels)
        elif key not in self._known:
            self._learn_label(row, key, levels)
        for order in self._clean.clean(self.now):
            self.validation.note(order.risk, False, order.weight)
            self._teach(order.levels, False, float(order.weight))
        while self._good < BESIDE * self.bad and (waiting := self._clean.longest()) is not None:
            self._teach(waiting.levels, False, float(waiting.weight))
        ready = self._shape is not None and self.params.warm_bad <= self.bad <= self._good
        self.due = ready and self._clock.tick(row.logged_at, self.learned)

    def _hold(self, row: TrainingRow, key: bytes, levels: bytes) -> None:
        if not row.extra:
            self._rows += 1
            self._seen[np.arange(len(levels)), np.frombuffer(levels, np.uint8)] += 1
            if self._rows >= max(self.params.warm_rows, 2 * self._shaped_at) and self._enough_bad():
                self._cut()
        if not row.unjudged:
            self._clean.hold(Held(key, row.logged_at, row.weight, levels, self._opinion(row)))

    def _opinion(self, row: TrainingRow) -> float:
        """What a version of its own gave the order when it was scored; -1 where none did, or it is not known which.

        By a promotion learners change names while labels are on their way: the opinion under the name that this
        one has now may be the other's, and the one under the other name its own.
        """
        given = (RISK, row.risk_offset, row.risk), (CHALLENGER, row.challenger_offset, row.challenger)
        return next((chance for name, offset, chance in given if self._name_at(offset) == name), -1.0)

    def _name_at(self, training_offset: int) -> str | None:
        """Under which name it published then; None where that was before its first version."""
        return next((name for name, since in reversed(self._names) if since <= training_offset), None)

    @property
    def _good(self) -> float:
        """Rows that were learned as good."""
        return self.learned - self.bad

    def _enough_bad(self) -> bool:
        return int(self._seen_bad[0].sum()) >= self.params.warm_bad

    def _cut(self) -> None:
        """Takes the knots anew from all rows so far; the curves stay what they are."""
        at = {name: number for number, name in enumerate(self.params.features)}
        shape = shape_of(self._seen, self._seen_bad, [(at[a], at[b]) for a, b in self.params.pairs])
        if self._shape is not None:
            self._weights.reshape(self._shape, shape)
        self._shape, self._shaped_at = shape, self._rows
        early, self._early = self._early, []
        for row in early:
            self._teach(row.levels, row.bad, row.weight)

    def _learn_label(self, row: TrainingRow, key: bytes, levels: bytes) -> None:
        self._known[key] = None
        if len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._clean.take(key)
        bad = row.label == "bad"
        self.validation.note(self._opinion(row), bad, 1)
        if bad and row.label_source == "dispute":
            self._clean.note_delay((row.logged_at - row.event_time) / DAY)
        if not self._admits(row.seller_id):
            return
        if bad:
            self._seen_bad[np.arange(len(levels)), np.frombuffer(levels, np.uint8)] += 1
        self._teach(levels, bad, 1.0)

    def _admits(self, seller_id: str) -> bool:
        if sum(self._taught.values()) >= WINDOW:
            self._taught.clear()
        seller = int.from_bytes(blake2b(seller_id.encode(), digest_size=4).digest(), "little")
        count = self._taught.get(seller, 0)
        self._taught[seller] = count + 1
        return count < OF_ONE_SELLER

    def _teach(self, levels: bytes, bad: bool, weight: float) -> None:
        if self._shape is None:
            self._early.append(Early(levels, bad, weight))
            del self._early[:-EARLY]
            return
        row = self._shape.row(levels)
        averages = self._weights.averages
        total = sum([averages.get(key, 0.0) * part for key, part in row.items()])
        self._scale.learn_one(total, bad, weight, self.learned)
        for _ in range(REPEATED if bad and self.bad < FEW else 1):
            self._weights.learn_one(row, bad, weight)
        self.learned += 1
        self.bad += bad

    # -- what it gives --------------------------------------------------------------------------

    def publishes_as(self, name: str, training_offset: int) -> None:
        """Versions of this name, from this offset of the training topic on, are its own."""
        if not self._names or self._names[-1][0] != name:
            self._names.append((name, training_offset))
            del self._names[:-NAMES]
        self.name = name

    def publication(self) -> bytes:
        """The model for watch; only once there is one, when `due` has been true."""
        assert self._shape is not None
        averages = self._weights.averages
        at, odds = self._scale.odds()
        return pack_publication(
            Publication(
                self.params.features,
                round(self.bad / (self.bad + DOUBT), 6),
                round(averages[BIAS] * MICRO),
                _millionths(self._shape.curves(averages)),
                self._shape.pairs,
                self._shape.cells,
                _millionths(self._shape.tables(averages)),
                tuple(round(value * MICRO) for value in at),
                odds,
            )
        )

    def version(self, training_offset: int, publication: bytes) -> str:
        return publication_version(self.name, training_offset, publication)

    def snapshot(self) -> bytes:
        """Everything learned: equal bytes for equal learners."""
        shape = self._shape or Shape((), (), (), ())
        return pack_state(
            RiskState(
                self.params,
                self._clock,
                self.now,
                self.learned,
                self.bad,
                self._seen.astype("<i8").tobytes(),
                self._seen_bad.astype("<i8").tobytes(),
                self._rows,
                self._shaped_at,
                shape.knots,
                shape.usual,
                shape.cells,
                *self._weights.state(),
                self._weights.steps,
                self._scale.state(),
                self.validation.state(),
                tuple(self._clean.delays),
                self._clean.held,
                self._clean.level,
                tuple(self._early),
                tuple(self._known),
                self._taught,
                tuple(self._names),
            )
        )

    @classmethod
    def restore(cls, name: str, snapshot: bytes) -> "RiskLearner":
        """The learner that goes on exactly where the one of this snapshot stood, or RiskSnapshotError."""
        state = unpack_state(snapshot)
        params = state.params
        learner = cls(name, params.features, pairs=params.pairs, rate=params.rate)
        learner.params, learner._clock = params, state.clock
        learner.now, learner.learned, learner.bad = state.now, state.learned, state.bad
        learner._seen = np.frombuffer(state.seen, "<i8").reshape(-1, LEVELS).copy()
        learner._seen_bad = np.frombuffer(state.seen_bad, "<i8").reshape(-1, LEVELS).copy()
        learner._rows, learner._shaped_at = state.rows, state.shaped_at
        if state.knots:
            at = {name: number for number, name in enumerate(params.features)}
            pairs = tuple((at[a], at[b]) for a, b in params.pairs)
            learner._shape = Shape(state.knots, state.usual, pairs, state.cells)
        learner._weights = RiskWeights(params.rate, params.damping, params.memory)
        learner._weights.restore(state.keys, state.weights, state.squares, state.averages, state.steps)
        learner._scale = RiskScale(state.scale)
        learner.validation = Validation(state.judged)
        learner._clean = CleanOrders(params.capacity, state.held, state.level, state.delays)
        learner._early = list(state.early)
        learner._known = dict.fromkeys(state.known)
        learner._taught = dict(state.taught)
        if state.names is not None:
            learner._names = list(state.names)
        elif learner.published_at is not None:
            learner._names = [(name, 0)]  # what is in force is its own; rows from before name no version
        return learner


def _millionths(heights: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    return np.rint(np.clip(heights, -1_000.0, 1_000.0) * MICRO).astype("<i4").tobytes()
