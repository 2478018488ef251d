"""Chat: conversations, their messages, folders, files, ratings and snapshots, and the index of their words."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# What is written there is folded already: words without accents, in small letters, spaces between them. `owner` is a
# word too, so that nobody's search gets slower by what others write.
_SQLITE = (
    "CREATE VIRTUAL TABLE chat_search USING fts5(owner, words, tokenize='unicode61', prefix='2 3')",
    # Also fired where a message goes with its chat.
    "CREATE TRIGGER chat_search_forget AFTER DELETE ON chat_messages "
    "BEGIN DELETE FROM chat_search WHERE rowid = old.number; END",
)
_POSTGRESQL = (
    "CREATE TABLE chat_search (number BIGINT PRIMARY KEY REFERENCES chat_messages (number) ON DELETE CASCADE, "
    "words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_chat_search_words ON chat_search USING gin (words)",
)


def upgrade() -> None:
    """Create the tables of Chat."""
    op.create_table(
        "chats",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("title", sa.String(256), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("folder", sa.String(64), nullable=False),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("instructions", sa.Text, nullable=False),
        sa.Column("current", sa.String(64), nullable=False),
        sa.Column("temporary", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chats"),
    )
    op.create_index("ix_chats_project_owner_updated", "chats", ["project", "owner", "updated"])
    op.create_index("ix_chats_source", "chats", ["source"])
    op.create_table(
        "chat_messages",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("response", sa.String(64), nullable=False),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("usage", sa.Text, nullable=False),
        sa.Column("timings", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_chat_messages"),
        sa.UniqueConstraint("id", name="uq_chat_messages_id"),
        sa.ForeignKeyConstraint(["chat"], ["chats.id"], name="fk_chat_messages_chat_chats", ondelete="CASCADE"),
    )
    op.create_index("ix_chat_messages_chat_number", "chat_messages", ["chat", "number"])
    op.create_table(
        "chat_folders",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("instructions", sa.Text, nullable=False),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chat_folders"),
    )
    op.create_index("ix_chat_folders_project_owner", "chat_folders", ["project", "owner"])
    op.create_table(
        "chat_attachments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("characters", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chat_attachments"),
    )
    op.create_index("ix_chat_attachments_created", "chat_attachments", ["created"])
    op.create_index("ix_chat_attachments_project_owner", "chat_attachments", ["project", "owner"])
    op.create_table(
        "chat_message_attachments",
        sa.Column("message", sa.String(64), nullable=False),
        sa.Column("attachment", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("read", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("message", "attachment", name="pk_chat_message_attachments"),
        sa.ForeignKeyConstraint(
            ["message"],
            ["chat_messages.id"],
            name="fk_chat_message_attachments_message_chat_messages",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["attachment"], ["chat_attachments.id"], name="fk_chat_message_attachments_attachment_chat_attachments"
        ),
    )
    op.create_index("ix_chat_message_attachments_attachment", "chat_message_attachments", ["attachment"])
    op.create_table(
        "chat_folder_attachments",
        sa.Column("folder", sa.String(64), nullable=False),
        sa.Column("attachment", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("folder", "attachment", name="pk_chat_folder_attachments"),
        sa.ForeignKeyConstraint(
            ["folder"], ["chat_folders.id"], name="fk_chat_folder_attachments_folder_chat_folders", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["attachment"], ["chat_attachments.id"], name="fk_chat_folder_attachments_attachment_chat_attachments"
        ),
    )
    op.create_index("ix_chat_folder_attachments_attachment", "chat_folder_attachments", ["attachment"])
    op.create_table(
        "chat_feedback",
        sa.Column("message", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("deployment", sa.String(256), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("correction", sa.Text, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message", name="pk_chat_feedback"),
        sa.ForeignKeyConstraint(
            ["message"], ["chat_messages.id"], name="fk_chat_feedback_message_chat_messages", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_chat_feedback_project_updated", "chat_feedback", ["project", "updated"])
    op.create_table(
        "chat_shares",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chat_shares"),
        sa.ForeignKeyConstraint(["chat"], ["chats.id"], name="fk_chat_shares_chat_chats", ondelete="CASCADE"),
        sa.UniqueConstraint("chat", name="uq_chat_shares_chat"),
    )
    op.create_index("ix_chat_shares_expires", "chat_shares", ["expires"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
