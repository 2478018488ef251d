"""Signing in: issuers, identities, passwords, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables of signing in."""
    op.create_table(
        "issuers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("audiences", sa.JSON, nullable=False),
        sa.Column("algorithms", sa.JSON, nullable=False),
        sa.Column("client", sa.String(256), nullable=False),
        sa.Column("client_secret", sa.Text, nullable=False),
        sa.Column("metadata_url", sa.Text, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("trust_email", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issuers"),
        sa.UniqueConstraint("issuer", name="uq_issuers_issuer"),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"], name="fk_identities_issuer_issuers", ondelete="CASCADE"),
    )
    op.create_index("ix_identities_user", "identities", ["user"])
    op.create_table(
        "passwords",
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(256), nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_passwords"),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("method", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_index("ix_sessions_expires", "sessions", ["expires"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("next", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_pending_sign_ins"),
        sa.ForeignKeyConstraint(
            ["issuer"], ["issuers.id"], name="fk_pending_sign_ins_issuer_issuers", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_pending_sign_ins_issuer", "pending_sign_ins", ["issuer"])
    op.create_index("ix_pending_sign_ins_expires", "pending_sign_ins", ["expires"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sign_in_attempts"),
    )
