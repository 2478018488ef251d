"""Texts that answers must not repeat."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Create the table of their hashes."""
    op.create_table(
        "protected_texts",
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("shingles", sa.LargeBinary, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_protected_texts"),
    )
