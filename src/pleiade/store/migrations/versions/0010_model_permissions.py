"""Which models a project may call."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table of models' lists."""
    op.create_table(
        "model_permissions",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("models", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("project", name="pk_model_permissions"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_model_permissions_project_projects"),
    )
