"""The fold of the log: records in, decisions, alerts and training rows out; nothing else is touched.

Three phases. First, event by event: profiles learn, features are computed. Then, all at once: models and
patterns judge the whole batch in numpy. Last, event by event: alert policy, decisions, rows. The first
phase never looks at what the last one keeps, so it does not matter where a batch begins or ends.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from detectors.alert_policy import Policy
from detectors.deciding import Deciding
from detectors.decision import encode_alert, encode_decision
from detectors.effects import Effects, Label
from detectors.events import (
    AlertSnoozed,
    ListingPublished,
    Micros,
    OrderPlaced,
    PaymentDisputed,
    Record,
    SellerBanned,
    SellerReinstated,
    VerdictGiven,
)
from detectors.expectations import Market
from detectors.judging import judge
from detectors.language.reader import Reader, reader_of
from detectors.learning import LEARN, SCORED
from detectors.models.in_force import Models
from detectors.patterns.base import Row
from detectors.patterns.facets import NOTHING, FacetNumbers, states_of
from detectors.patterns.features import measure, unpacked
from detectors.profiles.kept_texts import KeptText, decode_kept_text, encode_kept_text, labelled_texts
from detectors.profiles.moment import Moment
from detectors.profiles.order_rows import HORIZON, OrderRow, decode_order_row, encode_order_row
from detectors.profiles.profile import AHEAD, EVENT_HASH, REMEMBERED, REMEMBERED_EVENTS, Profile, advance
from detectors.sampling import SAMPLED, note_label
from detectors.text_sampling import is_proven, note_texts

__all__ = [
    "NO_TEXTS",
    "Effects",
    "KeptText",
    "OrderRow",
    "decode_kept_text",
    "decode_order_row",
    "encode_alert",
    "encode_decision",
    "encode_kept_text",
    "encode_order_row",
    "fold",
    "labelled_orders",
    "labelled_texts",
]

NO_TEXTS: Final[Mapping[str, KeptText]] = {}
_NOTED: Final = (PaymentDisputed, VerdictGiven, SellerReinstated, AlertSnoozed)
_AUDITED: Final = (VerdictGiven, AlertSnoozed, SellerBanned, SellerReinstated)


def fold(
    records: Sequence[Record],
    offsets: Sequence[int],
    sellers: MutableMapping[str, Profile],
    order_rows: Mapping[str, OrderRow],
    models: Models,
    policy: Policy,
    texts: Mapping[str, KeptText] = NO_TEXTS,
) -> Effects:
    """Folds records of one partition into the profiles of their sellers.

    Args:
        records: In the order of the log, free of repeats of a source record.
        offsets: Of the records.
        sellers: Profiles of all sellers of the records that have one; new ones are added.
        order_rows: Rows kept earlier, at least those that `labelled_orders` names.
        models: The one version in force for all of the records.
        texts: Texts kept earlier, at least those that `labelled_texts` names.
    """
    effects = Effects()
    reader = reader_of(policy.lexicon, models.words)
    steps, measured, facets = _learn(records, sellers, order_rows, policy.market, reader, effects)
    rows = [step for step in steps if type(step) is Row]
    judged = judge(rows, unpacked(measured), facets.features(len(rows)), models, policy.catalogue)
    deciding = Deciding.of(judged, policy, effects)
    at = 0
    for step in steps:
        index = step.index
        if type(step) is Row:
            deciding.decide(at, step, records[index], offsets[index])
            at += 1
        elif type(step) is Label:
            note_label(step, records[index], offsets[index], order_rows, policy, effects)
            note_texts(step, records[index], offsets[index], texts, effects)
    return effects


def labelled_orders(records: Iterable[Record], sellers: Mapping[str, Profile]) -> Iterator[str]:
    """Orders whose kept rows the records' labels need; a verdict labels the seller's last orders."""
    for record in records:
        body = record.body
        if isinstance(body, PaymentDisputed):
            yield body.order_id
        elif isinstance(body, VerdictGiven) and record.seller_id in sellers:
            yield from sellers[record.seller_id].recent


def _learn(
    records: Sequence[Record],
    sellers: MutableMapping[str, Profile],
    order_rows: Mapping[str, OrderRow],
    market: Market,
    reader: Reader,
    effects: Effects,
) -> tuple[list[Row | Label], list[bytes], FacetNumbers]:
    """Phase one: what the last phase has to go through, and the raw numbers of the scored events."""
    steps: list[Row | Label] = []
    measured: list[bytes] = []
    facets = FacetNumbers()
    placed: dict[str, tuple[str, int, Micros, Micros]] = {}
    changed = effects.changed
    kept, from_bytes = EVENT_HASH - EVENT_HASH * REMEMBERED_EVENTS, int.from_bytes
    for index, record in enumerate(records):
        seller_id = record.seller_id
        if not seller_id:
            continue
        latest = record.logged_at + AHEAD
        time = record.event_time if record.event_time < latest else latest
        p = sellers.get(seller_id)
        if p is None or record.logged_at > p.logged_at + REMEMBERED:
            time = time if time > 0 else 0
            erased_at = p.erased_at if p is not None else 0
            p = sellers[seller_id] = Profile(clock=time, since=time, logged_at=record.logged_at, erased_at=erased_at)
        digest = blake2b(record.event_id.encode(), digest_size=EVENT_HASH).digest()
        if digest in p.event_ids:
            effects.duplicates += 1
            continue
        p.event_ids = p.event_ids[kept:] + digest
        if record.logged_at > p.logged_at:
            p.logged_at = record.logged_at
        changed[seller_id] = None
        advance(p, time)
        time = p.clock
        body: Any = record.body
        kind = type(body)
        moment = Moment(market, reader)
        if kind is PaymentDisputed:
            _find_order(moment, record, p.erased_at, placed, order_rows)
        for learn in LEARN.get(kind, ()):
            learn(p, record, body, time, moment)
        if kind in SCORED:
            states = states_of(p)
            if states != NOTHING:
                facets.take(len(measured), states, p, moment)
            measured.append(measure(p, moment))
            sampled = digest[0] % SAMPLED == 0
            chance, is_order = from_bytes(digest[1:5], "big"), kind is OrderPlaced
            now, links, cohort = p.recent, p.links, p.cohort
            row = Row(index, p, time, p.orders, p.usual_currency, now, links, cohort, sampled, is_order, states, chance)
            if moment.reading is not None and (sampled or kind is ListingPublished):
                row.plain, row.proven = moment.reading.plain, is_proven(p, time)
            steps.append(row)
            if is_order:
                placed[body.order_id] = (seller_id, p.orders, time, record.logged_at)
        else:
            if kind in _NOTED:
                steps.append(Label(index, p, time, p.recent))
            if kind in _AUDITED:
                effects.audited.append((index, None))
    return steps, measured, facets


def _find_order(
    m: Moment,
    record: Record,
    erased_at: Micros,
    placed: Mapping[str, tuple[str, int, Micros, Micros]],
    order_rows: Mapping[str, OrderRow],
) -> None:
    """Which order a dispute is about, while that is still known."""
    body = record.body
    assert isinstance(body, PaymentDisputed)
    found = placed.get(body.order_id)
    if found is None:
        row = order_rows.get(body.order_id)
        if row is None or row.logged_at <= erased_at:
            return
        found = (row.seller_id, row.number, row.event_time, row.logged_at)
    seller_id, number, time, logged_at = found
    if seller_id == record.seller_id and record.logged_at < logged_at + HORIZON:
        m.order_number, m.order_time = number, time
