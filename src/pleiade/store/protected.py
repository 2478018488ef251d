"""The table of protected texts: hashes of their words, never the words."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

# Texts that answers must not repeat (docs/safety.md). The house's, for all deployments that look for them.
protected_texts = sa.Table(
    "protected_texts",
    metadata,
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("shingles", sa.LargeBinary, nullable=False),  # of `pleiade.safety.protected`
    sa.Column("added", sa.BigInteger, nullable=False),
)
