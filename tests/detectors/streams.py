"""Hypothesis strategies: any sequence of records of a few sellers that the log could hold."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from detectors import events as e
from tests.builders import MONDAY

SELLERS = ("seller-a", "seller-b", "s" * 128)
ids = st.sampled_from([f"x{i}" for i in range(6)] + ["€" * 128, "o" * 48])
words = st.one_of(st.none(), st.sampled_from(["k:1", "k:2", "k:3", "ü" * 64]))
amounts = st.one_of(st.integers(0, 10**15), st.sampled_from([0, 1, 3900, 3901, 10**15]))
currencies = st.sampled_from(["EUR", "JPY", "BTC", "XMR", "ETH", "ÄÖÜ€€€€€"])
titles = st.sampled_from([None, "Thing", "Tablet press", "Punch die", "Pill binder"])
places = st.one_of(st.none(), st.builds(e.Place, country=st.sampled_from(["DE", "FR", "Z" * 64])))
items = st.tuples(st.builds(e.Item, quantity=st.just(1), unit_amount_minor=amounts, title=titles, category=words))
methods = st.sampled_from(["card", "crypto", "gift_card", "other"])
counts = st.floats(-1e9, 1e9, allow_nan=False)
histories = st.builds(
    e.BuyerHistory,
    orders=st.integers(0, 9),
    orders_1d=counts,
    orders_30d=counts,
    log_amount_mean=counts,
    log_amount_var=counts,
    bad_orders=st.integers(0, 3),
    last_bad=st.one_of(st.none(), st.integers(0, 2 * MONDAY)),
    parts=st.integers(0, 127),
    parts_sellers=st.sampled_from([1, 3, 10**9]),
)
kinds = st.sampled_from(
    ["buyer", "device", "ip", "ip_prefix", "payout_account", "email", "address", "price", "reviewer", "odd" * 9]
)
statuses = st.sampled_from(["", "banned", "confirmed"])
roles = st.sampled_from(["seller", "buyer"])
others = st.builds(
    e.OtherSeller,
    seller_id=st.sampled_from(["ring-1", "ring-2", "ring-3", "ß" * 128, *SELLERS]),
    last_seen=st.just(MONDAY),
    role=roles,
    status=statuses,
)
sightings = st.builds(
    e.Sighting,
    kind=kinds,
    value=st.sampled_from(["k:1", "k:2", "v" * 40]),
    role=roles,
    events=st.integers(0, 5),
    own=st.integers(0, 9),
    sellers=st.sampled_from([0, 1, 2, 7, 600, 10**9]),
    others=st.lists(others, max_size=5).map(tuple),
    buyer=st.one_of(st.none(), histories),
    listed=st.sampled_from([None, None, "partner", "q" * 512]),
    listed_since=st.sampled_from([0, MONDAY]),
    listed_until=st.sampled_from([0, MONDAY, 2 * MONDAY]),
    listed_reason=st.sampled_from([None, "why", "r" * 512]),
)
screened = st.builds(
    e.Screened,
    field=st.sampled_from(["legal_name", "display_name"]),
    source=st.sampled_from(["OFAC SDN", "l" * 64]),
    entry=st.sampled_from(["1", "2", "n" * 200]),
    score=st.sampled_from([0.5, 0.987654, 0.999999]),
    summary=st.just("2 words equal"),
    country=st.sampled_from(["", "same", "other"]),
    alias=st.sampled_from(["", "alias", "weak"]),
)


def _payment(kind: type[e.Body]) -> st.SearchStrategy[e.Body]:
    return st.builds(kind, payment_id=ids, order_id=ids, amount_minor=amounts, currency=currencies, method=methods)


def _account(kind: type[e.Body]) -> st.SearchStrategy[e.Body]:
    return st.builds(
        kind,
        country=words,
        payout_account=words,
        tax_id=words,
        tax_check=st.sampled_from([None, "right", "wrong"]),
        device_id=words,
        ip=words,
        address=st.one_of(words, places),
        verification=st.sampled_from([None, "none", "pending", "verified", "failed"]),
    )


bodies = st.one_of(
    st.builds(
        e.OrderPlaced,
        order_id=ids,
        buyer_id=ids,
        amount_minor=amounts,
        currency=currencies,
        items=st.one_of(st.just(()), items),
        ship_to=places,
    ),
    st.builds(e.OrderPlaced, order_id=ids, buyer_id=ids, amount_minor=st.just(3900), currency=st.just("EUR")),
    _payment(e.PaymentCaptured),
    _payment(e.PaymentFailed),
    st.builds(e.PaymentReleased, order_id=ids, confirmed_by=st.sampled_from([None, "buyer", "early"])),
    st.builds(e.PaymentRefunded, order_id=ids),
    st.builds(e.PaymentDisputed, order_id=ids),
    st.builds(e.OrderCancelled, order_id=ids),
    st.builds(e.OrderDelivered, order_id=ids),
    st.builds(e.ListingPublished, listing_id=ids),
    st.builds(e.ShipmentCreated, shipment_id=ids, order_id=ids),
    st.builds(e.ReviewLeft, buyer_id=ids, rating=st.integers(1, 5), order_id=st.one_of(st.none(), ids)),
    st.builds(e.ReportFiled, reason=st.just("why")),
    st.builds(
        e.AlertSnoozed,
        until=st.sampled_from([datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)]),
        reason=st.just("on leave"),
        analyst=st.just("ann"),
        pattern=st.sampled_from([None, "small_repeat", "velocity"]),
    ),
    st.builds(e.VerdictGiven, verdict=st.sampled_from(["confirmed", "dismissed"]), analyst=st.just("ann")),
    st.builds(
        e.LinkFound,
        other_seller=st.sampled_from(["ring-1", "ring-2", *SELLERS]),
        kind=kinds,
        value=st.sampled_from(["k:1", "k:2"]),
        role=roles,
        sellers=st.integers(0, 700),
        status=statuses,
        through=st.sampled_from(["", "ring-1", "ring-2"]),
    ),
    _account(e.SellerRegistered),
    _account(e.SellerUpdated),
    st.builds(
        e.ValueListed,
        kind=kinds,
        value=st.sampled_from(["k:1", "k:2"]),
        source=st.sampled_from(["partner", "q" * 512]),
        until=st.sampled_from([0, MONDAY, 2 * MONDAY]),
        withdrawn=st.booleans(),
    ),
    st.builds(e.SellerBanned),
    st.builds(e.SellerReinstated),
)
steps = st.sampled_from([0, 1, e.SECOND, e.HOUR, e.DAY, 40 * e.DAY, 4_000 * e.DAY])
lateness = st.sampled_from([0, 0, 0, -e.HOUR, -30 * e.DAY, e.SECOND, 400 * e.DAY, -MONDAY])


@st.composite
def logs(draw: st.DrawFn, max_size: int = 40, longest: int = 4_000 * e.DAY) -> list[e.Record]:
    """A stretch of one log partition; some event ids repeat, some events are late or dated ahead.

    Args:
        longest: Time for which nothing may come.
    """
    made: list[e.Record] = []
    logged_at = MONDAY
    for number in range(draw(st.integers(1, max_size))):
        logged_at += min(draw(steps), longest)
        repeated = made and draw(st.integers(0, 9)) == 0
        event_id = draw(st.sampled_from(made)).event_id if repeated else f"event-{number}"
        made.append(
            e.Record(
                0,
                e.Source("orders", 0, number),
                logged_at,
                event_id,
                logged_at + draw(lateness),
                draw(st.sampled_from(SELLERS)),
                draw(bodies),
                tuple(draw(st.lists(sightings, max_size=4))),
                screened=tuple(draw(st.lists(screened, max_size=3))) if draw(st.booleans()) else (),
            )
        )
    return made
