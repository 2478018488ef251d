"""Tables of organisations, projects, people and their invitations, and of the audit log over all of it.

The keys themselves are in `tables`: they are older.
"""

import sqlalchemy as sa

from pleiade.store.tables import metadata

organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("storefront", sa.String(16), nullable=False),
    sa.Column("billing", sa.String(16), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("archived", sa.BigInteger, nullable=False),  # 0 = active
    sa.Column("deleted", sa.BigInteger, nullable=False),  # 0 = not; the row stays, for the books name it
)

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation", sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("archived", sa.BigInteger, nullable=False),  # 0 = active
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),  # in lower case
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

organisation_members = sa.Table(
    "organisation_members",
    metadata,
    sa.Column("organisation", sa.ForeignKey("organisations.id"), primary_key=True),
    sa.Column("user", sa.ForeignKey("users.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

project_members = sa.Table(
    "project_members",
    metadata,
    sa.Column("project", sa.ForeignKey("projects.id"), primary_key=True),
    sa.Column("user", sa.ForeignKey("users.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

service_accounts = sa.Table(
    "service_accounts",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("project", sa.ForeignKey("projects.id"), nullable=False, index=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

# When each key was last used: apart from the keys, because gateways write it all the time and nobody waits for it.
key_uses = sa.Table(
    "key_uses",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("time", sa.BigInteger, nullable=False),
)

invites = sa.Table(
    "invites",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation", sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("projects", sa.Text, nullable=False),  # JSON: [[project, role], …]
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),  # of the token in the link
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("accepted", sa.BigInteger, nullable=False),  # 0 = not yet
)

# One row at most: no row = self-registration is off.
registration_rule = sa.Table(
    "registration_rule",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),  # JSON of domain.RegistrationRule
)

registrations = sa.Table(
    "registrations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("decided", sa.BigInteger, nullable=False),  # 0 = not yet
    sa.Column("user", sa.String(64), nullable=False),  # "" until approved
    sa.Index("ix_registrations_state_created", "state", "created"),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("actor_id", sa.String(64), nullable=False),  # user or service account, else the key
    sa.Column("actor_email", sa.String(254), nullable=False),
    sa.Column("resource", sa.String(256), nullable=False),  # id of what was changed
    sa.Column("actor", sa.Text, nullable=False),  # JSON, exactly as hashed
    sa.Column("details", sa.Text, nullable=False),  # JSON, exactly as hashed
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Index("ix_audit_log_organisation_sequence", "organisation", "sequence"),
)

# The end of the chain, in one row: whoever changes a tenant locks it first, so there is one chain and one order.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)
