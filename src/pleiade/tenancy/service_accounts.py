"""Service accounts: programs that own keys of a project, so that no person's leaving stops them."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Key, Role, ServiceAccount
from pleiade.store import reading
from pleiade.store.tables import keys
from pleiade.store.tenants import projects, service_accounts
from pleiade.tenancy.change import change
from pleiade.tenancy.checks import checked_name, checked_role, new_id, storable
from pleiade.tenancy.errors import not_found
from pleiade.tenancy.keys import make_key
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.rows import struct_of


def create_service_account(
    db: sa.Engine,
    organisation: str,
    project: str,
    *,
    name: str,
    actor: Actor,
    role: Role | str = Role.MEMBER,
    with_key: bool = True,
) -> tuple[ServiceAccount, str, Key | None]:
    """A new service account and, as OpenAI does, its first key: account, secret (to be shown once), key.

    Without a key the secret is "". Raises NotFoundError, InvalidError, ConflictError (archived).
    """
    account = ServiceAccount(
        id=new_id("svc_acct_"),
        organisation=organisation,
        project=project,
        name=checked_name(name),
        role=checked_role(role).value,
        created=int(time.time()),
    )
    with change(db, actor) as act:
        read_project(act.connection, organisation, project, active=True)
        row = msgspec.structs.asdict(account)
        del row["organisation"]  # the project's
        act.connection.execute(sa.insert(service_accounts).values(**row))
        data = {"role": account.role, "name": account.name}
        act.record("service_account.created", organisation, account.id, project=project, data=data)
        if not with_key:
            return account, "", None
        secret, key = make_key(
            act,
            Key(
                id="",
                sha256="",
                hint="",
                name=account.name,
                role=Role(account.role),
                organisation=organisation,
                project=project,
                owner=account.id,
            ),
        )
    return account, secret, key


def get_service_account(db: sa.Engine, organisation: str, project: str, account: str) -> ServiceAccount:
    """The service account of that id in that project. Raises NotFoundError."""
    with reading(db) as connection:
        return _read(connection, organisation, project, account)


def list_service_accounts(
    db: sa.Engine, organisation: str, project: str, *, after: str = "", limit: int = 100
) -> Page[ServiceAccount]:
    """Service accounts of a project, oldest first. Raises NotFoundError, InvalidError."""
    with reading(db) as connection:
        read_project(connection, organisation, project)
        page = page_rows(
            connection,
            _accounts(organisation, project),
            id=service_accounts.c.id,
            created=service_accounts.c.created,
            what="service account",
            after=after,
            limit=limit,
        )
    return Page(tuple(struct_of(row, ServiceAccount) for row in page.items), page.more)


def update_service_account(
    db: sa.Engine,
    organisation: str,
    project: str,
    account: str,
    *,
    actor: Actor,
    name: str | None = None,
    role: Role | str | None = None,
) -> ServiceAccount:
    """Change what is not None. A lower role lowers what its keys may. Raises NotFoundError, InvalidError."""
    with change(db, actor) as act:
        before = _read(act.connection, organisation, project, account)
        changes = {
            what: value
            for what, value in (
                ("name", before.name if name is None else checked_name(name)),
                ("role", before.role if role is None else checked_role(role).value),
            )
            if value != getattr(before, what)
        }
        if not changes:
            return before
        query = sa.update(service_accounts).where(service_accounts.c.id == account)
        act.connection.execute(query.values(**changes))
        act.record("service_account.updated", organisation, account, project=project, changes_requested=changes)
        act.open_again()
    return msgspec.structs.replace(before, **changes)


def delete_service_account(db: sa.Engine, organisation: str, project: str, account: str, *, actor: Actor) -> None:
    """Remove a service account and revoke its keys; its usage stays. Raises NotFoundError."""
    with change(db, actor) as act:
        _read(act.connection, organisation, project, account)
        own = sa.update(keys).where(keys.c.owner == account, keys.c.revoked == 0)
        act.connection.execute(own.values(revoked=int(time.time())))
        act.connection.execute(sa.delete(service_accounts).where(service_accounts.c.id == account))
        act.record("service_account.deleted", organisation, account, project=project)
        act.open_again()


def _read(connection: sa.Connection, organisation: str, project: str, account: str) -> ServiceAccount:
    row = None
    if all(storable(text) for text in (organisation, project, account)):
        query = _accounts(organisation, project).where(service_accounts.c.id == account)
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise not_found("service account", account)
    return struct_of(row, ServiceAccount)


def _accounts(organisation: str, project: str) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(service_accounts, projects.c.organisation)
        .join(projects, projects.c.id == service_accounts.c.project)
        .where(service_accounts.c.project == project, projects.c.organisation == organisation)
    )
