"""Pictures in the making, as Azure's clients of 2023 ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table of operations."""
    op.create_table(
        "image_operations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("alive", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("pictures", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_image_operations"),
    )
    op.create_index("ix_image_operations_expires", "image_operations", ["expires"])
