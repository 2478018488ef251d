"""Tables of what clients asked us to keep: responses and chat completions, each owned by a project."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

responses = sa.Table(
    "responses",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False, index=True),
    sa.Column("owner", sa.String(64), nullable=False, server_default="", index=True),  # who asked; "" = nobody known
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),  # the response before this one; "" = none
    sa.Column("body", sa.Text, nullable=False),  # the Response object, JSON
    sa.Column("input", sa.Text, nullable=False),  # its own input items, a JSON list
    sa.Column("cancelling", sa.Boolean, nullable=False),  # a background response shall end
    sa.Column("alive", sa.BigInteger, nullable=False),  # last sign of life of whoever makes it
)

# Which stored response holds an item, so that `item_reference` finds it.
response_items = sa.Table(
    "response_items",
    metadata,
    sa.Column("item", sa.String(128), primary_key=True),
    sa.Column("response", sa.ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# The events of streamed responses, as they were sent; several rows while a background response grows.
response_events = sa.Table(
    "response_events",
    metadata,
    sa.Column("response", sa.ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("first", sa.Integer, primary_key=True, autoincrement=False),  # its sequence_number
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("frames", sa.LargeBinary, nullable=False),  # zlib of the frames, blank lines included
)

# An engine chose the id, so two projects may hold the same one.
chat_completions = sa.Table(
    "chat_completions",
    metadata,
    sa.Column("project", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, server_default="", index=True),  # who asked; "" = nobody known
    sa.Column("recorded", sa.BigInteger, nullable=False),  # Unix microseconds: the order of listings
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the ChatCompletion object, JSON
    sa.Column("messages", sa.Text, nullable=False),  # the request's messages, a JSON list
    sa.Index("ix_chat_completions_project_recorded", "project", "recorded"),
)

chat_completion_metadata = sa.Table(
    "chat_completion_metadata",
    metadata,
    sa.Column("project", sa.String(64), primary_key=True),
    sa.Column("completion", sa.String(128), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.String(512), nullable=False),
    sa.ForeignKeyConstraint(
        ["project", "completion"],
        ["chat_completions.project", "chat_completions.id"],
        name="fk_chat_completion_metadata_completion_chat_completions",
        ondelete="CASCADE",
    ),
)

# Pictures that Azure's clients of 2023 submitted for, and poll: what became of them.
image_operations = sa.Table(
    "image_operations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),  # Unix seconds: then it is forgotten
    sa.Column("status", sa.String(16), nullable=False),  # Azure's: running, succeeded, failed
    sa.Column("alive", sa.BigInteger, nullable=False),  # last sign of life of whoever makes it
    sa.Column("body", sa.Text, nullable=False),  # `result` once it succeeded, `error` once it failed, JSON; else "{}"
    sa.Column("pictures", sa.JSON, nullable=False),  # names of the objects that hold them
)
