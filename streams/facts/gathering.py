"""Gathers the facts of a batch of events before they enter the log: sellers, sightings, links.

Touches no network itself: it names the records it needs (`first_keys`, `second_keys`), is handed
them, and says which have changed. Intake runs it on Redis, a replay on a dictionary.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    OrderDelivered,
    OrderPlaced,
    PaymentDisputed,
    PaymentReleased,
    Record,
    ReviewLeft,
    ShipmentCreated,
    Sighting,
)
from detectors.patterns.parts import parts_ordered
from detectors.patterns.prices import PRICE
from streams.facts.encoding import decode_order, decode_standing, decode_value, encode
from streams.facts.incoming import INTEL, TOUCHING, Incoming, changes_standing, listed_keys
from streams.facts.orders import Order, follow, known_order, order_of
from streams.facts.standings import Standing
from streams.facts.telling import Telling, was_sure
from streams.facts.touching import SKETCHES, listing_of, look, owners, touch
from streams.facts.values import Listing, NewLink, Touch, Value
from streams.privacy import Personal
from streams.upstream import micros_of

ABOUT_ORDER = frozenset((ShipmentCreated, PaymentReleased, PaymentDisputed, ReviewLeft))
"""Events that carry what was known of their order."""
FOLLOWING = frozenset((OrderDelivered, PaymentReleased))


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
        self._disputed: list[tuple[Incoming, str]] = []
        """Disputes with their buyers, where no event of the batch names the buyer itself."""
        self._standings: dict[str, Standing] = {}
        self._moved: dict[str, list[str]] = {}
        self._telling: Telling | None = None

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
                keys.update(dict.fromkeys(listed_keys(incoming)))
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
        keys = {f"v:buyer:{buyer}": None for _, buyer in self._disputed}
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
        if seller and isinstance(body, PaymentDisputed) and (buyer := self._buyer_of(incoming)):
            if f"v:buyer:{buyer}" in self._values:  # now: what the buyer orders later is to know of it
                self._touch_buyer(incoming, buyer)
            else:
                self._disputed.append((incoming, buyer))

    def _touch_buyer(self, incoming: Incoming, buyer: str) -> None:
        """The buyer's order turned out bad."""
        placed_at = incoming.order.placed_at if incoming.order else 0
        by = incoming.touch(incoming.seller_id or "", "buyer", bad=True, placed_at=placed_at)
        self._touch(incoming, f"v:buyer:{buyer}", "buyer", buyer, by)

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
        for key in listed_keys(incoming):
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
        for incoming, buyer in self._disputed:
            self._touch_buyer(incoming, buyer)
        self.take_standings(found)

    def take_standings(self, found: Mapping[str, bytes | None]) -> None:
        """Fills in how the sellers stand."""
        self._standings = {
            key[2:]: decode_standing(raw) if raw else Standing() for key, raw in found.items() if key.startswith("s:")
        }
        self._telling = None

    # -- round three: what those sellers are linked by whose standing or ring changes ---------------

    def third_keys(self) -> list[str]:
        """Keys that only the standings could tell; call after `take_second` and `take_standings`."""
        changing = [i.seller_id for i in self.batch if i.seller_id and changes_standing(i.event.body)]
        sure = [new for i in self.batch for found in i.links for new in found if was_sure(new)]
        changing += [seller for new in sure for seller in (new.seller_id, new.other.seller_id)]
        keys = {f"v:{by.kind}:{by.value}": None for seller in changing for by in self._standings[seller].linked}
        return [key for key in keys if key not in self._values]

    def take_third(self, found: Mapping[str, bytes | None]) -> None:
        """Fills in how many sellers share the values."""
        self._load_values(found)

    # -- results --------------------------------------------------------------------------------

    def changes(self) -> dict[str, bytes]:
        """Every record that is now different, encoded."""
        standings = self._tell().changed
        changed = {key: encode(self._orders[key]) for key in sorted(self._changed_orders)}
        changed.update({key: encode(self._values[key]) for key in self._changed_values})
        changed.update({f"s:{seller}": encode(self._standings[seller]) for seller in sorted(standings)})
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
                if changes_standing(incoming.event.body):
                    keys[f"s:{incoming.seller_id}"] = None
                self._other_sellers(incoming, keys)
        return list(keys)

    def records(self) -> list[Record]:
        """What goes into the log, in order; the log partition is yet to be filled in."""
        return self._tell().records

    def _tell(self) -> Telling:
        if self._telling is None:
            self._telling = Telling(self.batch, self._standings, self._values, self._grown)
        return self._telling

    def waiting(self) -> list[Incoming]:
        """Events whose order is not known."""
        return [incoming for incoming in self.batch if incoming.seller_id is None]
