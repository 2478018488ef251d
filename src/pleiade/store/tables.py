"""The tables, in SQLAlchemy Core. Times are Unix seconds; the migrations create exactly these."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Counters that readers poll: a row's value grows with every change of what its name says.
versions = sa.Table(
    "versions",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),  # of the secret, which is not stored
    sa.Column("hint", sa.String(8), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("project", sa.ForeignKey("projects.id"), nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),  # 0 = never
    sa.Column("revoked", sa.BigInteger, nullable=False),  # 0 = in force
    sa.Column("organisation", sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),  # user or service account; "" = nobody's
    sa.Column("kind", sa.String(16), nullable=False),  # "project" or "admin"
    sa.Column("scopes", sa.Text, nullable=False),  # separated by spaces
    sa.Column("slot", sa.String(8), nullable=False),  # "key1", "key2" or ""
    sa.Column("replaced_by", sa.String(64), nullable=False, index=True),  # a retired secret of that key; "" = a key
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", sa.String(256), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("format", sa.String(32), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("architecture", sa.String(128), nullable=False),
    sa.Column("parameters", sa.BigInteger, nullable=False),
    sa.Column("context_length", sa.BigInteger, nullable=False),
    sa.Column("embedding_length", sa.BigInteger, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("base", sa.String(256), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("bundled", sa.Boolean, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("model", sa.ForeignKey("models.id"), nullable=False, index=True),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

# Every name that a client may say: a deployment's own (position 0) and its aliases (1, 2, …).
# One primary key over both is what makes a name unique, whoever writes at the same moment.
deployment_names = sa.Table(
    "deployment_names",
    metadata,
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
)

# Which of its calls a deployment answers itself, and how often its engine was asked to start anew. No row = all, never.
deployment_traffic = sa.Table(
    "deployment_traffic",
    metadata,
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("drained", sa.Boolean, nullable=False),
    sa.Column("canary", sa.String(256), nullable=False, index=True),  # a deployment's name; "" = none
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("restarts", sa.Integer, nullable=False),
)

# What a deployment filters (domain/policy.py). No row = nothing.
deployment_policies = sa.Table(
    "deployment_policies",
    metadata,
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("policy", sa.JSON, nullable=False),
)

# Who may see and call a deployment. No row = every project; else the one that made it, and those it is shared with.
deployment_projects = sa.Table(
    "deployment_projects",
    metadata,
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("project", sa.String(64), primary_key=True),
    sa.Column("permission", sa.String(64), nullable=False, index=True),  # its id, where it is shared; "" = it made it
    sa.Column("created", sa.BigInteger, nullable=False),
)

# What a deployment ran and runs, the oldest first: rolling back is a new version with what an older one says.
deployment_versions = sa.Table(
    "deployment_versions",
    metadata,
    sa.Column("deployment", sa.ForeignKey("deployments.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)
