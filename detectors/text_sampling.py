"""Which texts learn gets to see: those of sellers with a verdict, and a sample of those of proven ones."""

from collections.abc import Mapping
from typing import Final, Literal

from detectors.effects import Effects, Label
from detectors.events import DAY, Micros, Record, Source, VerdictGiven
from detectors.models.training import TrainingRow
from detectors.patterns.base import Row
from detectors.profiles.kept_texts import KeptText, place_of, places_of
from detectors.profiles.profile import Profile
from detectors.sampling import LOG, allowed

_By = Literal["verdict", "proven"]
PROVEN_AFTER: Final[Micros] = 30 * DAY
PROVEN_ORDERS: Final = 10
"""Who has sold for so long, and nothing came back, is taken to be clean."""
LAST_PART: Final = 1_000
"""Part of the rows with texts: behind all others of the same record."""


def keep_text(row: Row, record: Record, offset: int, plain: str, suspicious: bool, effects: Effects) -> None:
    """Keeps what a listing, or a sampled order, said; of a proven seller, shows it to learn as clean."""
    effects.texts[place_of(record.seller_id, plain)] = KeptText(record.seller_id, plain, record.logged_at)
    if row.sampled and not suspicious and row.proven and allowed(row.profile, row.time):
        source = Source(LOG, record.partition, offset, LAST_PART)
        effects.rows.append(_row(source, record, row.time, (plain,), "good", "proven"))


def is_proven(p: Profile, time: Micros) -> bool:
    """Whether the seller has traded for long enough without a complaint to be taken for clean."""
    return p.orders >= PROVEN_ORDERS and time - p.since >= PROVEN_AFTER and not p.complained and not p.standing


def note_texts(label: Label, record: Record, offset: int, texts: Mapping[str, KeptText], effects: Effects) -> None:
    """A verdict labels what the seller's listings said."""
    body = record.body
    if not isinstance(body, VerdictGiven):
        return
    said = []
    for place in places_of(record.seller_id):
        kept = effects.texts.get(place) or texts.get(place)
        if kept is None or kept.seller_id != record.seller_id:
            continue
        if label.profile.erased_at < kept.logged_at and record.logged_at < kept.expires_at:
            said.append(kept.plain)
    if said:
        source = Source(LOG, record.partition, offset, LAST_PART)
        found: Literal["bad", "good"] = "bad" if body.verdict == "confirmed" else "good"
        effects.rows.append(_row(source, record, label.time, tuple(said), found, "verdict"))


def _row(
    source: Source, record: Record, time: Micros, texts: tuple[str, ...], label: Literal["bad", "good"], by: _By
) -> TrainingRow:
    return TrainingRow(
        source,
        record.event_id,
        None,
        record.seller_id,
        "",
        time,
        record.logged_at,
        (),
        suspicious=False,
        label=label,
        label_source=by,
        texts=texts,
    )
