"""What the facets remember of a seller: one small, bounded, frozen struct each.

Frozen, because a scored event keeps the states it was judged by until the whole batch is put into words:
whoever learns puts a new struct in place of the old one. Fields are only ever added, at the end.
"""

from typing import Final

from msgspec import Struct

from detectors.events import Micros

KEPT_ID: Final = 40
"""Characters that are kept of the id of another seller, where only one is named."""


class Reviews(Struct, frozen=True, array_like=True, gc=False):
    """Reviews of late, and those that praise as counts that fade with event time."""

    at: Micros
    """Up to when they have faded."""
    count: int = 0
    day: float = 0.0
    month: float = 0.0
    orderless: float = 0.0
    """Share of late that praise without an order of this seller, running average."""
    praise: float = 0.0
    """Share of late with five stars."""
    strangers: float = 0.0
    """Share of late that praise, by people who never bought here and praise other sellers too."""
    excess: float = 0.0
    """How many more praised within a day than orders bring, fading over a week."""


class Praised(Struct, frozen=True, array_like=True, gc=False):
    """Another seller, and the share of a seller's late praise that came from its reviewers."""

    seller_id: str
    share: float


class ReviewCircle(Struct, frozen=True, array_like=True, gc=False):
    """Other sellers that the same people praise."""

    praised: tuple[Praised, ...] = ()
    """The highest share first."""


class PaymentMix(Struct, frozen=True, array_like=True, gc=False):
    """Payments since the first in coins or by gift card; running shares."""

    at: Micros = 0
    count: int = 0
    crypto: float = 0.0
    gift: float = 0.0
    coins: float = 0.0
    """Amounts stated in coins."""
    shared: float = 0.0
    listed: float = 0.0
    """1 when a listed wallet or card paid, fading over a month."""


class Account(Struct, frozen=True, array_like=True, gc=False):
    """What the seller registered with."""

    mail: str = ""
    reused: tuple[str, ...] = ()
    """Kinds of contacts that other sellers gave before."""
    fresh_device: float = 0.0
    failed: float = 0.0


class Parcels(Struct, frozen=True, array_like=True, gc=False):
    """Parcels whose order is known; running shares of what does not agree."""

    count: int = 0
    contents: float = 0.0
    value: float = 0.0
    over: float = 0.0
    under: float = 0.0
    declared: str = ""
    sold: str = ""
    """The last example, both cut to 24 characters."""


class Senders(Struct, frozen=True, array_like=True, gc=False):
    """Sender addresses of parcels."""

    count: int = 0
    places: tuple[int, ...] = ()
    """Hashes of the last ones."""
    varied: float = 0.0
    elsewhere: float = 0.0
    borrowed: float = 0.0


class Routes(Struct, frozen=True, array_like=True, gc=False):
    """Where parcels start and go, as codes of two letters."""

    count: int = 0
    origins: tuple[str, ...] = ()
    """Where they used to start."""
    last: str = ""
    seen: tuple[str, ...] = ()
    """Destinations."""
    away: float = 0.0
    moved: float = 0.0
    strange: float = 0.0
    abroad_fast: float = 0.0
    abroad_slow: float = 0.0
    risk: float = 0.0
    """Of the policy's corridors, averaged over the last parcels."""

    @property
    def busy(self) -> bool:
        """Whether anything but home trade from the usual place was seen lately."""
        return self.abroad_fast > 0.01 or self.moved > 0.01 or self.strange > 0.01 or self.away > 0.0


class Escrow(Struct, frozen=True, array_like=True, gc=False):
    """Releases of money, and what came of them."""

    at: Micros = 0
    count: int = 0
    early: int = 0
    """Releases ahead of delivery."""
    ahead: float = 0.0
    circle: float = 0.0
    buyers: tuple[int, ...] = ()
    """Hashes of who confirmed ahead of delivery."""
    delivered: int = 0
    """1 once a delivery was told of."""
    disputed: float = 0.0


class Reports(Struct, frozen=True, array_like=True, gc=False):
    """Reports of the last month, by weight."""

    at: Micros = 0
    count: int = 0
    weight: float = 0.0
    reporters: bytes = b""
    """Different ones, 4 bytes each."""


class Takeover(Struct, frozen=True, array_like=True, gc=False):
    """The last change of contacts, and what is offered since."""

    at: Micros = 0
    """0: no change yet."""
    changed: tuple[str, ...] = ()
    silent: float = 0.0
    """Days without an order before it."""
    other_goods: float = 0.0
    listed: int = 0
    categories: bytes = b""
    """Of listings before it: 4 bytes each."""


class BuyerMix(Struct, frozen=True, array_like=True, gc=False):
    """Orders since the first prolific buyer; running shares."""

    count: int = 0
    prolific: float = 0.0
    risky: float = 0.0
    strange: float = 0.0
    buyers: tuple[str, ...] = ()
    odd: bytes = b""
    """Orders for which a card out of its pattern may pay: 4 bytes of hash each, the latest last."""


class Basket(Struct, frozen=True, array_like=True, gc=False):
    """Parts of sets that were sold in the last 30 days."""

    sold: bytes = b""
    """Buyer, parts, day: 8 bytes each."""
    ours: float = 0.0
    theirs: float = 0.0
    parts: int = 0
    at: Micros = 0


class Wording(Struct, frozen=True, array_like=True, gc=False):
    """What the last listings, and titles of what was ordered, said: running averages."""

    named: float = 0.0
    hinted: float = 0.0
    contact: float = 0.0
    learned: float = 0.0
    words: tuple[str, ...] = ()
    """Terms that counted, the latest first."""
    contacts: tuple[str, ...] = ()
    titles: tuple[int, ...] = ()
    """Short hashes of different titles that named goods, the latest last."""


class Copies(Struct, frozen=True, array_like=True, gc=False):
    """Pictures and texts of the last listings that other sellers published before: running averages."""

    images: float = 0.0
    texts: float = 0.0
    banned: float = 0.0
    """The same, of banned or confirmed sellers."""
    of: str = ""
    """The seller that was copied last, cut to `KEPT_ID` characters."""
    sellers: int = 0
    """Other sellers with that picture or text."""


class Prices(Struct, frozen=True, array_like=True, gc=False):
    """Unusual prices of the first orders and listings that are those of a banned or confirmed seller."""

    of: str = ""
    """That seller, cut to `KEPT_ID` characters."""
    points: bytes = b""
    """Different ones, 4 bytes of hash each."""
    rarity: float = 0.0
    """Of each, one over the sellers that ask it; their sum."""
    prices: int = 1
    """How many different prices the seller has shown in all, about."""
    shown: bytes = b""
    """A bit for each of them, by its hash, since the first that was met."""


class Far(Struct, frozen=True, array_like=True, gc=False):
    """A seller that shares a value with one that is linked with this one."""

    seller_id: str
    via: str
    through: int
    """Short hash of the linked one's id."""
    percent: int
    """How much that value says."""
    value: int = 0
    """Short hash of it."""


class Ring(Struct, frozen=True, array_like=True, gc=False):
    """Further sellers behind the linked ones, the latest last."""

    members: tuple[Far, ...] = ()


class Gathered(Struct, frozen=True, array_like=True, gc=False):
    """The most complete set that buyers of the last 30 days gathered, part of it from other sellers."""

    complete: float = 0.0
    parts: int = 0
    sellers: int = 0
    """Others that the last such buyer had parts of."""
    buyers: bytes = b""
    """Those who did, 4 bytes of hash each."""
    at: Micros = 0


class WrongTaxId(Struct, frozen=True, array_like=True, gc=False):
    """The seller's tax id has wrong check digits."""

    since: Micros = 0


class Outcomes(Struct, frozen=True, array_like=True, gc=False):
    """The last orders with what became of them, as far as labels have told."""

    ring: bytes
    """See `detectors.profiles.outcomes`."""
    delay: float = 7.0
    """Days from order to dispute, running average."""
    spread: float = 0.0
    """Mean difference from that."""


class ListedOwn(Struct, frozen=True, array_like=True, gc=False):
    """A value of the seller's own that somebody has listed."""

    kind: str
    source: str
    since: Micros
    until: Micros
    """0: it does not expire."""
    reason: str
    mark: int
    """Short hash of the value."""


class ListedName(Struct, frozen=True, array_like=True, gc=False):
    """A name of the seller that is like one of a list."""

    field: str
    source: str
    entry: str
    score: float
    strength: float
    """The score, less where the entry is not known for the seller's country."""
    country: str
    reason: str


class Intel(Struct, frozen=True, array_like=True, gc=False):
    """What lists say of the seller and of its buyers."""

    own: tuple[ListedOwn, ...] = ()
    """The strongest first."""
    name: ListedName | None = None
    """The strongest: the log has all of them, and how they compare."""
    buyer_source: str = ""
    """The latest value of a buyer that was listed, in words."""
