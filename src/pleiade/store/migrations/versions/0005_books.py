"""The ledger: writers and their entries, sums by hour and day, transfers, closed months, seals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = ("writers", "series", "entries", "rollups", "totals", "transfers", "closed_periods", "seals", "chains")


def upgrade() -> None:
    """Create the tables of the ledger."""
    op.create_table(
        "chains",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chains"),
    )
    op.create_table(
        "closed_periods",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("closed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation", "period", name="pk_closed_periods"),
    )
    op.create_table(
        "entries",
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("series", sa.BigInteger, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("reserved_ms", sa.BigInteger, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("estimate", sa.BigInteger, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("images", sa.BigInteger, nullable=False),
        sa.Column("audio", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("first_byte_ms", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("writer", "sequence", name="pk_entries"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entries_time_ms", "entries", ["time_ms"])
    op.create_table(
        "rollups",
        sa.Column("span", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("series", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("estimated", sa.BigInteger, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("images", sa.BigInteger, nullable=False),
        sa.Column("audio", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("span", "start", "series", name="pk_rollups"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_rollups_series_span", "rollups", ["series", "span"])
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_seals"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("storefront", sa.Text, nullable=False),
        sa.Column("billing", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("image_size", sa.Text, nullable=False),
        sa.Column("image_quality", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("debit", sa.Text, nullable=False),
        sa.Column("credit", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_key_period", "series", ["key", "period"])
    op.create_index("ix_series_organisation_period", "series", ["organisation", "period"])
    op.create_index("ix_series_project_period", "series", ["project", "period"])
    op.create_table(
        "totals",
        sa.Column("start", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("series", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("estimated", sa.BigInteger, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("images", sa.BigInteger, nullable=False),
        sa.Column("audio", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("start", "series", name="pk_totals"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_totals_series", "totals", ["series"])
    op.create_table(
        "transfers",
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("debit", sa.String(256), nullable=False),
        sa.Column("credit", sa.String(256), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("nano", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("memo", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_transfers"),
        sa.UniqueConstraint("id", name="uq_transfers_id"),
    )
    op.create_index("ix_transfers_credit", "transfers", ["credit"])
    op.create_index("ix_transfers_debit", "transfers", ["debit"])
    op.create_index("ix_transfers_organisation_period", "transfers", ["organisation", "period"])
    op.create_table(
        "writers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("shipped", sa.BigInteger, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_writers"),
    )
    # ### end Alembic commands ###


def downgrade() -> None:
    """Remove the books, and all that they hold."""
    for table in reversed(TABLES):
        op.drop_table(table)
