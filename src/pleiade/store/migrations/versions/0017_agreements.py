"""Agreements with partners, and which organisations look on as their parties."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables of agreements and of their parties."""
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("name", name="uq_agreements_name"),
    )
    op.create_table(
        "agreement_partners",
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("agreement", "party", name="pk_agreement_partners"),
        sa.ForeignKeyConstraint(
            ["agreement"],
            ["agreements.id"],
            name="fk_agreement_partners_agreement_agreements",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_agreement_partners_organisation", "agreement_partners", ["organisation"])
