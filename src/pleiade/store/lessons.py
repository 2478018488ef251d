"""The table of lessons: what was learned from use, and how far each has come."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

lessons = sa.Table(
    "lessons",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("deployment", sa.String(256), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),  # Unix microseconds: the order of listings
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column(
        "wish", sa.String(16), nullable=False
    ),  # what was decided and is under way: promote, rollback; "" = nothing
    sa.Column("busy", sa.String(256), nullable=True, unique=True),  # its deployment while it is not over, else NULL
    sa.Column("body", sa.Text, nullable=False),  # the lesson as it is shown, JSON
    sa.Column("plan", sa.Text, nullable=False),  # who asked for it, and how it is trained, JSON
    sa.Index("ix_lessons_created", "created"),
)
