"""Tables of signing in: issuers, who is who there, passwords, sessions. Secrets rest as hashes."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

issuers = sa.Table(
    "issuers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("issuer", sa.String(512), nullable=False, unique=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), nullable=False),  # "" = the organisation's first
    sa.Column("audiences", sa.JSON, nullable=False),
    sa.Column("algorithms", sa.JSON, nullable=False),
    sa.Column("client", sa.String(256), nullable=False),
    sa.Column("client_secret", sa.Text, nullable=False),  # the issuer wants it back in clear
    sa.Column("metadata_url", sa.Text, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("trust_email", sa.Boolean, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

# Who a subject of an issuer is here.
identities = sa.Table(
    "identities",
    metadata,
    sa.Column("issuer", sa.ForeignKey("issuers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user", sa.String(64), nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
)

passwords = sa.Table(
    "passwords",
    metadata,
    sa.Column("user", sa.String(64), primary_key=True),
    sa.Column("hash", sa.String(256), nullable=False),  # scrypt, with its parameters and salt
    sa.Column("changed", sa.BigInteger, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),  # of the cookie's secret, which is not stored
    sa.Column("user", sa.String(64), nullable=False, index=True),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("method", sa.String(64), nullable=False),  # "password", or the issuer's id
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)

# Sign-ins that went to their issuer and are not back yet. Taken out by the first answer, so none is used twice.
pending_sign_ins = sa.Table(
    "pending_sign_ins",
    metadata,
    sa.Column("state", sa.String(64), primary_key=True),  # SHA-256
    sa.Column("browser", sa.String(64), nullable=False),  # SHA-256 of the cookie of who began
    sa.Column("issuer", sa.ForeignKey("issuers.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("verifier", sa.String(128), nullable=False),
    sa.Column("next", sa.Text, nullable=False),  # a path of ours
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)

# Wrong passwords, counted for everything that tries: an account, an address, both together.
sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),  # SHA-256
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)
