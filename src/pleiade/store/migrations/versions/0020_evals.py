"""Evals: what is graded, its runs, and what became of each row."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables of evals."""
    op.create_table(
        "evals",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evals"),
    )
    op.create_index("ix_evals_project_created", "evals", ["project", "created"])
    op.create_table(
        "eval_runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("eval", sa.String(64), nullable=False),
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_eval_runs"),
        sa.ForeignKeyConstraint(["eval"], ["evals.id"], name="fk_eval_runs_eval_evals", ondelete="CASCADE"),
    )
    op.create_index("ix_eval_runs_eval_created", "eval_runs", ["eval", "created"])
    op.create_table(
        "eval_items",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("usage", sa.JSON, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_eval_items"),
        sa.UniqueConstraint("id", name="uq_eval_items_id"),
        sa.ForeignKeyConstraint(["run"], ["eval_runs.id"], name="fk_eval_items_run_eval_runs", ondelete="CASCADE"),
    )
