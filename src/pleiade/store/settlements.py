"""The table of recorded settlements between partners: what was agreed to be paid, period after period."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# Each one contains the periods of the one before it under the same agreement, and adds to them.
settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("agreement", sa.String(128), primary_key=True),  # its name
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # 1, 2, …
    sa.Column("id", sa.String(64), nullable=False, unique=True),  # SHA-256 of the agreement and the profits
    sa.Column("terms", sa.String(64), nullable=False),  # SHA-256 of the agreement
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("profits", sa.Text, nullable=False),  # JSON: [first day, last day, profit] of each period
    sa.Column("result", sa.Text, nullable=False),  # JSON, as `pleiade settle --json` prints it
    sa.Column("recorded", sa.BigInteger, nullable=False),  # Unix seconds
)
