"""Deployments: which calls each answers itself, and what it ran before."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the tables of traffic and of versions."""
    op.create_table(
        "deployment_traffic",
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("drained", sa.Boolean, nullable=False),
        sa.Column("canary", sa.String(256), nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("restarts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_deployment_traffic"),
        sa.ForeignKeyConstraint(
            ["deployment"],
            ["deployments.name"],
            name="fk_deployment_traffic_deployment_deployments",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_deployment_traffic_canary", "deployment_traffic", ["canary"])
    op.create_table(
        "deployment_versions",
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "number", name="pk_deployment_versions"),
        sa.ForeignKeyConstraint(
            ["deployment"],
            ["deployments.name"],
            name="fk_deployment_versions_deployment_deployments",
            ondelete="CASCADE",
        ),
    )
