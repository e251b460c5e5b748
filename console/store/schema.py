"""The tables, in SQLAlchemy Core; `console.store.migrations` makes them, a test compares both.

Of two kinds. *Fed* tables follow from the topics alone: `rebuild` empties and fills them again. *Own* tables hold what
only people have told the console, and are never emptied. Times are microseconds since the epoch; `logged_at` says
when a row's event entered the log, and retention goes by it.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

metadata: Final = MetaData()
Words: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, as SQLite does and Python: so one order counts everywhere."""


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Words, nullable=False, **options)


def _micros(name: str, *, nullable: bool = False, **options: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, **options)


positions: Final = Table(
    "positions",
    metadata,
    _text("topic", primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("anchor", LargeBinary),
    sqlite_with_rowid=False,
)
"""How far each partition has been read: moved in the transaction that writes the rows. `anchor` is the hash of the
record before the position: another one there means that the topic was made anew."""

leases: Final = Table(
    "leases", metadata, _text("name", primary_key=True), _text("holder"), _micros("until"), sqlite_with_rowid=False
)
"""Which process does a work that one is enough for."""

changes: Final = Table(
    "changes",
    metadata,
    _text("name", primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Counts that only grow: of changes, so that who shows something knows whether to look again; and of the versions of
alerts that a rebuild has retired. Never emptied."""

alerts: Final = Table(
    "alerts",
    metadata,
    _text("alert_id", primary_key=True),
    _text("latest_id"),
    _text("seller_id"),
    _text("pattern"),
    Column("severity", Integer, nullable=False),
    Column("score", Float, nullable=False),
    _micros("event_time"),
    _micros("first_raised_at"),
    _micros("raised_at"),
    Column("escalation", Integer, nullable=False),
    _text("summary"),
    _text("state"),
    _micros("snoozed_until", nullable=True),
    Column("version", Integer, nullable=False),
    _micros("changed_at", nullable=True),
    Column("changed_by", Words),
    Index("alerts_by_time", "state", "raised_at", "alert_id", "pattern", "severity"),
    Index("alerts_by_severity", "state", "severity", "score", "alert_id", "pattern", "raised_at"),
    Index("alerts_by_score", "state", "score", "alert_id", "pattern", "severity", "raised_at"),
    Index("alerts_by_kind", "state", "pattern", "severity"),
    Index("alerts_by_seller", "seller_id", "raised_at"),
    Index("alerts_alike", "pattern", "state", "score"),
    Index("alerts_by_age", "raised_at"),
    Index("alerts_by_latest", "latest_id"),
)
"""One row an alert, with its escalations: the first one's id is its name, all else is the latest one's. `severity`
counts from 0, low, to 3, critical; `state` is `open`, `confirmed`, `dismissed` or `snoozed`; `version` grows whenever
the state or what was raised changes, and is never one that the alert had before a rebuild. The indices hold what the
queue filters by, so that it is read from them alone."""

alert_bodies: Final = Table(
    "alert_bodies",
    metadata,
    _text("alert_id", primary_key=True),
    _text("first_id"),
    Column("escalation", Integer, nullable=False),
    _micros("raised_at"),
    _text("body"),
    Index("alert_bodies_by_first", "first_id", "escalation"),
)
"""Each alert as it was sent, as JSON; `first_id` is the one that it escalates, or itself."""

alert_words: Final = Table(
    "alert_words",
    metadata,
    _text("alert_id", primary_key=True),
    _text("word", primary_key=True),
    Index("alert_words_by_word", "word", "alert_id"),
    sqlite_with_rowid=False,
)
"""What an alert is found by: ids, codes and words of its reasons, in small letters."""

verdicts: Final = Table(
    "verdicts",
    metadata,
    _text("event_id", primary_key=True),
    _text("seller_id"),
    Column("alert_id", Words),
    _text("verdict"),
    _micros("event_time"),
    _text("analyst"),
    _micros("until", nullable=True),
    Column("reason", Words),
    Column("pattern", Words),
    _micros("logged_at", nullable=True),
    Index("verdicts_by_seller", "seller_id", "event_time"),
    Index("verdicts_by_alert", "alert_id"),
    Index("verdicts_by_age", "logged_at"),
)
"""Every verdict and snooze of the log, and those of the console that are not back yet (`logged_at` is null).
`analyst` is a keyed hash, of those given here a name."""

given: Final = Table(
    "given",
    metadata,
    _text("event_id", primary_key=True),
    _text("alert_id"),
    _text("seller_id"),
    _text("verdict"),
    _text("analyst"),
    _text("role"),
    Column("note", Words),
    Column("reason", Words),
    _micros("until", nullable=True),
    Column("based_on", Integer, nullable=False),
    _micros("given_at"),
    _micros("sent_at", nullable=True),
    Index("given_by_alert", "alert_id", "given_at"),
    Index("given_unsent", "sent_at", "given_at"),
)
"""Own. What was judged in the console, with its note, who judged, and when Kafka had it."""

labels: Final = Table(
    "labels",
    metadata,
    _text("event_id", primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("reached", BigInteger, nullable=False),
    _micros("logged_at"),
    Index("labels_by_age", "logged_at"),
    sqlite_with_rowid=False,
)
"""What each verdict has taught: how many orders became labels, and the offset of the last one in the training topic."""

risk_versions: Final = Table(
    "risk_versions",
    metadata,
    _text("version", primary_key=True),
    Column("reached", BigInteger, nullable=False),
    _micros("logged_at"),
    Index("risk_versions_by_reach", "reached"),
    Index("risk_versions_by_age", "logged_at"),
    sqlite_with_rowid=False,
)
"""Versions of the risk model as they were published first, and how far in the training topic each has read."""

sellers: Final = Table(
    "sellers",
    metadata,
    _text("seller_id", primary_key=True),
    _micros("first_seen"),
    _micros("last_seen"),
    _micros("registered_at", nullable=True),
    Column("country", Words),
    Column("verification", Words),
    _text("status"),
    _micros("status_at", nullable=True),
    Column("score", Float),
    _micros("score_at", nullable=True),
    Column("pattern", Words),
    _micros("logged_at"),
    Index("sellers_by_score", "score", "seller_id"),
    Index("sellers_by_age", "logged_at"),
    sqlite_with_rowid=False,
)
"""`status` is empty or `banned`; `score`, `score_at` and `pattern` are of the latest decision."""

decisions: Final = Table(
    "decisions",
    metadata,
    _text("seller_id", primary_key=True),
    _micros("event_time", primary_key=True),
    _text("event_id", primary_key=True),
    _text("type"),
    Column("order_id", Words),
    Column("score", Float, nullable=False),
    Column("seller_score", Float, nullable=False),
    _text("pattern"),
    _text("outcome"),
    Column("review", Float, nullable=False),
    Column("reasons", Words),
    _micros("logged_at"),
    Index("decisions_by_age", "logged_at"),
    sqlite_with_rowid=False,
)

orders: Final = Table(
    "orders",
    metadata,
    _text("seller_id", primary_key=True),
    _text("order_id", primary_key=True),
    _micros("placed_at"),
    Column("amount_minor", BigInteger, nullable=False),
    _text("currency"),
    _text("buyer"),
    Column("title", Words),
    Column("category", Words),
    Column("quantity", BigInteger, nullable=False),
    Column("method", Words),
    Column("origin", Words),
    Column("destination", Words),
    _micros("payment_failed_at", nullable=True),
    _micros("cancelled_at", nullable=True),
    _micros("delivered_at", nullable=True),
    _micros("released_at", nullable=True),
    _micros("refunded_at", nullable=True),
    _micros("disputed_at", nullable=True),
    Column("rating", Integer),
    _micros("logged_at"),
    Index("orders_by_seller", "seller_id", "placed_at"),
    Index("orders_by_order", "order_id"),
    Index("orders_by_buyer", "buyer"),
    Index("orders_by_age", "logged_at"),
)
"""`buyer` is a keyed hash; `origin` and `destination` are countries."""

listings: Final = Table(
    "listings",
    metadata,
    _text("seller_id", primary_key=True),
    _text("listing_id", primary_key=True),
    _micros("published_at", nullable=True),
    _micros("removed_at", nullable=True),
    Column("title", Words),
    Column("description", Words),
    Column("category", Words),
    Column("amount_minor", BigInteger),
    Column("currency", Words),
    _micros("logged_at"),
    Index("listings_by_age", "logged_at"),
)

links: Final = Table(
    "links",
    metadata,
    _text("seller_id", primary_key=True),
    _text("other", primary_key=True),
    _text("kind", primary_key=True),
    _text("value", primary_key=True),
    _text("role"),
    _text("own_role"),
    Column("sellers", Integer, nullable=False),
    _micros("found_at"),
    _micros("logged_at"),
    Index("links_by_value", "value"),
    Index("links_by_age", "logged_at"),
    sqlite_with_rowid=False,
)
"""Values that join a seller with another one, as `link.found` of the log tells; `value` is a keyed hash."""

occurrences: Final = Table(
    "occurrences",
    metadata,
    _text("seller_id", primary_key=True),
    _micros("event_time", primary_key=True),
    _text("event_id", primary_key=True),
    _text("type"),
    _text("detail"),
    _micros("logged_at"),
    Index("occurrences_by_age", "logged_at"),
    sqlite_with_rowid=False,
)
"""What else happened to a seller: registrations, bans, reports, values that were listed. `detail` is for people."""

word_choices: Final = Table(
    "word_choices",
    metadata,
    _text("term", primary_key=True),
    Column("accepted", Integer, nullable=False),
    _text("chosen_by"),
    _micros("chosen_at"),
    sqlite_with_rowid=False,
)
"""Own. What people said of the new words that verdicts have brought up; `accepted` is 0 or 1."""

ended_sessions: Final = Table(
    "ended_sessions",
    metadata,
    _text("sid", primary_key=True),
    _micros("until"),
    Index("ended_sessions_by_age", "until"),
    sqlite_with_rowid=False,
)
"""Own. Sessions that somebody has logged out of, until their cookies would have ended by themselves."""

looks: Final = Table(
    "looks",
    metadata,
    _text("process", primary_key=True),
    _text("alert_id", primary_key=True),
    _text("name", primary_key=True),
    _micros("until"),
    sqlite_with_rowid=False,
)
"""Own. Who has which alert open, as each process of the console says of itself again and again."""

erased: Final = Table(
    "erased",
    metadata,
    _text("what", primary_key=True),
    _micros("until"),
    Index("erased_by_age", "until"),
    sqlite_with_rowid=False,
)
"""What acts of the log have erased: `s` and a seller's id, or `v` and a keyed hash. What the topics have told of it up
to `until` is not shown again, in whatever order they are read."""

FED: Final = (
    positions,
    erased,
    alerts,
    alert_bodies,
    alert_words,
    verdicts,
    labels,
    risk_versions,
    sellers,
    decisions,
    orders,
    listings,
    links,
    occurrences,
)
"""What `rebuild` empties: the topics hold all of it."""
