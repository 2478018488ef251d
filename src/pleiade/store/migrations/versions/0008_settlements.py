"""Settlements between partners, recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table of recorded settlements."""
    op.create_table(
        "settlements",
        sa.Column("agreement", sa.String(128), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("terms", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("profits", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("agreement", "number", name="pk_settlements"),
        sa.UniqueConstraint("id", name="uq_settlements_id"),
    )


def downgrade() -> None:
    """Remove what was recorded."""
    op.drop_table("settlements")
