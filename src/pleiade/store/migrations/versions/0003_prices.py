"""Prices, by storefront, model and version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of prices."""
    op.create_table(
        "prices",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("storefront", sa.String(16), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("effective", sa.BigInteger, nullable=False),
        sa.Column("free", sa.Boolean, nullable=False),
        sa.Column("rates", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
        sa.UniqueConstraint("storefront", "model", "version", name="uq_prices_storefront"),
    )


def downgrade() -> None:
    """Remove all prices."""
    op.drop_table("prices")
