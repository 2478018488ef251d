"""What deployments filter."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the table of policies."""
    op.create_table(
        "deployment_policies",
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("policy", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("deployment", name="pk_deployment_policies"),
        sa.ForeignKeyConstraint(
            ["deployment"],
            ["deployments.name"],
            name="fk_deployment_policies_deployment_deployments",
            ondelete="CASCADE",
        ),
    )
