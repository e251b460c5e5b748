"""river's half-space trees as small, safe bytes, and a scorer for whole batches of rows.

The shape of the trees follows from their seed, so only the masses of the leaves are stored: a restored
forest scores and learns like the original for ever. Rests on internals of river 0.26 (golden test).
Forests of equal `ForestParams` have equal shape, so one pass over a batch serves all of them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from river.anomaly import HalfSpaceTrees

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ForestParams(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Everything that fixes the shape of the trees. Features must lie in 0..1."""

    features: tuple[str, ...]
    n_trees: int = 20
    height: int = 6
    window_size: int = 250
    seed: int = 7

    def __post_init__(self) -> None:
        if not self.features or len(set(self.features)) != len(self.features):
            raise ValueError("trees need at least one feature, each named once")
        if not (1 <= self.n_trees <= 64 and 1 <= self.height <= 8):
            raise ValueError("n_trees must be 1..64 and height 1..8")
        if not 10 <= self.window_size <= 255:
            raise ValueError("window_size must be 10..255: the mass of a leaf is stored in one byte")

    @property
    def leaves(self) -> int:
        return 1 << self.height

    @property
    def max_total(self) -> int:
        """river's `_max_score`: the mass sum of a row that shares every node with all others."""
        return self.n_trees * self.window_size * (2 * self.leaves - 1)


class ForestState(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a forest has learned: leaf masses, tree by tree from left to right, a byte each."""

    counter: int = 0
    current: bytes = b""
    """The window being filled; empty when `counter` is 0."""
    reference: bytes = b""
    """The last full window, against which rows are scored; empty during the first."""

    def check(self, params: ForestParams) -> None:
        """Raises ValueError unless a forest of these params can be in this state."""
        if not 0 <= self.counter < params.window_size:
            raise ValueError("counter outside the window")
        _check_masses(params, self.current, self.counter)
        _check_masses(params, self.reference, params.window_size if self.reference else 0)


def _check_masses(params: ForestParams, masses: bytes, rows: int) -> None:
    if len(masses) != (params.n_trees * params.leaves if rows else 0):
        raise ValueError("wrong number of leaf masses")
    if rows and not (_leaf_masses(params, masses).sum(axis=1) == rows).all():
        raise ValueError("the leaves of a tree do not add up to the rows it has seen")


def new_forest(params: ForestParams) -> Any:
    """Returns river's model with its trees built and nothing learned."""
    forest = HalfSpaceTrees(params.n_trees, params.height, params.window_size, seed=params.seed)
    forest.learn_one(dict.fromkeys(params.features, 0.0))  # river builds the trees on the first row
    write_forest(forest, params, ForestState())
    return forest


def read_forest(forest: Any, params: ForestParams) -> ForestState:
    """Returns what `forest` has learned."""
    at = forest_shape(params).leaf_positions
    current = bytes(nodes[i].l_mass for nodes in forest._tree_nodes for i in at)
    reference = bytes(nodes[i].r_mass for nodes in forest._tree_nodes for i in at)
    return ForestState(forest.counter, current if forest.counter else b"", b"" if forest._first_window else reference)


def write_forest(forest: Any, params: ForestParams, state: ForestState) -> None:
    """Makes `forest` one that has learned exactly `state`."""
    order = forest_shape(params).preorder
    current = _node_masses(params, state.current)[:, order].tolist()
    reference = _node_masses(params, state.reference)[:, order].tolist()
    for nodes, l_masses, r_masses in zip(forest._tree_nodes, current, reference, strict=True):
        for node, l_mass, r_mass in zip(nodes, l_masses, r_masses, strict=True):
            node.l_mass, node.r_mass = l_mass, r_mass
    forest.counter = state.counter
    forest._first_window = not state.reference


def _leaf_masses(params: ForestParams, masses: bytes) -> Ints:
    shape = params.n_trees, params.leaves
    return np.frombuffer(masses, np.uint8).astype(np.int64).reshape(shape) if masses else np.zeros(shape, int)


def _level_masses(params: ForestParams, masses: bytes) -> list[Ints]:
    """Masses of the nodes, one array a level: a node has seen what its leaves have seen."""
    leaves = _leaf_masses(params, masses)
    return [leaves.reshape(params.n_trees, 1 << d, -1).sum(axis=2) for d in range(params.height + 1)]


def _node_masses(params: ForestParams, masses: bytes) -> Ints:
    return np.concatenate(_level_masses(params, masses), axis=1)


class ForestShape:
    """The trees as arrays. Nodes in heap order: the children of node i are 2i+1 and 2i+2."""

    def __init__(self, params: ForestParams, forest: Any) -> None:
        branches = params.leaves - 1
        self.preorder = np.fromiter(_preorder(0, branches), np.intp)
        self.leaf_positions: list[int] = np.flatnonzero(self.preorder >= branches).tolist()
        self.feature = np.empty((params.n_trees, branches), np.intp)
        self.threshold = np.empty((params.n_trees, branches))
        column = {name: i for i, name in enumerate(params.features)}
        for tree, nodes in enumerate(forest._tree_nodes):
            for i, node in zip(self.preorder, nodes, strict=True):
                if i < branches:
                    self.feature[tree, i] = column[node.feature]
                    self.threshold[tree, i] = node.threshold

    def digest(self) -> bytes:
        """Tells forests of another river, or another Python's `random`, apart."""
        shape = self.feature.astype("<i8").tobytes() + self.threshold.astype("<f8").tobytes()
        return blake2b(shape, digest_size=8).digest()


def _preorder(node: int, branches: int) -> Iterator[int]:
    yield node
    if node < branches:
        yield from _preorder(2 * node + 1, branches)
        yield from _preorder(2 * node + 2, branches)


@lru_cache(maxsize=8)
def forest_shape(params: ForestParams) -> ForestShape:
    forest = HalfSpaceTrees(params.n_trees, params.height, params.window_size, seed=params.seed)
    forest.learn_one(dict.fromkeys(params.features, 0.0))
    return ForestShape(params, forest)


class HalfSpaceScorer:
    """Scores rows against several forests of equal params: river's `score_one`, to the last bit.

    A row's score depends on nothing else in the batch. Forests in their first window have no opinion,
    where river answers 0: leave them out.
    """

    def __init__(self, params: ForestParams, references: Sequence[bytes]) -> None:
        shape = forest_shape(params)
        self._height = params.height
        self._max_total = params.max_total
        self._feature, self._threshold = shape.feature.ravel(), shape.threshold.ravel()
        trees = np.arange(params.n_trees)
        self._first_node = trees * (params.leaves - 1)
        self._first_leaf = trees * params.leaves - (params.leaves - 1)  # a heap counts its leaves last
        self._totals = np.stack([_path_totals(params, r).ravel() for r in references]) if references else None

    def score_many(self, forests: NDArray[np.intp], rows: Floats) -> Floats:
        """Scores row i (columns as `params.features`) against forest `forests[i]`."""
        if self._totals is None or not len(rows):
            return np.empty(len(rows))
        values = np.ascontiguousarray(rows).ravel()
        first_value = (np.arange(len(rows)) * rows.shape[1])[:, None]
        node = np.zeros((len(rows), len(self._first_node)), np.intp)
        for _ in range(self._height):
            split = node + self._first_node
            value = values.take(self._feature.take(split) + first_value)
            node = 2 * node + 1 + (value >= self._threshold.take(split))
        leaf = node + self._first_leaf + (forests * self._totals.shape[1])[:, None]
        scores: Floats = 1 - self._totals.take(leaf).sum(axis=1) / self._max_total
        return scores


def _path_totals(params: ForestParams, reference: bytes) -> Ints:
    """What river sums up on the way to each leaf: mass * 2**depth, until the first node of small mass."""
    totals = np.zeros((params.n_trees, params.leaves), np.int64)
    on_the_way = np.ones_like(totals, dtype=bool)
    for depth, level in enumerate(_level_masses(params, reference)):
        mass = level.repeat(params.leaves >> depth, axis=1)
        totals += np.where(on_the_way, mass << depth, 0)
        on_the_way &= mass >= 0.1 * params.window_size
    return totals
