"""The table of feedback: what people thought of answers, whichever product gave them. Times are Unix microseconds."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# Training data is exported from here: `consent` says whether its giver agreed to that.
feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("product", sa.String(32), nullable=False),  # "chat", or what a client of the API calls itself
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),  # a user, or the key of a caller who is nobody in particular
    # What it is about: a message of Chat, which takes it along when it goes; or a run. The other one is NULL.
    sa.Column("message", sa.ForeignKey("chat_messages.id", ondelete="CASCADE"), nullable=True, unique=True),
    sa.Column("run", sa.String(64), nullable=True),
    sa.Column("deployment", sa.String(256), nullable=False),  # that gave the answer
    sa.Column("verdict", sa.String(8), nullable=False),  # "up" or "down"
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("correction", sa.Text, nullable=False),  # what it should have said; "" = not told
    sa.Column("consent", sa.Boolean, nullable=False),  # question and answer may be read and learned from
    sa.Column("state", sa.String(8), nullable=False),  # "new", "seen" or "done"
    sa.Column("note", sa.Text, nullable=False),  # of whoever looks after it; "" = none
    sa.Column("handled_by", sa.String(64), nullable=False),  # who set state or note last; "" = nobody
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("project", "owner", "run", name="uq_feedback_project"),
    sa.Index("ix_feedback_project_updated", "project", "updated"),
)
