"""Organisations, projects, people, invitations and the audit log; every key gets its place among them."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ZEROS = "0" * 64


def upgrade() -> None:
    """Create the tables of tenancy; keys of before belong to the organisation "default" and keep their projects."""
    _create_tables()
    _carry_keys_over()


def downgrade() -> None:
    """Remove tenancy: keys stay, with the projects that they name."""
    with op.batch_alter_table("keys") as keys:
        for column in ("project", "organisation", "owner", "replaced_by"):
            keys.drop_index(f"ix_keys_{column}")
        keys.drop_constraint("fk_keys_project_projects", type_="foreignkey")
        keys.drop_constraint("fk_keys_organisation_organisations", type_="foreignkey")
        for column in ("organisation", "owner", "kind", "scopes", "slot", "replaced_by"):
            keys.drop_column(column)
    for table in (
        "audit_head",
        "audit_log",
        "registrations",
        "registration_rule",
        "invites",
        "key_uses",
        "service_accounts",
        "project_members",
        "organisation_members",
        "users",
        "projects",
        "organisations",
    ):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("storefront", sa.String(16), nullable=False),
        sa.Column("billing", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("archived", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("archived", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name="fk_projects_organisation_organisations"),
    )
    op.create_index("ix_projects_organisation", "projects", ["organisation"])
    op.create_table(
        "users",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    for table, of in (("organisation_members", "organisation"), ("project_members", "project")):
        op.create_table(
            table,
            sa.Column(of, sa.String(64), nullable=False),
            sa.Column("user", sa.String(64), nullable=False),
            sa.Column("role", sa.String(32), nullable=False),
            sa.Column("created", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint(of, "user", name=f"pk_{table}"),
            sa.ForeignKeyConstraint([of], [f"{of}s.id"], name=f"fk_{table}_{of}_{of}s"),
            sa.ForeignKeyConstraint(["user"], ["users.id"], name=f"fk_{table}_user_users"),
        )
        op.create_index(f"ix_{table}_user", table, ["user"])
    op.create_table(
        "service_accounts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_accounts"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_service_accounts_project_projects"),
    )
    op.create_index("ix_service_accounts_project", "service_accounts", ["project"])
    op.create_table(
        "key_uses",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_key_uses"),
    )
    op.create_table(
        "invites",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("projects", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("sha256", name="uq_invites_sha256"),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name="fk_invites_organisation_organisations"),
    )
    op.create_index("ix_invites_organisation", "invites", ["organisation"])
    op.create_table(
        "registration_rule",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_registration_rule"),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("decided", sa.BigInteger, nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registrations"),
        sa.UniqueConstraint("email", name="uq_registrations_email"),
    )
    op.create_index("ix_registrations_state_created", "registrations", ["state", "created"])
    op.create_table(
        "audit_log",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("actor_email", sa.String(254), nullable=False),
        sa.Column("resource", sa.String(256), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_log"),
        sa.UniqueConstraint("id", name="uq_audit_log_id"),
    )
    op.create_index("ix_audit_log_organisation_sequence", "audit_log", ["organisation", "sequence"])
    audit_head = op.create_table(
        "audit_head",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_head"),
    )
    op.bulk_insert(audit_head, [{"name": "chain", "sequence": 0, "sha256": ZEROS}])


def _carry_keys_over() -> None:
    connection = op.get_bind()
    now = int(time.time())
    connection.execute(
        sa.text(
            "INSERT INTO organisations (id, name, storefront, billing, currency, created, archived, deleted) "
            "VALUES ('default', 'Default', 'openai', 'internal', 'USD', :now, 0, 0)"
        ),
        {"now": now},
    )
    named = connection.execute(sa.text("SELECT DISTINCT project FROM keys")).scalars().all()
    for project in sorted({"default", *named}):
        connection.execute(
            sa.text(
                "INSERT INTO projects (id, organisation, name, created, archived) "
                "VALUES (:id, 'default', :name, :now, 0)"
            ),
            {"id": project, "name": "Default project" if project == "default" else project, "now": now},
        )
    added = {"organisation": 64, "owner": 64, "kind": 16, "scopes": 0, "slot": 8, "replaced_by": 64}
    types = {name: sa.String(length) if length else sa.Text() for name, length in added.items()}
    with op.batch_alter_table("keys") as keys:
        for name, type_ in types.items():
            keys.add_column(sa.Column(name, type_, nullable=True))
    connection.execute(
        sa.text(
            "UPDATE keys SET organisation = 'default', owner = '', scopes = 'all', slot = '', replaced_by = '', "
            "kind = CASE WHEN role = 'admin' THEN 'admin' ELSE 'project' END"
        )
    )
    with op.batch_alter_table("keys") as keys:
        for name, type_ in types.items():
            keys.alter_column(name, existing_type=type_, nullable=False)
        keys.create_foreign_key("fk_keys_project_projects", "projects", ["project"], ["id"])
        keys.create_foreign_key("fk_keys_organisation_organisations", "organisations", ["organisation"], ["id"])
        for column in ("project", "organisation", "owner", "replaced_by"):
            keys.create_index(f"ix_keys_{column}", [column])
