"""Projects of an organisation: made, found, renamed, archived."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_PROJECT, Actor, Project
from pleiade.store import reading
from pleiade.store.tenants import organisations, projects
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.checks import checked_id, checked_name, new_id, storable
from pleiade.tenancy.errors import ConflictError, InvalidError, not_found
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.rows import struct_of


def create_project(db: sa.Engine, organisation: str, *, name: str, actor: Actor, id: str = "") -> Project:
    """A new project. `id` may be chosen; it is never used twice.

    Raises NotFoundError, InvalidError, ConflictError (the organisation is archived, the id is taken), StoreError.
    """
    with change(db, actor) as act:
        return make_project(act, organisation, name, id)


def make_project(act: Change, organisation: str, name: str, id: str = "") -> Project:
    """The same within a change that does more."""
    _active_organisation(act.connection, organisation)
    project = Project(
        id=checked_id(id) if id else new_id("proj_"),
        organisation=organisation,
        name=checked_name(name),
        created=int(time.time()),
    )
    if id and act.connection.scalar(sa.select(projects.c.id).where(projects.c.id == id)) is not None:
        raise ConflictError(f"the project id {id!r} is taken: choose another one")
    act.connection.execute(sa.insert(projects).values(**msgspec.to_builtins(project)))
    data = {"name": project.name, "title": project.name}
    act.record("project.created", organisation, project.id, project=project.id, data=data)
    return project


def get_project(db: sa.Engine, organisation: str, project: str) -> Project:
    """The project of that id in that organisation, archived ones too. Raises NotFoundError."""
    with reading(db) as connection:
        return read_project(connection, organisation, project)


def find_project(db: sa.Engine, organisation: str, wanted: str) -> Project:
    """The one whose id, or else whose name, is `wanted`: for people. Raises NotFoundError, InvalidError if several."""
    with reading(db) as connection:
        query = sa.select(projects).where(
            projects.c.organisation == organisation,
            sa.or_(projects.c.id == wanted, sa.and_(projects.c.name == wanted, projects.c.archived == 0)),
        )
        found = [struct_of(row, Project) for row in connection.execute(query).mappings()] if storable(wanted) else []
    exact = [one for one in found if one.id == wanted] or found
    if len(exact) > 1:
        ids = ", ".join(one.id for one in exact)
        raise InvalidError(f"{len(exact)} projects are called {wanted!r}; say which by id: {ids}")
    if not exact:
        raise not_found("project", wanted)
    return exact[0]


def list_projects(
    db: sa.Engine,
    organisation: str,
    *,
    archived: bool = False,
    only: tuple[str, ...] | None = None,
    after: str = "",
    limit: int = 100,
) -> Page[Project]:
    """Projects of an organisation, oldest first; archived ones only if asked for.

    `only`: none but these ids, for somebody who may not see the others. Raises NotFoundError, also for an `after`.
    """
    query = sa.select(projects).where(projects.c.organisation == organisation)
    if not archived:
        query = query.where(projects.c.archived == 0)
    if only is not None:
        query = query.where(projects.c.id.in_(only))
    with reading(db) as connection:
        _archived(connection, organisation)
        page = page_rows(
            connection,
            query,
            id=projects.c.id,
            created=projects.c.created,
            what="project",
            after=after,
            limit=limit,
        )
    return Page(tuple(struct_of(row, Project) for row in page.items), page.more)


def first_project(db: sa.Engine, organisation: str) -> Project:
    """Where somebody works who names no project: the oldest that is active. Raises NotFoundError."""
    page = list_projects(db, organisation, limit=1)
    if not page.items:
        raise not_found("project", "", f"organisation {organisation}")
    return page.items[0]


def rename_project(db: sa.Engine, organisation: str, project: str, *, name: str, actor: Actor) -> Project:
    """Give a project another name. Raises NotFoundError, InvalidError, ConflictError (archived)."""
    name = checked_name(name)
    with change(db, actor) as act:
        before = read_project(act.connection, organisation, project, active=True)
        if before.name == name:
            return before
        after = msgspec.structs.replace(before, name=name)
        act.connection.execute(sa.update(projects).where(projects.c.id == project).values(name=name))
        act.record("project.updated", organisation, project, project=project, changes_requested={"title": name})
    return after


def archive_project(db: sa.Engine, organisation: str, project: str, *, actor: Actor) -> Project:
    """Close a project for good: its keys open nothing within a second; its usage and bills stay.

    Raises NotFoundError, ConflictError for the house's first project.
    """
    if project == DEFAULT_PROJECT:
        raise ConflictError(f"the project {DEFAULT_PROJECT!r} is the house's first and cannot be archived")
    with change(db, actor) as act:
        before = read_project(act.connection, organisation, project)
        if before.archived:
            return before
        after = msgspec.structs.replace(before, archived=int(time.time()))
        act.connection.execute(sa.update(projects).where(projects.c.id == project).values(archived=after.archived))
        act.record("project.archived", organisation, project, project=project)
        act.open_again()
    return after


def read_project(connection: sa.Connection, organisation: str, project: str, *, active: bool = False) -> Project:
    """The project of that id in that organisation, in an open transaction.

    Raises NotFoundError; with `active`, ConflictError for an archived one.
    """
    query = (
        sa.select(projects)
        .join(organisations, organisations.c.id == projects.c.organisation)
        .where(projects.c.id == project, projects.c.organisation == organisation, organisations.c.deleted == 0)
    )
    storable_ids = storable(organisation) and storable(project)
    row = connection.execute(query).mappings().one_or_none() if storable_ids else None
    if row is None:
        raise not_found("project", project)
    found = struct_of(row, Project)
    if active and found.archived:
        raise ConflictError(f"the project {project} is archived: nothing in it can be changed")
    return found


def _active_organisation(connection: sa.Connection, organisation: str) -> None:
    if _archived(connection, organisation):
        raise ConflictError(f"the organisation {organisation} is archived: restore it first")


def _archived(connection: sa.Connection, organisation: str) -> int:
    # Written here and not imported: organisations are made with a first project, so that file imports this one.
    query = sa.select(organisations.c.archived).where(organisations.c.id == organisation, organisations.c.deleted == 0)
    archived: int | None = connection.scalar(query) if storable(organisation) else None
    if archived is None:
        raise not_found("organisation", organisation)
    return archived
