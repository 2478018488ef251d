"""Fine-tuning: jobs, their events and checkpoints, and which projects may call a deployment."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the tables of fine-tuning and of deployments' projects."""
    op.create_table(
        "fine_tuning_jobs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("wish", sa.String(8), nullable=False),
        sa.Column("place", sa.String(128), nullable=False),
        sa.Column("trained", sa.BigInteger, nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fine_tuning_jobs"),
    )
    op.create_index("ix_fine_tuning_jobs_model", "fine_tuning_jobs", ["model"])
    op.create_index("ix_fine_tuning_jobs_project_created", "fine_tuning_jobs", ["project", "created"])
    op.create_index("ix_fine_tuning_jobs_status", "fine_tuning_jobs", ["status"])
    op.create_table(
        "fine_tuning_events",
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("job", "number", name="pk_fine_tuning_events"),
        _of_a_job("fine_tuning_events"),
    )
    op.create_table(
        "fine_tuning_checkpoints",
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("job", "step", name="pk_fine_tuning_checkpoints"),
        sa.UniqueConstraint("id", name="uq_fine_tuning_checkpoints_id"),
        _of_a_job("fine_tuning_checkpoints"),
    )
    op.create_index("ix_fine_tuning_checkpoints_model", "fine_tuning_checkpoints", ["model"])
    op.create_table(
        "deployment_projects",
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("permission", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "project", name="pk_deployment_projects"),
        sa.ForeignKeyConstraint(
            ["deployment"],
            ["deployments.name"],
            name="fk_deployment_projects_deployment_deployments",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_deployment_projects_permission", "deployment_projects", ["permission"])


def _of_a_job(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["job"], ["fine_tuning_jobs.id"], name=f"fk_{table}_job_fine_tuning_jobs", ondelete="CASCADE"
    )
