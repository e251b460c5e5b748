"""What the log is told: of each event its record, with all that is known, and notices for the sellers it concerns."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec

from detectors.clusters import SURE
from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    LinkFound,
    ListingPublished,
    OtherSeller,
    Record,
    SellerBanned,
    SellerReinstated,
    Sighting,
    Source,
    Status,
    ValueListed,
)
from detectors.patterns.prices import PRICE
from detectors.profiles.sightings import value_strength
from streams.facts.incoming import INTEL, Incoming, changes_standing, listed_keys
from streams.facts.standings import Linked, Standing, link
from streams.facts.touching import MAX_OTHERS
from streams.facts.values import NewLink, Value
from streams.upstream import micros_of

MAX_TOLD = 4
"""Neighbours of each side of a new link that are told of it."""


class Telling:
    """The records of a batch, and what its events change in the sellers' standings.

    Args:
        batch: In the order of its events, with all that was found of them.
        standings: Of every seller that they name or meet; changed in place.
        values: Of every value, by store key, as they are after the batch.
        grown: Values that got a further seller: by which event, and how many they had before.
    """

    def __init__(
        self,
        batch: Sequence[Incoming],
        standings: Mapping[str, Standing],
        values: Mapping[str, Value],
        grown: Mapping[str, Sequence[tuple[Incoming, int]]],
    ) -> None:
        self._batch, self._standings, self._values, self._grown = batch, standings, values, grown
        self.changed: set[str] = set()
        """Sellers whose standing is now different."""
        self.records = [record for incoming in batch for record in self._records_of(incoming)]
        """What goes into the log, in order; the log partition is yet to be filled in."""

    def _records_of(self, incoming: Incoming) -> Iterable[Record]:
        if incoming.seller_id is None:
            return
        body = incoming.event.body
        others: list[tuple[str, LinkFound | ValueListed]] = []
        if isinstance(body, INTEL):
            others += _notices(incoming, body)
        if changes_standing(body):
            others += self._change_standing(incoming.seller_id, incoming)
        seen = tuple([told for sighting in _clearest(incoming) if (told := self._told(sighting)) is not None])
        joined = [new for found in incoming.links for new in found]
        others += [self._join(new) for new in joined]
        others += [told for new in joined for told in self._tell_neighbours(new, incoming)]
        record = _record(incoming, incoming.seller_id, incoming.source, incoming.event.event_id, body, seen)
        if incoming.order is not None or incoming.screened:
            record = msgspec.structs.replace(record, order=incoming.order, screened=incoming.screened)
        yield record
        for part, (other, notice) in enumerate(others, start=1):
            source = Source(incoming.source.topic, incoming.source.partition, incoming.source.offset, part)
            yield _record(incoming, other, source, f"{incoming.event.event_id}/{_part_name(notice)}/{part}", notice)

    def _change_standing(self, seller_id: str, incoming: Incoming) -> list[tuple[str, LinkFound]]:
        """A ban, its end, or a confirmed verdict is told to every seller that is linked."""
        standing, body = self._standings[seller_id], incoming.event.body
        source, before = f"{incoming.origin}/{incoming.source.offset}", standing.status
        if isinstance(body, SellerBanned):
            standing.status = "banned"
        elif isinstance(body, SellerReinstated):
            standing.status = ""
        elif standing.status != "banned":
            standing.status = "confirmed"
        if standing.status == before and standing.changed_by != source:
            return []
        standing.changed_by = source
        self.changed.add(seller_id)
        return [(by.seller_id, self._notice(incoming, seller_id, by, standing.status)) for by in standing.linked]

    def _notice(self, incoming: Incoming, seller_id: str, by: Linked, status: Status) -> LinkFound:
        sellers = self._sharing(f"v:{by.kind}:{by.value}", incoming)
        return LinkFound(seller_id, by.kind, by.value, by.own_role, sellers, status, by.role)

    def _sharing(self, key: str, incoming: Incoming) -> int:
        """How many sellers shared a value when the event came; two at least, of one that is forgotten by now."""
        known = self._values.get(key)
        sellers = known.distinct if known else 0
        if key not in self._grown:
            return max(sellers, 2)
        place = self._places
        joined_later = (before for joined, before in self._grown[key] if place[id(joined)] > place[id(incoming)])
        return max(next(joined_later, sellers), 2)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """Which event of the batch each is."""
        return {id(each): number for number, each in enumerate(self._batch)}

    def _told(self, sighting: Sighting) -> Sighting | None:
        """What the log is told: of who else asks a price only those that were banned or confirmed, if any."""
        if sighting.kind != PRICE:
            return self._with_standing(sighting)
        banned = [o for o in self._with_standing(sighting).others if o.status]
        return msgspec.structs.replace(sighting, others=tuple(banned[:MAX_OTHERS])) if banned else None

    def _with_standing(self, sighting: Sighting) -> Sighting:
        for other in sighting.others:
            if self._status(other.seller_id):
                break
        else:
            return sighting
        others = [OtherSeller(o.seller_id, o.last_seen, o.role, self._status(o.seller_id)) for o in sighting.others]
        others.sort(key=lambda other: (not other.status, -other.last_seen))
        return msgspec.structs.replace(sighting, others=tuple(others))

    def _status(self, seller_id: str) -> Status:
        standing = self._standings.get(seller_id)
        return standing.status if standing else ""

    def _join(self, new: NewLink) -> tuple[str, LinkFound]:
        """Both sellers remember the link; the other one is told of it in its log."""
        one, other, kind, value = new.seller_id, new.other.seller_id, new.kind, new.value
        if link(self._standings[one], Linked(other, kind, value, new.other.role, new.role)):
            self.changed.add(one)
        if link(self._standings[other], Linked(one, kind, value, new.role, new.other.role)):
            self.changed.add(other)
        return other, LinkFound(one, kind, value, new.role, new.sellers, self._status(one), new.other.role)

    def _tell_neighbours(self, new: NewLink, incoming: Incoming) -> Iterable[tuple[str, LinkFound]]:
        """Each side's neighbours are told of the other side, and the other side of them: a ring is more than a tie."""
        if not was_sure(new):
            return
        one, other = new.seller_id, new.other.seller_id
        tied = {seller: self._surely_linked(seller, incoming) for seller in (one, other)}
        sure = is_sure(new)
        for middle, far in ((one, other), (other, one)) if sure else ((other, one),):
            for by in _neighbours(tied[middle], far, tied[far], new.value):
                sharing = self._sharing(f"v:{by.kind}:{by.value}", incoming)
                yield by.seller_id, LinkFound(far, new.kind, new.value, "seller", new.sellers, through=middle)
                if sure:
                    yield far, LinkFound(by.seller_id, by.kind, by.value, "seller", sharing, through=middle)

    def _surely_linked(self, seller: str, incoming: Incoming) -> dict[str, Linked]:
        found: dict[str, Linked] = {}
        for by in self._standings[seller].linked:
            sharing = self._sharing(f"v:{by.kind}:{by.value}", incoming)
            if by.role == by.own_role == "seller" and value_strength(by.kind, sharing) >= SURE:
                found.setdefault(by.seller_id, by)
        return found


def _notices(incoming: Incoming, body: IntelListed | IntelWithdrawn) -> list[tuple[str, ValueListed]]:
    """What the sellers that own the value are told."""
    withdrawn, until = isinstance(body, IntelWithdrawn), micros_of(body.expires_at)
    notices = []
    for key, sellers in zip(listed_keys(incoming), incoming.owners, strict=True):
        _, kind, digest = key.split(":", 2)
        notice = ValueListed(kind, digest, body.source, body.reason, until, withdrawn)
        notices += [(seller, notice) for seller in dict.fromkeys(sellers)]
    return notices


def _neighbours(near: Mapping[str, Linked], far: str, known: Mapping[str, Linked], value: str) -> list[Linked]:
    """The first few that are near, and not tied to `far`: one value joins all that have it."""
    found = [by for seller, by in near.items() if seller != far and seller not in known and by.value != value]
    return found[:MAX_TOLD]


def is_sure(new: NewLink) -> bool:
    """Whether a link alone ties two sellers, by what both have as their own."""
    return new.role == new.other.role == "seller" and value_strength(new.kind, new.sellers) >= SURE


def was_sure(new: NewLink) -> bool:
    """Whether it is sure, or the value tied its sellers until this one came: who was told of that hears its end."""
    return new.role == new.other.role == "seller" and value_strength(new.kind, new.sellers - 1) >= SURE


def _part_name(notice: LinkFound | ValueListed) -> str:
    return "link" if isinstance(notice, LinkFound) else "listed"


def _clearest(incoming: Incoming) -> list[Sighting]:
    """The sightings there are; of a sketch, which is looked up by its parts, the one that most sellers share."""
    seen = [sighting for sighting in incoming.sightings if sighting is not None]
    if not seen or not isinstance(incoming.event.body, ListingPublished):
        return seen
    best: dict[tuple[str, str], Sighting] = {}
    for sighting in seen:
        known = best.get((sighting.kind, sighting.value))
        if known is None or (sighting.sellers, sighting.events) > (known.sellers, known.events):
            best[sighting.kind, sighting.value] = sighting
    return list(best.values())


def _record(
    incoming: Incoming, seller: str, source: Source, event_id: str, body: object, seen: tuple[Sighting, ...] = ()
) -> Record:
    event, by_order = incoming.event, incoming.event.seller_id is None
    return Record(-1, source, incoming.logged_at, event_id, event.event_time, seller, body, seen, by_order)  # type: ignore[arg-type]
