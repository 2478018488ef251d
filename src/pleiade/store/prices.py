"""Tables of prices. A row is written once and never changed."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("storefront", sa.String(16), nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # 1, 2, … within storefront and model
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("effective", sa.BigInteger, nullable=False),
    sa.Column("free", sa.Boolean, nullable=False),
    sa.Column("rates", sa.JSON, nullable=False),  # domain.Rate, with decimal strings
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("storefront", "model", "version"),
)
