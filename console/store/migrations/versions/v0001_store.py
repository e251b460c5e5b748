"""The first tables."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
WORDS: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert_bodies",
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("first_id", WORDS, nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("body", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("alert_bodies_by_first", "alert_bodies", ["first_id", "escalation"], unique=False)
    op.create_table(
        "alert_words",
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("word", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "word"),
        sqlite_with_rowid=False,
    )
    op.create_index("alert_words_by_word", "alert_words", ["word", "alert_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("latest_id", WORDS, nullable=False),
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("pattern", WORDS, nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("first_raised_at", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("summary", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_by", WORDS, nullable=True),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("alerts_alike", "alerts", ["pattern", "state", "score"], unique=False)
    op.create_index("alerts_by_age", "alerts", ["raised_at"], unique=False)
    op.create_index("alerts_by_kind", "alerts", ["state", "pattern", "severity"], unique=False)
    op.create_index("alerts_by_latest", "alerts", ["latest_id"], unique=False)
    op.create_index(
        "alerts_by_score", "alerts", ["state", "score", "alert_id", "pattern", "severity", "raised_at"], unique=False
    )
    op.create_index("alerts_by_seller", "alerts", ["seller_id", "raised_at"], unique=False)
    op.create_index(
        "alerts_by_severity", "alerts", ["state", "severity", "score", "alert_id", "pattern", "raised_at"], unique=False
    )
    op.create_index("alerts_by_time", "alerts", ["state", "raised_at", "alert_id", "pattern", "severity"], unique=False)
    op.create_table(
        "changes",
        sa.Column("name", WORDS, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("event_id", WORDS, nullable=False),
        sa.Column("type", WORDS, nullable=False),
        sa.Column("order_id", WORDS, nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("seller_score", sa.Float(), nullable=False),
        sa.Column("pattern", WORDS, nullable=False),
        sa.Column("outcome", WORDS, nullable=False),
        sa.Column("review", sa.Float(), nullable=False),
        sa.Column("reasons", WORDS, nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "event_time", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("decisions_by_age", "decisions", ["logged_at"], unique=False)
    op.create_table(
        "given",
        sa.Column("event_id", WORDS, nullable=False),
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("verdict", WORDS, nullable=False),
        sa.Column("analyst", WORDS, nullable=False),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("note", WORDS, nullable=True),
        sa.Column("reason", WORDS, nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("given_by_alert", "given", ["alert_id", "given_at"], unique=False)
    op.create_index("given_unsent", "given", ["sent_at", "given_at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", WORDS, nullable=False),
        sa.Column("holder", WORDS, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("other", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("value", WORDS, nullable=False),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("own_role", WORDS, nullable=False),
        sa.Column("sellers", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "other", "kind", "value"),
        sqlite_with_rowid=False,
    )
    op.create_index("links_by_age", "links", ["logged_at"], unique=False)
    op.create_index("links_by_value", "links", ["value"], unique=False)
    op.create_table(
        "listings",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("listing_id", WORDS, nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("title", WORDS, nullable=True),
        sa.Column("description", WORDS, nullable=True),
        sa.Column("category", WORDS, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", WORDS, nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "listing_id"),
    )
    op.create_index("listings_by_age", "listings", ["logged_at"], unique=False)
    op.create_table(
        "occurrences",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("event_id", WORDS, nullable=False),
        sa.Column("type", WORDS, nullable=False),
        sa.Column("detail", WORDS, nullable=False),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "event_time", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("occurrences_by_age", "occurrences", ["logged_at"], unique=False)
    op.create_table(
        "orders",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("order_id", WORDS, nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", WORDS, nullable=False),
        sa.Column("buyer", WORDS, nullable=False),
        sa.Column("title", WORDS, nullable=True),
        sa.Column("category", WORDS, nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("method", WORDS, nullable=True),
        sa.Column("origin", WORDS, nullable=True),
        sa.Column("destination", WORDS, nullable=True),
        sa.Column("payment_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("refunded_at", sa.BigInteger(), nullable=True),
        sa.Column("disputed_at", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id", "order_id"),
    )
    op.create_index("orders_by_age", "orders", ["logged_at"], unique=False)
    op.create_index("orders_by_buyer", "orders", ["buyer"], unique=False)
    op.create_index("orders_by_order", "orders", ["order_id"], unique=False)
    op.create_index("orders_by_seller", "orders", ["seller_id", "placed_at"], unique=False)
    op.create_table(
        "positions",
        sa.Column("topic", WORDS, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("anchor", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sellers",
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("country", WORDS, nullable=True),
        sa.Column("verification", WORDS, nullable=True),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("status_at", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("score_at", sa.BigInteger(), nullable=True),
        sa.Column("pattern", WORDS, nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seller_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("sellers_by_age", "sellers", ["logged_at"], unique=False)
    op.create_index("sellers_by_score", "sellers", ["score", "seller_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("event_id", WORDS, nullable=False),
        sa.Column("seller_id", WORDS, nullable=False),
        sa.Column("alert_id", WORDS, nullable=True),
        sa.Column("verdict", WORDS, nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("analyst", WORDS, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", WORDS, nullable=True),
        sa.Column("pattern", WORDS, nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("verdicts_by_age", "verdicts", ["logged_at"], unique=False)
    op.create_index("verdicts_by_alert", "verdicts", ["alert_id"], unique=False)
    op.create_index("verdicts_by_seller", "verdicts", ["seller_id", "event_time"], unique=False)
