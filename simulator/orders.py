"""One sale and all that follows from it: payment, parcel, review, complaint."""

from bisect import bisect_right
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from detectors.events import (
    DAY,
    SECOND,
    Item,
    Method,
    Micros,
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    PaymentReleased,
    Place,
    ReportFiled,
    ReviewLeft,
    ShipmentCreated,
)
from simulator.books import Books
from simulator.buyers import Buyer
from simulator.dice import Dice
from simulator.goods import BY_NAME
from simulator.habits import Habits
from simulator.places import Country, place
from simulator.times import MINUTE

LEAD = 3 * SECOND
"""A payment may be this much earlier than its order: another system wrote it, with its own delay."""
NEVER_CAME = 7 * DAY
"""After so long, a buyer knows that no parcel will come."""

CARRIERS = ("Postlink", "Arrow Parcel", "Blue Van", "Continental Express", "Kurier 24")
DISPUTE_REASONS = ("fraudulent", "not_received", "not_as_described", "unrecognised")
REPORT_REASONS = ("prohibited_item", "not_as_described", "suspicious", "counterfeit")
REFUND_REASONS = ("returned", "damaged", "late", "changed_mind")
CANCEL_REASONS = ("changed_mind", "out_of_stock", "address_wrong")
# Rough worth of one euro cent in satoshi and in the smallest unit of Monero.
COINS = (("BTC", 17), ("XMR", 66_000_000))

_Attempt = TypeVar("_Attempt", PaymentCaptured, PaymentFailed)


class Sale(NamedTuple):
    """What a seller sells, to whom, and how such orders go with it."""

    at: Micros
    buyer: Buyer
    items: tuple[Item, ...]
    habits: Habits
    illicit: bool = False
    recurring: bool = False
    """Billed by the marketplace, so no buyer's device or IP takes part."""
    origin: Place | None = None
    """Where the parcel starts, if not at the seller's address."""


class Means(NamedTuple):
    """How a buyer pays."""

    method: Method
    instrument: str
    amount_minor: int
    currency: str


class OrderDesk:
    """Enters sales of one seller into its books."""

    def __init__(self, books: Books, dice: Dice, country: Country, origin: Place) -> None:
        self._books, self._dice, self._country, self._origin = books, dice, country, origin
        self._carrier = dice.pick(CARRIERS)

    def take(self, sale: Sale) -> str:
        """Plans the order and its consequences; returns its id."""
        order = self._place(sale)
        payment_id = self._pay(sale, order)
        if not payment_id or self._dice.random() < sale.habits.cancelled:
            self._cancel(sale, order, payment_id)
        else:
            arrived = self._ship(sale, order)
            self._release(sale, order, payment_id, arrived)
            self._review(sale, order, arrived or sale.at + NEVER_CAME)
            self._complain(sale, order, payment_id, arrived or sale.at + NEVER_CAME)
        return order.order_id

    def _place(self, sale: Sale) -> OrderPlaced:
        buyer = sale.buyer
        order = OrderPlaced(
            self._books.new_id("order"),
            buyer.buyer_id,
            sum(item.quantity * item.unit_amount_minor for item in sale.items),
            self._country.currency,
            buyer.kind,
            sale.items,
            buyer.home,
            None if sale.recurring else buyer.home_ip if self._dice.random() < 0.75 else buyer.mobile_ip,
            device_id=None if sale.recurring else buyer.device_id,
        )
        self._books.enter(sale.at, order, order.order_id)
        return order

    def _pay(self, sale: Sale, order: OrderPlaced) -> str:
        """Some attempts fail; returns the id of the one that went well, or nothing."""
        dice, means = self._dice, self._means(sale, order)
        named = dice.random() >= 0.15
        at = sale.at + int(dice.between(1, 45) * SECOND)
        if dice.random() < 0.02:
            at = sale.at - int(dice.between(0.2, 2.5) * SECOND)
        while dice.random() < sale.habits.payment_failed:
            self._books.enter(at, self._attempt(PaymentFailed, order, means), order.order_id, named=named)
            if dice.random() < 0.3:
                return ""
            at += int(dice.between(5, 120) * SECOND)
        captured = self._attempt(PaymentCaptured, order, means)
        self._books.enter(at, captured, order.order_id, named=named)
        return captured.payment_id

    def _attempt(self, kind: type[_Attempt], order: OrderPlaced, means: Means) -> _Attempt:
        return kind(
            self._books.new_id("pay"),
            order.order_id,
            means.amount_minor,
            means.currency,
            means.method,
            order.buyer_id,
            means.instrument,
            order.ip,
            device_id=order.device_id,
        )

    def _means(self, sale: Sale, order: OrderPlaced) -> Means:
        buyer, dice = sale.buyer, self._dice
        if dice.random() >= sale.habits.in_crypto:
            return Means(buyer.method, dice.pick(buyer.instruments), order.amount_minor, order.currency)
        if dice.random() < 0.7:  # most marketplaces state what they will settle
            return Means("crypto", buyer.crypto_wallet, order.amount_minor, order.currency)
        coin, worth = dice.pick(COINS)
        return Means("crypto", buyer.crypto_wallet, int(order.amount_minor / self._country.rate) * worth, coin)

    def _cancel(self, sale: Sale, order: OrderPlaced, payment_id: str) -> None:
        at = sale.at + 5 * MINUTE + int(self._dice.random() * DAY)
        reason = self._dice.pick(CANCEL_REASONS) if payment_id else "payment_failed"
        self._books.enter(at, OrderCancelled(order.order_id, reason), order.order_id)
        if payment_id:
            self._refund(at + MINUTE, order, payment_id, "cancelled")

    def _refund(self, at: Micros, order: OrderPlaced, payment_id: str, reason: str) -> None:
        refund = PaymentRefunded(order.order_id, payment_id, order.amount_minor, order.currency, reason)
        self._books.enter(at, refund, order.order_id)

    def _ship(self, sale: Sale, order: OrderPlaced) -> Micros | None:
        """Returns when the parcel arrives, or nothing where none is sent."""
        dice, habits = self._dice, sale.habits
        if dice.random() >= habits.shipped:
            return None
        at = sale.at + int((0.05 + dice.lognormal(habits.days_to_ship, 0.5)) * DAY)
        far = 2 if sale.buyer.home.country != self._origin.country else 1
        arrived = at + int(far * dice.lognormal(habits.days_under_way, 0.35) * DAY)
        grams = sum(item.quantity * BY_NAME[item.category or ""].grams for item in sale.items)
        hidden = habits.made_up_sender > 0.0 and dice.random() < habits.made_up_sender
        origin = place(dice, self._country) if hidden else self._origin
        parcel = ShipmentCreated(
            self._books.new_id("parcel"),
            order.order_id,
            sale.origin or origin,
            order.ship_to,
            habits.declares or sale.items[0].title,
            int(order.amount_minor * habits.declared_value),
            int(grams * dice.between(0.8, 1.3) * habits.weight),
            self._carrier,
        )
        self._books.enter(at, parcel, order.order_id, named=dice.random() >= 0.25)
        self._books.enter(arrived, OrderDelivered(order.order_id), order.order_id)
        return arrived

    def _release(self, sale: Sale, order: OrderPlaced, payment_id: str, arrived: Micros | None) -> None:
        dice, timeout = self._dice, (arrived or sale.at + NEVER_CAME) + 14 * DAY
        at, released = timeout, PaymentReleased(order.order_id, payment_id, "timeout")
        if dice.random() < sale.habits.released_early:
            at, released = sale.at + int(dice.between(0.02, 0.8) * DAY), replace(released, confirmed_by="early")
        elif arrived and dice.random() < 0.6:
            at, released = arrived + int(dice.between(0.02, 3) * DAY), replace(released, confirmed_by="buyer")
        self._books.enter(at, released, order.order_id)

    def _review(self, sale: Sale, order: OrderPlaced, seen: Micros) -> None:
        dice, habits = self._dice, sale.habits
        if dice.random() < habits.reviewed:
            rating = 1 + bisect_right(habits.stars, dice.random())
            at = seen + int(dice.between(0.1, 6) * DAY)
            self._books.enter(at, ReviewLeft(order.buyer_id, rating, order.order_id), order.order_id)

    def _complain(self, sale: Sale, order: OrderPlaced, payment_id: str, seen: Micros) -> None:
        """Most buyers do not."""
        dice, books, habits = self._dice, self._books, sale.habits
        if dice.random() < habits.refunded:
            self._refund(seen + int(dice.between(0.5, 8) * DAY), order, payment_id, dice.pick(REFUND_REASONS))
        elif dice.random() < habits.disputed:
            at = sale.at + int((1 + dice.lognormal(habits.days_to_dispute, 0.6)) * DAY)
            dispute = PaymentDisputed(
                order.order_id, payment_id, order.amount_minor, order.currency, dice.pick(DISPUTE_REASONS)
            )
            books.enter(at, dispute, order.order_id)
        if dice.random() < habits.reported:
            at = sale.at + int(dice.between(0.5, 9) * DAY)
            books.enter(at, ReportFiled(dice.pick(REPORT_REASONS), order.buyer_id, sale.items[0].listing_id))
