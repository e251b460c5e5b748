"""Sessions that were ended, and who looks at what."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"
WORDS: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("sid", WORDS, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
        sqlite_with_rowid=False,
    )
    op.create_index("ended_sessions_by_age", "ended_sessions", ["until"], unique=False)
    op.create_table(
        "looks",
        sa.Column("process", WORDS, nullable=False),
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("process", "alert_id", "name"),
        sqlite_with_rowid=False,
    )
