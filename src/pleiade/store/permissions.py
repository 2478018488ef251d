"""Which models a project may call, where somebody has said so."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

model_permissions = sa.Table(
    "model_permissions",
    metadata,
    sa.Column("project", sa.ForeignKey("projects.id"), primary_key=True),
    sa.Column("mode", sa.String(16), nullable=False),  # "allow_list" or "deny_list"
    sa.Column("models", sa.JSON, nullable=False),
)
