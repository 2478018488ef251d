"""Tables of the ledger. Rows of calls, transfers and seals are written once; sums by hour and day only grow."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# What the journals' writers have shipped: how far, and the hash of the last entry.
writers = sa.Table(
    "writers",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("shipped", sa.BigInteger, nullable=False),  # sequence of its last entry here
    sa.Column("head", sa.LargeBinary, nullable=False),  # that entry's hash
    sa.Column("time_ms", sa.BigInteger, nullable=False),  # that entry's time
    sa.Column("sealed", sa.BigInteger, nullable=False),  # sequence that the last seal holds
    sa.Column("ended", sa.Boolean, nullable=False),  # its process is gone and all of it is here
)

# Calls that are counted together share a row here, so that entries and sums need one number for all their names.
series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),  # 63 bits of the names' SHA-256
    sa.Column("period", sa.String(7), nullable=False),  # the month that is billed: "2026-11"
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
    sa.Index("ix_series_organisation_period", "organisation", "period"),
    sa.Index("ix_series_project_period", "project", "period"),
    sa.Index("ix_series_key_period", "key", "period"),
)

# One settled call a row. Clustered by writer and sequence, so that a batch is one piece of the file.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("writer", sa.String(32), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
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
    sa.Column("cost", sa.BigInteger, nullable=False),  # nano
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("status", sa.BigInteger, nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("first_byte_ms", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Index("ix_entries_time_ms", "time_ms"),
    sqlite_with_rowid=False,
)


def _sums() -> list[sa.Column[int]]:
    """What is summed, in this order everywhere."""
    names = (
        "calls",
        "estimated",  # how many of the calls
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "images",
        "audio",
        "cost",  # nano
        "ms",
    )
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


# Sums of entries by hour and by day: what usage, costs and balances are read from.
rollups = sa.Table(
    "rollups",
    metadata,
    sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),  # seconds: 3600 or 86400
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
    sa.Column("series", sa.BigInteger, primary_key=True, autoincrement=False),
    *_sums(),
    sa.Index("ix_rollups_series_span", "series", "span"),
    sqlite_with_rowid=False,
)

# Sums by day of series whose finer names (key, user, deployment, price, outcome, …) are left out: so few rows that the
# questions that everybody asks, by organisation, project and model over months, are answered at once.
totals = sa.Table(
    "totals",
    metadata,
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
    sa.Column("series", sa.BigInteger, primary_key=True, autoincrement=False),
    *_sums(),
    sa.Index("ix_totals_series", "series"),
    sqlite_with_rowid=False,
)

# Money that moves other than by a call. An amount is `units` whole units and `nano` billionths: no 64 bits hold all.
transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(256), nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("organisation", sa.String(64), nullable=False),  # "" = the house's own
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
    sa.Index("ix_transfers_debit", "debit"),
    sa.Index("ix_transfers_credit", "credit"),
    sa.Index("ix_transfers_organisation_period", "organisation", "period"),
)

# Months whose invoice is final: what comes late belongs to the first month after that is open.
closed_periods = sa.Table(
    "closed_periods",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column("period", sa.String(7), primary_key=True),
    sa.Column("closed_ms", sa.BigInteger, nullable=False),
)

# Each hour's heads of all chains, themselves a chain: who rewrites an entry must rewrite every seal after it.
seals = sa.Table(
    "seals",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("heads", sa.Text, nullable=False),  # JSON: [[writer, sequence, hash in hex], …]
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

# Where the chains that are written here stand ("transfers", "seals"): a row to lock, so that one writes at a time.
chains = sa.Table(
    "chains",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.BigInteger, nullable=False),
)
