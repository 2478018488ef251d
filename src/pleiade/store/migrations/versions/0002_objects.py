"""What clients asked us to keep: responses with their items and events, and chat completions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of stored responses and chat completions."""
    op.create_table(
        "responses",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("alive", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
    )
    op.create_index("ix_responses_project", "responses", ["project"])
    op.create_table(
        "response_items",
        sa.Column("item", sa.String(128), nullable=False),
        sa.Column("response", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("item", "response", name="pk_response_items"),
        sa.ForeignKeyConstraint(
            ["response"],
            ["responses.id"],
            name="fk_response_items_response_responses",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_response_items_response", "response_items", ["response"])
    op.create_table(
        "response_events",
        sa.Column("response", sa.String(64), nullable=False),
        sa.Column("first", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("frames", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("response", "first", name="pk_response_events"),
        sa.ForeignKeyConstraint(
            ["response"],
            ["responses.id"],
            name="fk_response_events_response_responses",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "chat_completions",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("model", sa.String(256), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("messages", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project", "id", name="pk_chat_completions"),
    )
    op.create_index("ix_chat_completions_project_recorded", "chat_completions", ["project", "recorded"])
    op.create_table(
        "chat_completion_metadata",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("completion", sa.String(128), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.String(512), nullable=False),
        sa.PrimaryKeyConstraint("project", "completion", "key", name="pk_chat_completion_metadata"),
        sa.ForeignKeyConstraint(
            ["project", "completion"],
            ["chat_completions.project", "chat_completions.id"],
            name="fk_chat_completion_metadata_completion_chat_completions",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Remove what clients asked us to keep."""
    for table in (
        "chat_completion_metadata",
        "chat_completions",
        "response_events",
        "response_items",
        "responses",
    ):
        op.drop_table(table)
