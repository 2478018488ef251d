"""Pools, slices of them, rates, budgets and their alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables of what may pass."""
    op.create_table(
        "pools",
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("model", name="pk_pools"),
        sa.ForeignKeyConstraint(["model"], ["models.id"], name="fk_pools_model_models", ondelete="CASCADE"),
    )
    op.create_table(
        "capacities",
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("requests_per_unit", sa.Float, nullable=False),
        sa.Column("slice_s", sa.Integer, nullable=False),
        sa.Column("spillover", sa.String(256), nullable=False),
        sa.Column("stance", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_capacities"),
        sa.ForeignKeyConstraint(
            ["deployment"],
            ["deployments.name"],
            name="fk_capacities_deployment_deployments",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "rate_limits",
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("max_requests_per_1_minute", sa.BigInteger),
        sa.Column("max_tokens_per_1_minute", sa.BigInteger),
        sa.Column("max_images_per_1_minute", sa.BigInteger),
        sa.Column("max_audio_megabytes_per_1_minute", sa.BigInteger),
        sa.Column("max_requests_per_1_day", sa.BigInteger),
        sa.Column("batch_1_day_max_input_tokens", sa.BigInteger),
        sa.PrimaryKeyConstraint("scope", "subject", "model", name="pk_rate_limits"),
    )
    op.create_table(
        "budgets",
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("nano", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("hard", sa.Boolean, nullable=False),
        sa.Column("alerts", sa.JSON, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", name="pk_budgets"),
    )
    op.create_table(
        "budget_alerts",
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("level", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", "period", "level", name="pk_budget_alerts"),
    )
    op.create_index("ix_budget_alerts_sent_next_attempt", "budget_alerts", ["sent", "next_attempt"])


def downgrade() -> None:
    """Remove all limits."""
    for table in ("budget_alerts", "budgets", "rate_limits", "capacities", "pools"):
        op.drop_table(table)
