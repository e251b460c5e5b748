"""The fold of one log partition, as watch runs it live and replay runs it offline.

Nothing here reads a clock, a network or a file: the same records give the same bytes.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import structlog

from detectors.alert_policy import Policy
from detectors.budget import LINE
from detectors.decision import Alert
from detectors.erasure import ACTS as ERASING
from detectors.erasure import erase
from detectors.events import ActRecorded, ModelPublished, PolicyPublished, Record
from detectors.fold import Effects, KeptText, OrderRow, fold
from detectors.models.in_force import Models
from detectors.profiles.profile import Profile, kept_aside
from streams.audit.bodies import body_of
from streams.audit.chain import Chain
from streams.found import Found
from streams.marks import Marks
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf

log = structlog.get_logger()

APART = frozenset((ModelPublished, PolicyPublished, ActRecorded))
"""Events that teach no seller's profile."""
Audited = list[tuple[int, Record, Alert | None]]
"""(offset, record, the alert that it tipped) of what is to stand in the chain."""


@dataclass(slots=True)
class PartitionState:
    """What the fold remembers of a partition besides its sellers."""

    models: Models
    policy: Policy
    """In force; under the line that the budget asks for."""
    marks: Marks = field(default_factory=Marks)
    found: Found = field(default_factory=Found)
    """Of a partition that is stored elsewhere: what the records to come may ask for."""
    line: float = 0.0
    """That the budget asks for."""
    chain: Chain = field(default_factory=Chain)

    def decide_by(self, policy: Policy, line: float) -> None:
        """Changes over to a policy, or to another line of its budget."""
        self.policy, self.line = policy.with_raised(line), line


@dataclass(slots=True)
class Step:
    """A run of records folded together, and all that came of it."""

    effects: list[Effects] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    sources: dict[str, str] = field(default_factory=dict)
    found: dict[str, bytes] = field(default_factory=dict)
    models: dict[str, ModelPublished] = field(default_factory=dict)
    """What was published, by model: the last of each."""
    policy: PolicyPublished | None = None
    line: ModelPublished | None = None
    """The line that the budget asks for."""
    entries: list[tuple[str, bytes]] = field(default_factory=list)
    """(seller, entry) that the audit chain got."""
    chain: bytes | None = None
    """The chain as it is then, where it got some."""
    failed: list[tuple[int, Record, str]] = field(default_factory=list)
    """(offset, record, error) of records that could not be processed and changed nothing."""
    repeated: int = 0


def fold_step(
    state: PartitionState,
    records: Sequence[tuple[int, Record]],
    profiles: MutableMapping[str, Profile],
    order_rows: MutableMapping[str, OrderRow],
    shelf: ModelShelf,
    policies: PolicyShelf,
    texts: MutableMapping[str, KeptText] | None = None,
) -> Step:
    """Folds records of one partition, in order; repeats change nothing.

    Args:
        records: (offset, record) pairs.
        profiles: Of every seller of the records that has one; new ones are added.
        order_rows: Kept feature rows, at least of the orders that the records' labels name; new ones are added.
        texts: Kept texts of the sellers that the records' verdicts name; new ones are added.
    """
    step, said, audited = Step(), {} if texts is None else texts, Audited()
    for run in _runs(state, records, step, audited):
        first = run[0][1].body
        if isinstance(first, ActRecorded):
            if erase(run[0][1], profiles):
                step.changed.add(run[0][1].seller_id)
            continue
        if isinstance(first, ModelPublished) and first.model == LINE:
            line = shelf.line(first)
            if line is not None:
                state.decide_by(state.policy, line)
                step.line = first
                audited.append((*run[0], None))
            continue
        if isinstance(first, ModelPublished):
            models = shelf.take(state.models, first)
            if models is not None:
                state.models = models
                step.models[first.model] = first
                audited.append((*run[0], None))
            continue
        if isinstance(first, PolicyPublished):
            policy = policies.take(first)
            if policy is not None:
                state.decide_by(policy, state.line)
                step.policy = first
                audited.append((*run[0], None))
            continue
        for items, effects in _fold_run(run, profiles, order_rows, said, state, step):
            audited += [(*items[index], alert) for index, alert in effects.audited]
            step.effects.append(effects)
            step.changed.update(effects.changed)
            order_rows.update(effects.order_rows)
            said.update(effects.texts)
    if audited:
        _link(state.chain, audited, step)
    step.sources, step.found = state.marks.changes(), state.found.changes()
    return step


def _link(chain: Chain, audited: Audited, step: Step) -> None:
    """Adds to the chain in the order of the log, wherever the batch began."""
    for _, record, alert in sorted(audited, key=itemgetter(0)):
        step.entries.append((record.seller_id, chain.append(body_of(record, alert))))
    step.chain = chain.stored()


def _runs(
    state: PartitionState, records: Sequence[tuple[int, Record]], step: Step, audited: Audited
) -> Iterator[list[tuple[int, Record]]]:
    """Records that are new, in runs under one version of the models and one policy; acts go to `audited` alone."""
    run: list[tuple[int, Record]] = []
    for item in records:
        record = item[1]
        if not state.marks.advance(record.source) or (record.by_order and not state.found.take(record)):
            step.repeated += 1
            continue
        kind = type(record.body)
        if kind in APART:
            if kind is ActRecorded:
                if not state.chain.is_new(record.event_id):
                    continue
                audited.append((*item, None))
                if not isinstance(record.body, ActRecorded) or record.body.act not in ERASING:
                    continue
            if run:
                yield run
            yield [item]
            run = []
        else:
            run.append(item)
    if run:
        yield run


def _fold_run(
    run: list[tuple[int, Record]],
    profiles: MutableMapping[str, Profile],
    rows: Mapping[str, OrderRow],
    texts: Mapping[str, KeptText],
    state: PartitionState,
    step: Step,
) -> Iterator[tuple[Sequence[tuple[int, Record]], Effects]]:
    """Folds a run at once; where a record fails, one by one, leaving that one out."""
    sellers = {record.seller_id for _, record in run}
    before = {seller: kept_aside(profiles[seller]) for seller in sellers if seller in profiles}
    try:
        effects = fold([r for _, r in run], [o for o, _ in run], profiles, rows, state.models, state.policy, texts)
    except BaseException as error:
        _raise_unless_data(error)
        _restore(profiles, sellers, before)
    else:
        yield run, effects
        return
    for offset, record in run:
        seller = record.seller_id
        before = {seller: kept_aside(profiles[seller])} if seller in profiles else {}
        try:
            effects = fold([record], [offset], profiles, rows, state.models, state.policy, texts)
        except BaseException as error:
            _raise_unless_data(error)
            _restore(profiles, {seller}, before)
            log.exception("record_failed", event_id=record.event_id, offset=offset)
            step.failed.append((offset, record, repr(error)))
        else:
            yield [(offset, record)], effects


def _restore(profiles: MutableMapping[str, Profile], sellers: set[str], before: Mapping[str, Profile]) -> None:
    for seller in sellers:
        if seller in before:
            profiles[seller] = before[seller]
        else:
            profiles.pop(seller, None)


def _raise_unless_data(error: BaseException) -> None:
    """Passes on what is not the data's fault; a panic in a Rust extension is no `Exception`, but is."""
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit) or type(error).__name__ == "CancelledError":
        raise error
