"""Runs: calls one by one, what was said in them, and their sums by minute and by hour."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_KEY = ("span", "start", "organisation", "project", "deployment")


def upgrade() -> None:
    """Create the tables of runs."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("route", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(32), nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error", sa.String(128), nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("response", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_time_ms", "runs", ["time_ms"])
    op.create_index("ix_runs_organisation_time_ms", "runs", ["organisation", "time_ms"])
    op.create_index("ix_runs_project_time_ms", "runs", ["project", "time_ms"])
    op.create_table(
        "run_contents",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("parts", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_run_contents"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_contents_run_runs", ondelete="CASCADE"),
    )
    op.create_table(
        "run_sums",
        *_keyed(),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("images", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, "currency", name="pk_run_sums"),
    )
    op.create_table(
        "run_times",
        *_keyed(),
        sa.Column("what", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("bucket", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, "what", "bucket", name="pk_run_times"),
    )
    op.create_table(
        "run_batches",
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_run_batches"),
    )


def _keyed() -> list[sa.Column[object]]:
    return [
        sa.Column("span", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
    ]
