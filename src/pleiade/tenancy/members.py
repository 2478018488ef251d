"""Who belongs to an organisation and to its projects, and as what."""

import time

import sqlalchemy as sa

from pleiade.domain import Actor, Member, Role
from pleiade.store import reading
from pleiade.store.tables import keys
from pleiade.store.tenants import organisation_members, organisations, project_members, projects, users
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.checks import checked_role, storable
from pleiade.tenancy.errors import ConflictError, not_found
from pleiade.tenancy.organisations import read_organisation
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.rows import struct_of


def list_members(
    db: sa.Engine,
    organisation: str,
    *,
    project: str = "",
    emails: tuple[str, ...] = (),
    after: str = "",
    limit: int = 100,
) -> Page[Member]:
    """Members of an organisation, or of one of its projects, oldest members first; `after` is a user's id.

    Raises NotFoundError, InvalidError.
    """
    with reading(db) as connection:
        _check_place(connection, organisation, project)
        query, user, created = _members(organisation, project)
        if emails:
            query = query.where(users.c.email.in_([email.lower() for email in emails if storable(email)]))
        page = page_rows(connection, query, id=user, created=created, what="user", after=after, limit=limit)
    return Page(tuple(struct_of(row, Member) for row in page.items), page.more)


def get_member(db: sa.Engine, organisation: str, user: str, *, project: str = "") -> Member:
    """Somebody's place there. Raises NotFoundError, in the same words for strangers and for those who do not exist."""
    with reading(db) as connection:
        _check_place(connection, organisation, project)
        return read_member(connection, organisation, user, project=project)


def memberships(db: sa.Engine, user: str) -> list[Member]:
    """All active organisations (`project` is "") and projects that somebody belongs to, oldest first."""
    if not storable(user):
        return []
    with reading(db) as connection:
        found = []
        for query in (_places_in_organisations(user), _places_in_projects(user)):
            found += [struct_of(row, Member) for row in connection.execute(query).mappings()]
    return found


def add_member(
    db: sa.Engine, organisation: str, user: str, *, role: Role | str, project: str = "", actor: Actor
) -> Member:
    """Make somebody a member of an organisation, or (who is one already) of one of its projects.

    Raises NotFoundError (a user of nowhere, or to a project one who is not of its organisation), InvalidError,
    ConflictError (a member already; archived).
    """
    with change(db, actor) as act:
        return join(act, organisation, user, checked_role(role), project=project)


def join(act: Change, organisation: str, user: str, role: Role, *, project: str = "") -> Member:
    """The same within a change that does more."""
    connection = act.connection
    _check_place(connection, organisation, project, active=True)
    if not storable(user) or connection.scalar(sa.select(users.c.id).where(users.c.id == user)) is None:
        raise not_found("user", user)
    if project:
        read_member(connection, organisation, user)  # a stranger's id is not found, as an unknown one
    if is_member(connection, organisation, user, project=project):
        raise ConflictError(f"the user {user} is a member of {project or organisation} already: change their role")
    values = {"user": user, "role": role.value, "created": int(time.time())}
    if project:
        connection.execute(sa.insert(project_members).values(project=project, **values))
    else:
        connection.execute(sa.insert(organisation_members).values(organisation=organisation, **values))
    act.record("user.added", organisation, user, project=project, data={"role": role.value})
    act.open_again()
    return read_member(connection, organisation, user, project=project)


def set_role(
    db: sa.Engine, organisation: str, user: str, *, role: Role | str, project: str = "", actor: Actor
) -> Member:
    """Give a member another role there. Raises NotFoundError, InvalidError; ConflictError for the last owner."""
    role = checked_role(role)
    with change(db, actor) as act:
        _check_place(act.connection, organisation, project, active=True)
        before = read_member(act.connection, organisation, user, project=project)
        if before.role == role.value:
            return before
        if not project:
            keep_an_owner(act.connection, organisation, user)
        table, condition = _own_row(organisation, user, project)
        act.connection.execute(sa.update(table).where(condition).values(role=role.value))
        act.record("user.updated", organisation, user, project=project, changes_requested={"role": role.value})
        act.open_again()
        return read_member(act.connection, organisation, user, project=project)


def remove_member(db: sa.Engine, organisation: str, user: str, *, project: str = "", actor: Actor) -> None:
    """Take somebody out of a project, or out of an organisation with all its projects and their keys there.

    Raises NotFoundError; ConflictError for the last owner.
    """
    with change(db, actor) as act:
        connection = act.connection
        _check_place(connection, organisation, project)
        read_member(connection, organisation, user, project=project)
        table, condition = _own_row(organisation, user, project)
        if not project:
            keep_an_owner(connection, organisation, user)
            own = sa.select(projects.c.id).where(projects.c.organisation == organisation)
            connection.execute(
                sa.delete(project_members).where(project_members.c.user == user, project_members.c.project.in_(own))
            )
        connection.execute(sa.delete(table).where(condition))
        # Revoked and not merely idle: whoever is invited back must not find old secrets working again.
        mine = sa.update(keys).where(keys.c.owner == user, keys.c.organisation == organisation, keys.c.revoked == 0)
        if project:
            mine = mine.where(keys.c.project == project, keys.c.kind == "project")
        connection.execute(mine.values(revoked=int(time.time())))
        act.record("user.deleted", organisation, user, project=project)
        act.open_again()


def keep_an_owner(connection: sa.Connection, organisation: str, leaving: str) -> None:
    """Raises ConflictError where `leaving` is the only owner of an organisation."""
    owners = connection.scalars(
        sa.select(organisation_members.c.user).where(
            organisation_members.c.organisation == organisation, organisation_members.c.role == Role.OWNER.value
        )
    ).all()
    if list(owners) == [leaving]:
        raise ConflictError(
            f"the user {leaving} is the last owner of {organisation}: make somebody else an owner first"
        )


def read_member(connection: sa.Connection, organisation: str, user: str, *, project: str = "") -> Member:
    """Somebody's place there, in an open transaction. Raises NotFoundError."""
    query, id, _ = _members(organisation, project)
    row = connection.execute(query.where(id == user)).mappings().one_or_none() if storable(user) else None
    if row is None:
        raise not_found("user", user)
    return struct_of(row, Member)


def has_members(connection: sa.Connection, organisation: str) -> bool:
    """Whether anybody belongs to that organisation."""
    query = sa.select(organisation_members.c.user).where(organisation_members.c.organisation == organisation).limit(1)
    return connection.scalar(query) is not None


def is_member(connection: sa.Connection, organisation: str, user: str, *, project: str = "") -> bool:
    """Whether somebody belongs there, in an open transaction."""
    query, id, _ = _members(organisation, project)
    return connection.execute(query.where(id == user)).first() is not None


def _check_place(connection: sa.Connection, organisation: str, project: str, *, active: bool = False) -> None:
    read_organisation(connection, organisation, active=active)
    if project:
        read_project(connection, organisation, project, active=active)


def _members(
    organisation: str, project: str
) -> tuple[sa.Select[tuple[object, ...]], sa.ColumnElement[str], sa.ColumnElement[int]]:
    """Rows as domain.Member has them, and the columns that pages go by."""
    table = project_members if project else organisation_members
    query = (
        sa.select(
            table.c.user,
            users.c.email,
            users.c.name,
            sa.literal(organisation).label("organisation"),
            sa.literal(project).label("project"),
            table.c.role,
            table.c.created,
        )
        .join(users, users.c.id == table.c.user)
        .where(table.c.project == project if project else table.c.organisation == organisation)
    )
    return query, table.c.user, table.c.created


def _places_in_organisations(user: str) -> sa.Select[tuple[object, ...]]:
    here = organisation_members.c
    return (
        sa.select(
            here.user,
            users.c.email,
            users.c.name,
            here.organisation,
            sa.literal("").label("project"),
            here.role,
            here.created,
        )
        .join(users, users.c.id == here.user)
        .join(organisations, organisations.c.id == here.organisation)
        .where(here.user == user, organisations.c.archived == 0, organisations.c.deleted == 0)
        .order_by(here.created, here.organisation)
    )


def _places_in_projects(user: str) -> sa.Select[tuple[object, ...]]:
    here = project_members.c
    return (
        sa.select(
            here.user, users.c.email, users.c.name, projects.c.organisation, here.project, here.role, here.created
        )
        .join(users, users.c.id == here.user)
        .join(projects, projects.c.id == here.project)
        .join(organisations, organisations.c.id == projects.c.organisation)
        .where(here.user == user, projects.c.archived == 0, organisations.c.archived == 0, organisations.c.deleted == 0)
        .order_by(here.created, here.project)
    )


def _own_row(organisation: str, user: str, project: str) -> tuple[sa.Table, sa.ColumnElement[bool]]:
    if project:
        return project_members, sa.and_(project_members.c.project == project, project_members.c.user == user)
    return organisation_members, sa.and_(
        organisation_members.c.organisation == organisation, organisation_members.c.user == user
    )
