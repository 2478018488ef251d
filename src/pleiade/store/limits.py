"""Tables of what may pass: pools, slices of them, rates, budgets, and which alerts have been told."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# Tokens a minute that all deployments of a model share, in thousands. No row = as many as anybody wants.
pools = sa.Table(
    "pools",
    metadata,
    sa.Column("model", sa.ForeignKey("models.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("units", sa.BigInteger, nullable=False),
)

# A deployment's slice. No row = unlimited, where its model has no pool.
capacities = sa.Table(
    "capacities",
    metadata,
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("requests_per_unit", sa.Float, nullable=False),
    sa.Column("slice_s", sa.Integer, nullable=False),
    sa.Column("spillover", sa.String(256), nullable=False),
    sa.Column("stance", sa.String(16), nullable=False),
)

# NULL = no limit. `subject` is the id of a key, project or organisation, which may be gone.
rate_limits = sa.Table(
    "rate_limits",
    metadata,
    sa.Column("scope", sa.String(16), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("model", sa.String(256), primary_key=True),  # "" = all models together
    sa.Column("max_requests_per_1_minute", sa.BigInteger),
    sa.Column("max_tokens_per_1_minute", sa.BigInteger),
    sa.Column("max_images_per_1_minute", sa.BigInteger),
    sa.Column("max_audio_megabytes_per_1_minute", sa.BigInteger),
    sa.Column("max_requests_per_1_day", sa.BigInteger),
    sa.Column("batch_1_day_max_input_tokens", sa.BigInteger),
)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("scope", sa.String(16), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("nano", sa.BigInteger, nullable=False),  # 10^-9 of the currency's unit, a month
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("hard", sa.Boolean, nullable=False),
    sa.Column("alerts", sa.JSON, nullable=False),  # percents
    sa.Column("webhook", sa.Text, nullable=False),
    sa.Column("secret", sa.String(128), nullable=False),
)

# One row for each level that was crossed in a month: its primary key is what makes an alert go out once.
budget_alerts = sa.Table(
    "budget_alerts",
    metadata,
    sa.Column("scope", sa.String(16), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("period", sa.String(7), primary_key=True),  # "2026-11"
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),  # percent
    sa.Column("body", sa.Text, nullable=False),  # JSON, as it is posted
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("sent", sa.BigInteger, nullable=False),  # 0 = not yet
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt", sa.BigInteger, nullable=False),  # also the end of a claim by whoever is sending it
    sa.Column("error", sa.Text, nullable=False),  # of the last attempt
    sa.Index("ix_budget_alerts_sent_next_attempt", "sent", "next_attempt"),
)
