"""The tables of agreements with partners: what was agreed, and which organisations look on as a party."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False, unique=True),  # recorded settlements go by it
    sa.Column("document", sa.Text, nullable=False),  # TOML, as it was given
    sa.Column("created", sa.BigInteger, nullable=False),  # Unix seconds, as the next
    sa.Column("changed", sa.BigInteger, nullable=False),
)

agreement_partners = sa.Table(
    "agreement_partners",
    metadata,
    sa.Column("agreement", sa.String(64), sa.ForeignKey("agreements.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("party", sa.String(64), primary_key=True),  # an id of the document's
    sa.Column("organisation", sa.String(64), nullable=False, index=True),
)
