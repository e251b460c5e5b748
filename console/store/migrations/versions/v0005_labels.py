"""What verdicts have taught, and to which versions of the risk model."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
WORDS: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("event_id", WORDS, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("labels_by_age", "labels", ["logged_at"], unique=False)
    op.create_table(
        "risk_versions",
        sa.Column("version", WORDS, nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
        sqlite_with_rowid=False,
    )
    op.create_index("risk_versions_by_reach", "risk_versions", ["reached"], unique=False)
    op.create_index("risk_versions_by_age", "risk_versions", ["logged_at"], unique=False)
