"""Feedback of every product in one table: ratings of Chat move there, with room for what is done about them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_SHARED = "message, project, owner, deployment, verdict, reasons, correction, consent, created, updated"


def upgrade() -> None:
    """Create `feedback`, and bring what `chat_feedback` holds."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("product", sa.String(32), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("message", sa.String(64), nullable=True),
        sa.Column("run", sa.String(64), nullable=True),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("correction", sa.Text, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("handled_by", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("message", name="uq_feedback_message"),
        sa.UniqueConstraint("project", "owner", "run", name="uq_feedback_project"),
        sa.ForeignKeyConstraint(
            ["message"], ["chat_messages.id"], name="fk_feedback_message_chat_messages", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_feedback_project_updated", "feedback", ["project", "updated"])
    # A message's id is "msg_" and 32 hexadecimal digits, and it has one rating.
    op.execute(
        f"INSERT INTO feedback (id, product, state, note, handled_by, {_SHARED}) "
        f"SELECT 'feedback_' || substr(message, 5), 'chat', 'new', '', '', {_SHARED} FROM chat_feedback"
    )
    op.drop_table("chat_feedback")
