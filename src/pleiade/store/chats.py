"""Tables of Chat: conversations as trees of messages, folders, files, ratings, shared snapshots.

Times are Unix microseconds: the order of what happened within one second is seen by people. The index of words is not
here, since SQLite (FTS5) and PostgreSQL (tsvector) make it differently: migration 0012 makes it, and
products/chat/search.py alone reads and writes it.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts by itself in INTEGER only

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),  # a user, or the key of a caller who is nobody in particular
    sa.Column("title", sa.String(256), nullable=False),  # "" until the first question
    sa.Column("words", sa.Text, nullable=False),  # the title as it is searched
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("folder", sa.String(64), nullable=False),  # "" = none
    sa.Column("deployment", sa.String(256), nullable=False),  # that answers unless told otherwise; "" = its folder's
    sa.Column("instructions", sa.Text, nullable=False),
    sa.Column("current", sa.String(64), nullable=False),  # the last message of the branch that is shown; "" = none
    sa.Column("temporary", sa.Boolean, nullable=False),  # in no list and no search, gone after a day
    sa.Column("source", sa.String(128), nullable=False),  # where it was imported from; "" = begun here
    sa.Index("ix_chats_project_owner_updated", "project", "owner", "updated"),
    sa.Index("ix_chats_source", "source"),
)

chat_messages = sa.Table(
    "chat_messages",
    metadata,
    sa.Column("number", _number, primary_key=True),  # counts up with every message: their order, and the index's key
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("chat", sa.ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    sa.Column("parent", sa.String(64), nullable=False),  # the message before it; "" = it opens the chat
    sa.Column("role", sa.String(16), nullable=False),  # "user" or "assistant"
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # as of a response: in_progress, completed, incomplete, …
    sa.Column("response", sa.String(64), nullable=False),  # that makes or made it; "" = none
    sa.Column("deployment", sa.String(256), nullable=False),
    sa.Column("error", sa.Text, nullable=False),  # `error` of the response, JSON; "" = none
    sa.Column("usage", sa.Text, nullable=False),  # its `usage`, JSON; "" = none
    sa.Column("timings", sa.Text, nullable=False),  # milliseconds, JSON; "" = not known
    sa.Column("calls", sa.Text, nullable=False, server_default=""),  # of tools, by its response, JSON; "" = none
    sa.Column("filters", sa.Text, nullable=False, server_default=""),  # its `content_filters`, JSON; "" = none
    sa.Column("request", sa.Text, nullable=False),  # body of POST /responses that asked for it; "" = none
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Index("ix_chat_messages_chat_number", "chat", "number"),
)

chat_folders = sa.Table(
    "chat_folders",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("instructions", sa.Text, nullable=False),
    sa.Column("deployment", sa.String(256), nullable=False),  # "" = none
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Index("ix_chat_folders_project_owner", "project", "owner"),
)

chat_attachments = sa.Table(
    "chat_attachments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # "text", "pdf", "word" or "image"
    sa.Column("type", sa.String(64), nullable=False),  # of its bytes, as found out
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),  # 0 = it has none
    sa.Column("characters", sa.Integer, nullable=False),  # of `text`
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("notice", sa.Text, nullable=False),  # what of it could not be read; "" = nothing
    sa.Column("object", sa.String(64), nullable=False),  # name of the object that holds its bytes
    sa.Column("created", sa.BigInteger, nullable=False, index=True),
    sa.Index("ix_chat_attachments_project_owner", "project", "owner"),
)

chat_message_attachments = sa.Table(
    "chat_message_attachments",
    metadata,
    sa.Column("message", sa.ForeignKey("chat_messages.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("attachment", sa.ForeignKey("chat_attachments.id"), primary_key=True, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("read", sa.Integer, nullable=False),  # characters that the last answer was given; -1 = none asked yet
)

chat_folder_attachments = sa.Table(
    "chat_folder_attachments",
    metadata,
    sa.Column("folder", sa.ForeignKey("chat_folders.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("attachment", sa.ForeignKey("chat_attachments.id"), primary_key=True, index=True),
    sa.Column("position", sa.Integer, nullable=False),
)

chat_shares = sa.Table(
    "chat_shares",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # whoever has it may read the snapshot
    sa.Column("chat", sa.ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("snapshot", sa.Text, nullable=False),  # the branch as it was shown, JSON
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)
