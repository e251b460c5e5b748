"""Gathers the facts of a batch of events before they enter the log: sellers, sightings, links.

Touches no network itself: it names the records it needs (`first_keys`, `second_keys`), is handed
them, and says which have changed. Intake runs it on Redis, a replay on a dictionary.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from detectors.clusters import SURE
from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    KnownOrder,
    LinkFound,
    ListingPublished,
    Micros,
    OrderDelivered,
    OrderPlaced,
    OtherSeller,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentReleased,
    Record,
    ReportFiled,
    ReviewLeft,
    Screened,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ShipmentCreated,
    Sighting,
    Source,
    Status,
    ValueListed,
    VerdictGiven,
)
from detectors.parts import parts_ordered
from detectors.prices import PRICE, price_points
from detectors.sightings import value_strength
from detectors.sketches import listing_sketches, names
from streams.entities import (
    MAX_OTHERS,
    SKETCHES,
    Linked,
    Listing,
    NewLink,
    Order,
    Role,
    Standing,
    Touch,
    Value,
    decode_order,
    decode_standing,
    decode_value,
    encode,
    follow,
    known_order,
    link,
    listing_of,
    look,
    order_of,
    owners,
    touch,
)
from streams.privacy import Personal
from streams.upstream import Event, micros_of

TOUCHING: dict[type, tuple[Role, tuple[str, ...]]] = {
    OrderPlaced: ("buyer", ("buyer_id", "device_id", "ip", "ip_prefix", "ship_to")),
    PaymentCaptured: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    PaymentFailed: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    ShipmentCreated: ("seller", ("origin",)),
    ListingPublished: ("seller", ()),
    SellerRegistered: (
        "seller",
        (
            "email",
            "phone",
            "payout_account",
            "tax_id",
            "legal_name",
            "display_name",
            "device_id",
            "ip",
            "ip_prefix",
            "address",
        ),
    ),
}
TOUCHING[SellerUpdated] = TOUCHING[SellerRegistered]
SPEAKING: dict[type, tuple[str, str]] = {ReviewLeft: ("buyer_id", "reviewer"), ReportFiled: ("reporter_id", "reporter")}
"""Who says something of a seller has a record as such, beside the one as a buyer, which is only looked at."""
ABOUT_ORDER = frozenset((ShipmentCreated, PaymentReleased, PaymentDisputed, ReviewLeft))
"""Events that carry what was known of their order."""
FOLLOWING = frozenset((OrderDelivered, PaymentReleased))
INTEL = (IntelListed, IntelWithdrawn)
MAX_TOLD = 4
"""Neighbours of each side of a new link that are told of it."""


class Incoming(Struct, gc=False):
    """One event on its way into the log; its personal values are hashes already."""

    source: Source
    logged_at: Micros
    event: Event
    values: Mapping[str, Personal]
    origin: str = ""
    """Topic and partition of the source, `orders/3`."""
    event_hash: int = 0
    order_key: str | None = None
    """Store key of the order that the event names."""
    touched: list[tuple[str, str, Personal]] = []
    """Store key, kind and value of each value that the event touches, each once."""
    looked_at: list[tuple[str, str, Personal]] = []
    """The same of what it names without touching it."""
    prices: list[str] = []
    """Unusual prices that it shows: they are nobody's secret, and stand in their keys as they are."""
    order: KnownOrder | None = None
    """What was known of the order it names, where that matters."""
    seller_id: str | None = None
    """`None`: its order is not known, it must wait."""
    sightings: list[Sighting | None] = []
    """Of each touch, in order."""
    links: list[list[NewLink]] = []
    owners: list[list[str]] = []
    """Of each value that the event lists or withdraws: the sellers that own it."""
    screened: tuple[Screened, ...] = ()
    """List entries that its names may be."""

    def __post_init__(self) -> None:
        self.origin = f"{self.source.topic}/{self.source.partition}"
        self.event_hash = zlib.crc32(self.event.event_id.encode())
        body = self.event.body
        if (order := getattr(body, "order_id", None)) is not None:
            self.order_key = f"o:{order}"
        if isinstance(body, (OrderPlaced, ListingPublished)):
            self.prices = price_points(body)
        if self.values and type(body) in TOUCHING:
            fields = TOUCHING[type(body)][1]
            found = {f"v:{p.kind}:{p.hash}": p for name in fields if (p := self.values.get(name)) is not None}
            self.touched = [(key, personal.kind, personal) for key, personal in found.items()]
        elif isinstance(body, ListingPublished):
            self.touched = [
                (f"v:{kind}:{name}", kind, Personal(kind, sketch, ""))
                for kind, sketch in listing_sketches(body.image_hashes, body.description or "")
                for name in names(kind, sketch)
            ]
        elif self.values and (speaking := SPEAKING.get(type(body))):
            field, kind = speaking
            if (personal := self.values.get(field)) is not None:
                self.touched = [(f"v:{kind}:{personal.hash}", kind, personal)]
                self.looked_at = [(f"v:{personal.kind}:{personal.hash}", personal.kind, personal)]

    def touch(
        self,
        seller: str,
        role: Role,
        *,
        amount_minor: int | None = None,
        bad: bool = False,
        placed_at: Micros = 0,
        listed: tuple[str, Listing] | None = None,
        withdrawn: str | None = None,
        parts: int = 0,
    ) -> Touch:
        """The event as the values see it that it touches."""
        return Touch(
            seller,
            role,
            self.event.event_time,
            self.origin,
            self.source.offset,
            self.event_hash,
            amount_minor,
            bad,
            placed_at,
            listed,
            withdrawn,
            parts,
        )


class _Touched(Struct, gc=False):
    incoming: Incoming
    slot: int
    kind: str
    digest: str
    by: Touch


Hashes = Callable[[str, str], list[str]]
"""Further hashes of a value, by its kind and text."""


class Gathering:
    """The facts of one batch, gathered in the order of its events.

    Args:
        former: Hashes under keys that are being replaced.
        shared: Hashes under keys that are shared with other marketplaces: only their listings are looked at.
    """

    def __init__(self, batch: list[Incoming], former: Hashes | None = None, shared: Hashes | None = None) -> None:
        self.batch = batch
        self._former = former
        self._shared_hashes = shared
        self._shared: dict[str, list[str]] = {}
        """Store keys under which other marketplaces may have listed a value, by its own key."""
        self._orders: dict[str, Order] = {}
        self._changed_orders: dict[str, None] = {}
        self._values: dict[str, Value] = {}
        self._touches: dict[str, list[_Touched]] = {}
        self._changed_values: dict[str, None] = {}
        self._grown: dict[str, list[tuple[Incoming, int]]] = {}
        """Values that got a further seller: by which event, and how many they had before."""
        self._standings: dict[str, Standing] = {}
        self._changed_standings: set[str] = set()
        self._moved: dict[str, list[str]] = {}
        self._made: list[Record] | None = None

    # -- round one: orders and values -----------------------------------------------------------

    def first_keys(self) -> list[str]:
        """Keys of all the orders and values that the events name."""
        keys: dict[str, None] = {}
        for incoming in self.batch:
            if incoming.order_key is not None:
                keys[incoming.order_key] = None
            for key, kind, personal in (*incoming.touched, *incoming.looked_at):
                keys[key] = None
                if kind not in SKETCHES:
                    self._find_former(key, kind, personal, keys)
                    self._find_shared(key, kind, personal, keys)
            for point in incoming.prices:
                keys[f"v:{PRICE}:{point}"] = None
            body = incoming.event.body
            if isinstance(body, INTEL):
                keys.update(dict.fromkeys(_listed_keys(incoming)))
                if self._former is not None:
                    for personal in incoming.values.values():
                        self._find_former(f"v:{personal.kind}:{personal.hash}", personal.kind, personal, keys)
        return list(keys)

    def _find_former(self, key: str, kind: str, personal: Personal, keys: dict[str, None]) -> None:
        """While a key is being rotated, what is remembered under the former hash is found as well."""
        if self._former is None or key in self._moved:
            return
        self._moved[key] = [f"v:{kind}:{digest}" for digest in self._former(personal.kind, personal.raw)]
        keys.update(dict.fromkeys(self._moved[key]))

    def _find_shared(self, key: str, kind: str, personal: Personal, keys: dict[str, None]) -> None:
        if self._shared_hashes is None or key in self._shared:
            return
        self._shared[key] = [f"v:{kind}:{digest}" for digest in self._shared_hashes(kind, personal.raw)]
        keys.update(dict.fromkeys(self._shared[key]))

    def take_first(self, found: Mapping[str, bytes | None]) -> None:
        """Finds sellers and buyers by their orders; events whose order is unknown get no seller."""
        self._load_values(found)
        for key, raw in found.items():
            if raw is not None and key.startswith("o:"):
                self._orders[key] = decode_order(raw)
        for incoming in self.batch:
            self._take_order(incoming)

    def _take_order(self, incoming: Incoming) -> None:
        """Finds the event's seller by its order, and what was known of that order."""
        body, seller, key = incoming.event.body, incoming.event.seller_id, incoming.order_key
        incoming.seller_id = seller
        if key is None:
            return
        order = self._orders.get(key)
        if order is None:
            if isinstance(body, OrderPlaced) and seller:
                self._orders[key] = order_of(seller, body, incoming.event.event_time)
                self._changed_orders[key] = None
            return
        incoming.seller_id = seller or order.seller_id
        if order.seller_id == incoming.seller_id:
            kind = type(body)
            if kind in ABOUT_ORDER:
                incoming.order = known_order(order)
            if kind in FOLLOWING and follow(order, body, incoming.event.event_time):
                self._changed_orders[key] = None

    def _load_values(self, found: Mapping[str, bytes | None]) -> None:
        for key, raw in found.items():
            if key.startswith("v:"):
                known = raw or self._under_former_key(key, found)
                self._values[key] = decode_value(known) if known else Value()

    def _under_former_key(self, key: str, found: Mapping[str, bytes | None]) -> bytes | None:
        if not self._moved:
            return None
        return next((raw for k in self._moved.get(key, ()) if (raw := found.get(k))), None)

    # -- round two: buyers of disputed orders, standings ----------------------------------------

    def second_keys(self) -> list[str]:
        """Keys that only the first round could tell; call after `take_first`."""
        for incoming in self.batch:
            if incoming.seller_id is not None:
                self._touch_values(incoming)
        keys: dict[str, None] = {}
        for incoming in self.batch:
            if isinstance(incoming.event.body, PaymentDisputed) and (buyer := self._buyer_of(incoming)):
                keys[f"v:buyer:{buyer}"] = None
        keys.update(dict.fromkeys(self.standing_keys()))
        return [key for key in keys if key not in self._values]

    def _touch_values(self, incoming: Incoming) -> None:
        body, seller = incoming.event.body, incoming.seller_id
        if isinstance(body, INTEL):
            self._note_intel(incoming, body)
        if seller and incoming.touched:
            amount, parts = (body.amount_minor, parts_ordered(body)) if isinstance(body, OrderPlaced) else (None, 0)
            role = TOUCHING[type(body)][0] if type(body) in TOUCHING else "buyer"
            by = incoming.touch(seller, role, amount_minor=amount, parts=parts)
            for key, kind, personal in incoming.touched:
                self._touch(incoming, key, kind, personal.hash, by)
            for key, kind, personal in incoming.looked_at:
                incoming.sightings.append(look(self._values[key], kind, personal.hash, by))
                incoming.links.append([])
        if seller and incoming.prices:
            by = incoming.touch(seller, "seller")
            for point in incoming.prices:
                self._touch(incoming, f"v:{PRICE}:{point}", PRICE, point, by)

    def _touch(self, incoming: Incoming, key: str, kind: str, digest: str, by: Touch) -> None:
        item = _Touched(incoming, len(incoming.sightings), kind, digest, by)
        sighting, links = self._touch_once(key, item)
        incoming.owners.append(owners(self._values[key]) if by.listed or by.withdrawn else [])
        incoming.sightings.append(sighting)
        incoming.links.append(links)
        self._touches.setdefault(key, []).append(item)

    def _touch_once(self, key: str, item: _Touched) -> tuple[Sighting | None, list[NewLink]]:
        value = self._values[key]
        before, events = value.distinct, value.events
        found = touch(value, item.kind, item.digest, item.by)
        if item.kind != PRICE or value.events != events:
            self._changed_values[key] = None
        if value.distinct != before:
            self._grown.setdefault(key, []).append((item.incoming, before))
        if key in self._shared and not (item.by.listed or item.by.withdrawn or item.by.bad):
            return self._with_shared(key, found[0], item), found[1]
        return found

    def _with_shared(self, key: str, sighting: Sighting | None, item: _Touched) -> Sighting | None:
        """The sighting with what another marketplace lists of the value, unless it is listed here."""
        if sighting is not None and sighting.listed is not None:
            return sighting
        for other in self._shared[key]:
            listed = listing_of(self._values[other], item.kind, item.digest, item.by, sighting)
            if listed is not None:
                return listed
        return sighting

    def _note_intel(self, incoming: Incoming, body: IntelListed | IntelWithdrawn) -> None:
        if isinstance(body, IntelListed):
            listing = Listing(micros_of(body.expires_at), incoming.event.event_time, body.reason)
            by = incoming.touch("", "buyer", listed=(body.source, listing))
        else:
            by = incoming.touch("", "buyer", withdrawn=body.source)
        for key in _listed_keys(incoming):
            _, kind, digest = key.split(":", 2)
            self._touch(incoming, key, kind, digest, by)

    def _buyer_of(self, incoming: Incoming) -> str | None:
        order = self._orders.get(incoming.order_key or "")
        return order.buyer if order else None

    def _other_sellers(self, incoming: Incoming, keys: dict[str, None]) -> None:
        for sighting in incoming.sightings:
            if sighting is not None:
                for other in sighting.others:
                    keys[f"s:{other.seller_id}"] = None
        for links in incoming.links:
            for new in links:
                keys[f"s:{new.seller_id}"] = None
                keys[f"s:{new.other.seller_id}"] = None

    def take_second(self, found: Mapping[str, bytes | None]) -> None:
        """Marks the buyers of disputed orders and fills in how the other sellers stand."""
        self._load_values(found)
        for incoming in self.batch:
            disputed = isinstance(incoming.event.body, PaymentDisputed)
            if disputed and incoming.seller_id and (buyer := self._buyer_of(incoming)):
                placed_at = incoming.order.placed_at if incoming.order else 0
                by = incoming.touch(incoming.seller_id, "buyer", bad=True, placed_at=placed_at)
                self._touch(incoming, f"v:buyer:{buyer}", "buyer", buyer, by)
        self.take_standings(found)

    def take_standings(self, found: Mapping[str, bytes | None]) -> None:
        """Fills in how the sellers stand."""
        self._standings = {
            key[2:]: decode_standing(raw) if raw else Standing() for key, raw in found.items() if key.startswith("s:")
        }
        self._made = None

    # -- round three: what those sellers are linked by whose standing or ring changes ---------------

    def third_keys(self) -> list[str]:
        """Keys that only the standings could tell; call after `take_second` and `take_standings`."""
        changing = [i.seller_id for i in self.batch if i.seller_id and _changes_standing(i.event.body)]
        sure = [new for i in self.batch for found in i.links for new in found if _is_sure(new)]
        changing += [seller for new in sure for seller in (new.seller_id, new.other.seller_id)]
        keys = {f"v:{by.kind}:{by.value}": None for seller in changing for by in self._standings[seller].linked}
        return [key for key in keys if key not in self._values]

    def take_third(self, found: Mapping[str, bytes | None]) -> None:
        """Fills in how many sellers share the values."""
        self._load_values(found)

    # -- the records ----------------------------------------------------------------------------

    def _make(self) -> list[Record]:
        """Goes through the events in order with the sellers' standings, once all is known."""
        if self._made is None:
            self._changed_standings.clear()
            self._made = [record for incoming in self.batch for record in self._records_of(incoming)]
        return self._made

    def _records_of(self, incoming: Incoming) -> Iterable[Record]:
        if incoming.seller_id is None:
            return
        body = incoming.event.body
        others: list[tuple[str, LinkFound | ValueListed]] = []
        if isinstance(body, INTEL):
            others += _notices(incoming, body)
        if _changes_standing(body):
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
        source = f"{incoming.origin}/{incoming.source.offset}"
        before = "" if standing.changed_by == source else standing.status
        if isinstance(body, SellerBanned):
            standing.status = "banned"
        elif isinstance(body, SellerReinstated):
            standing.status = ""
        elif standing.status != "banned":
            standing.status = "confirmed"
        if standing.status == before:
            return []
        standing.changed_by = source
        self._changed_standings.add(seller_id)
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
        place = {id(each): number for number, each in enumerate(self.batch)}
        joined_later = (before for joined, before in self._grown[key] if place[id(joined)] > place[id(incoming)])
        return max(next(joined_later, sellers), 2)

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
            self._changed_standings.add(one)
        if link(self._standings[other], Linked(one, kind, value, new.role, new.other.role)):
            self._changed_standings.add(other)
        return other, LinkFound(one, kind, value, new.role, new.sellers, self._status(one), new.other.role)

    def _tell_neighbours(self, new: NewLink, incoming: Incoming) -> Iterable[tuple[str, LinkFound]]:
        """Each side's neighbours are told of the other side, and the other side of them: a ring is more than a tie."""
        if not _is_sure(new):
            return
        one, other = new.seller_id, new.other.seller_id
        for middle, far in ((one, other), (other, one)):
            for by in self._neighbours(middle, far, new.value, incoming):
                sharing = self._sharing(f"v:{by.kind}:{by.value}", incoming)
                yield (
                    by.seller_id,
                    LinkFound(far, new.kind, new.value, "seller", new.sellers, self._status(far), through=middle),
                )
                yield (
                    far,
                    LinkFound(
                        by.seller_id, by.kind, by.value, "seller", sharing, self._status(by.seller_id), through=middle
                    ),
                )

    def _neighbours(self, middle: str, far: str, value: str, incoming: Incoming) -> list[Linked]:
        """The first few that are surely tied to `middle`, and not to `far`: one value joins all that have it."""
        known = self._surely_linked(far, incoming)
        near = self._surely_linked(middle, incoming).items()
        return [by for seller, by in near if seller != far and seller not in known and by.value != value][:MAX_TOLD]

    def _surely_linked(self, seller: str, incoming: Incoming) -> dict[str, Linked]:
        found: dict[str, Linked] = {}
        for by in self._standings[seller].linked:
            sharing = self._sharing(f"v:{by.kind}:{by.value}", incoming)
            if by.role == by.own_role == "seller" and value_strength(by.kind, sharing) >= SURE:
                found.setdefault(by.seller_id, by)
        return found

    # -- results --------------------------------------------------------------------------------

    def changes(self) -> dict[str, bytes]:
        """Every record that is now different, encoded."""
        self._make()
        changed = {key: encode(self._orders[key]) for key in sorted(self._changed_orders)}
        changed.update({key: encode(self._values[key]) for key in self._changed_values})
        changed.update({f"s:{seller}": encode(self._standings[seller]) for seller in sorted(self._changed_standings)})
        return changed

    def retouch(self, found: Mapping[str, bytes | None]) -> None:
        """Somebody else has changed these records meanwhile: takes the touches in again, on top of that."""
        self._load_values(found)
        self._retake_orders({key: raw for key, raw in found.items() if raw is not None and key.startswith("o:")})
        for key in found:
            self._grown.pop(key, None)
            for item in self._touches.get(key, ()):
                sighting, links = self._touch_once(key, item)
                if item.by.listed or item.by.withdrawn:
                    item.incoming.owners[item.slot] = owners(self._values[key])
                item.incoming.sightings[item.slot] = sighting
                item.incoming.links[item.slot] = links

    def _retake_orders(self, found: Mapping[str, bytes]) -> None:
        self._orders.update({key: decode_order(raw) for key, raw in found.items()})
        for incoming in self.batch:
            if incoming.order_key in found:
                self._take_order(incoming)

    def standing_keys(self) -> list[str]:
        """Keys of every standing that the events need by now."""
        keys: dict[str, None] = {}
        for incoming in self.batch:
            if incoming.seller_id is not None:
                if _changes_standing(incoming.event.body):
                    keys[f"s:{incoming.seller_id}"] = None
                self._other_sellers(incoming, keys)
        return list(keys)

    def records(self) -> list[Record]:
        """What goes into the log, in order; the log partition is yet to be filled in."""
        return self._make()

    def waiting(self) -> list[Incoming]:
        """Events whose order is not known."""
        return [incoming for incoming in self.batch if incoming.seller_id is None]


def _listed_keys(incoming: Incoming) -> list[str]:
    """Store keys of the value that the event lists: also of other kinds that the same text may come as."""
    body: Any = incoming.event.body
    keys = {f"v:{body.kind}:{body.value_hash}": None}
    keys.update({f"v:{personal.kind}:{personal.hash}": None for personal in incoming.values.values()})
    return list(keys)


def _notices(incoming: Incoming, body: IntelListed | IntelWithdrawn) -> list[tuple[str, ValueListed]]:
    """What the sellers that own the value are told."""
    withdrawn, until = isinstance(body, IntelWithdrawn), micros_of(body.expires_at)
    notices = []
    for key, sellers in zip(_listed_keys(incoming), incoming.owners, strict=True):
        _, kind, digest = key.split(":", 2)
        notice = ValueListed(kind, digest, body.source, body.reason, until, withdrawn)
        notices += [(seller, notice) for seller in dict.fromkeys(sellers)]
    return notices


def _is_sure(new: NewLink) -> bool:
    """Whether a link alone ties two sellers, by what both have as their own."""
    return new.role == new.other.role == "seller" and value_strength(new.kind, new.sellers) >= SURE


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


def _changes_standing(body: object) -> bool:
    if isinstance(body, VerdictGiven):
        return body.verdict == "confirmed"
    return isinstance(body, (SellerBanned, SellerReinstated))


def _record(
    incoming: Incoming, seller: str, source: Source, event_id: str, body: object, seen: tuple[Sighting, ...] = ()
) -> Record:
    event, by_order = incoming.event, incoming.event.seller_id is None
    return Record(-1, source, incoming.logged_at, event_id, event.event_time, seller, body, seen, by_order)  # type: ignore[arg-type]
