"""Tables of the house: settings that were changed while it ran, and people whose records are not wanted any more."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# What was changed while the server ran; it wins over what the start says. No row = as the start says.
house_settings = sa.Table(
    "house_settings",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),  # JSON
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.String(64), nullable=False),  # a user or a key
)

# Who was erased: records of calls that reach the database afterwards are dropped.
erased = sa.Table(
    "erased",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column("user", sa.String(64), primary_key=True),
    sa.Column("time", sa.BigInteger, nullable=False),
)
