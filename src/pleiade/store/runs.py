"""Tables of runs: calls one by one for some days, and their sums by minute and by hour."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
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
    sa.Column("cost", sa.BigInteger, nullable=False),  # nano units of `currency`
    sa.Column("currency", sa.String(8), nullable=False),
    sa.Column("asked_ms", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("response", sa.String(64), nullable=False),  # id of the stored response; "" = none
    sa.Column("chat", sa.String(64), nullable=False),
    sa.Index("ix_runs_time_ms", "time_ms"),
    sa.Index("ix_runs_organisation_time_ms", "organisation", "time_ms"),
    sa.Index("ix_runs_project_time_ms", "project", "time_ms"),
)

# What was said, where the setting wants it kept: away from the list, which is read far more often.
run_contents = sa.Table(
    "run_contents",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("parts", sa.LargeBinary, nullable=False),  # msgpack of pleiade.runs.Part
)


def _keyed() -> list[sa.Column[object]]:
    return [
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),  # seconds: 60 or 3600
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
        sa.Column("organisation", sa.String(64), primary_key=True),
        sa.Column("project", sa.String(64), primary_key=True),
        sa.Column("deployment", sa.Text, primary_key=True),
    ]


run_sums = sa.Table(
    "run_sums",
    metadata,
    *_keyed(),
    sa.Column("currency", sa.String(8), primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("cancelled", sa.BigInteger, nullable=False),
    sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
    sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    sa.Column("cached_tokens", sa.BigInteger, nullable=False),
    sa.Column("images", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger, nullable=False),
)

# How many calls took how long: see pleiade.runs.buckets.
run_times = sa.Table(
    "run_times",
    metadata,
    *_keyed(),
    sa.Column("what", sa.Integer, primary_key=True, autoincrement=False),  # 0 = to the first token, 1 = whole
    sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
)

# Batches that are counted and whose files may still be there.
run_batches = sa.Table("run_batches", metadata, sa.Column("name", sa.String(64), primary_key=True))
