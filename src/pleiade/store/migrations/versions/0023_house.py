"""Settings changed while the house runs; who asked for what is stored; people whose records are not wanted any more."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create `house_settings` and `erased`; name the owners of responses and completions from now on."""
    op.create_table(
        "house_settings",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_house_settings"),
    )
    op.create_table(
        "erased",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation", "user", name="pk_erased"),
    )
    for table in ("responses", "chat_completions"):
        op.add_column(table, sa.Column("owner", sa.String(64), nullable=False, server_default=""))
        op.create_index(f"ix_{table}_owner", table, ["owner"])
