"""Organisations: made, found, changed, archived, deleted."""

import time
from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, Billing, Organisation, Storefront
from pleiade.store import reading
from pleiade.store.tables import keys
from pleiade.store.tenants import invites, organisation_members, organisations, project_members, projects
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.checks import (
    checked_billing,
    checked_currency,
    checked_id,
    checked_name,
    checked_storefront,
    new_id,
    storable,
)
from pleiade.tenancy.errors import ConflictError, InvalidError, not_found
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import make_project
from pleiade.tenancy.rows import struct_of

# Tells the bills that an organisation has not paid, as sentences; the invoices room has one.
Unpaid = Callable[[sa.Engine, str], Sequence[str]]

FIRST_PROJECT = "Default project"


def create_organisation(
    db: sa.Engine,
    *,
    name: str,
    actor: Actor,
    storefront: Storefront | str = Storefront.OPENAI,
    billing: Billing | str = Billing.INVOICED,
    currency: str = "USD",
    id: str = "",
) -> Organisation:
    """A new organisation with a first project, and nobody in it. `id` may be chosen; it is never used twice.

    Raises InvalidError, ConflictError (the id is taken), StoreError.
    """
    with change(db, actor) as act:
        return make_organisation(act, name, storefront, billing, currency, id)


def make_organisation(
    act: Change, name: str, storefront: Storefront | str, billing: Billing | str, currency: str, id: str = ""
) -> Organisation:
    """The same within a change that does more."""
    organisation = Organisation(
        id=checked_id(id) if id else new_id("org-"),
        name=checked_name(name),
        storefront=checked_storefront(storefront),
        billing=checked_billing(billing),
        currency=checked_currency(currency),
        created=int(time.time()),
    )
    taken = sa.select(organisations.c.id).where(organisations.c.id == organisation.id)
    if id and act.connection.scalar(taken) is not None:
        raise ConflictError(f"the organisation {id!r} is there already, or was: choose another id")
    act.connection.execute(sa.insert(organisations).values(**msgspec.to_builtins(organisation)))
    data = {"name": organisation.name, "storefront": organisation.storefront, "billing": organisation.billing}
    act.record("organization.created", organisation.id, organisation.id, data=data)
    make_project(act, organisation.id, FIRST_PROJECT)
    return organisation


def get_organisation(db: sa.Engine, organisation: str) -> Organisation:
    """The organisation of that id, archived ones too. Raises NotFoundError."""
    with reading(db) as connection:
        return read_organisation(connection, organisation)


def find_organisation(db: sa.Engine, wanted: str) -> Organisation:
    """The one whose id, or else whose name, is `wanted`: for people. Raises NotFoundError, InvalidError if several."""
    with reading(db) as connection:
        query = sa.select(organisations).where(
            organisations.c.deleted == 0, sa.or_(organisations.c.id == wanted, organisations.c.name == wanted)
        )
        found = (
            [struct_of(row, Organisation) for row in connection.execute(query).mappings()] if storable(wanted) else []
        )
    exact = [one for one in found if one.id == wanted] or found
    if len(exact) > 1:
        ids = ", ".join(one.id for one in exact)
        raise InvalidError(f"{len(exact)} organisations are called {wanted!r}; say which by id: {ids}")
    if not exact:
        raise not_found("organisation", wanted)
    return exact[0]


def list_organisations(
    db: sa.Engine, *, archived: bool = False, after: str = "", limit: int = 100
) -> Page[Organisation]:
    """Organisations, oldest first; archived ones only if asked for. Raises NotFoundError for an unknown `after`."""
    query = sa.select(organisations).where(organisations.c.deleted == 0)
    if not archived:
        query = query.where(organisations.c.archived == 0)
    with reading(db) as connection:
        page = page_rows(
            connection,
            query,
            id=organisations.c.id,
            created=organisations.c.created,
            what="organisation",
            after=after,
            limit=limit,
        )
    return Page(tuple(struct_of(row, Organisation) for row in page.items), page.more)


def update_organisation(
    db: sa.Engine,
    organisation: str,
    *,
    actor: Actor,
    name: str | None = None,
    storefront: Storefront | str | None = None,
    billing: Billing | str | None = None,
    currency: str | None = None,
) -> Organisation:
    """Change what is not None. The storefront, billing and currency hold from the next call on.

    Raises NotFoundError, InvalidError, StoreError.
    """
    wanted = {
        "name": None if name is None else checked_name(name),
        "storefront": None if storefront is None else checked_storefront(storefront),
        "billing": None if billing is None else checked_billing(billing),
        "currency": None if currency is None else checked_currency(currency),
    }
    with change(db, actor) as act:
        before = read_organisation(act.connection, organisation)
        changes = {
            what: value for what, value in wanted.items() if value is not None and value != getattr(before, what)
        }
        if not changes:
            return before
        after = msgspec.structs.replace(before, **changes)
        _write(act, after)
        act.record("organization.updated", organisation, organisation, changes_requested=changes)
        act.open_again()
    return after


def archive_organisation(db: sa.Engine, organisation: str, *, actor: Actor) -> Organisation:
    """Stop an organisation: its keys open nothing within a second; all of it stays, and can be restored.

    Raises NotFoundError, ConflictError for the house's own.
    """
    _not_the_house(organisation, "archived")
    return _set_archived(db, organisation, actor, int(time.time()))


def restore_organisation(db: sa.Engine, organisation: str, *, actor: Actor) -> Organisation:
    """Take an organisation out of the archive: its keys open again. Raises NotFoundError."""
    return _set_archived(db, organisation, actor, 0)


def delete_organisation(db: sa.Engine, organisation: str, *, actor: Actor, unpaid: Unpaid) -> None:
    """Delete an organisation for good: its keys are revoked, its people and invitations go, its books stay.

    Raises NotFoundError; ConflictError for the house's own, and where `unpaid` names bills.
    """
    _not_the_house(organisation, "deleted")
    get_organisation(db, organisation)
    if bills := unpaid(db, organisation):
        raise ConflictError(
            f"the organisation {organisation} has unpaid bills and is not deleted: {'; '.join(bills)}. "
            "Settle or cancel them first; archiving stops its keys now."
        )
    now = int(time.time())
    with change(db, actor) as act:
        connection = act.connection
        before = read_organisation(connection, organisation)
        connection.execute(
            sa.update(keys).where(keys.c.organisation == organisation, keys.c.revoked == 0).values(revoked=now)
        )
        own = sa.select(projects.c.id).where(projects.c.organisation == organisation)
        connection.execute(sa.delete(project_members).where(project_members.c.project.in_(own)))
        connection.execute(sa.delete(organisation_members).where(organisation_members.c.organisation == organisation))
        connection.execute(sa.delete(invites).where(invites.c.organisation == organisation))
        connection.execute(
            sa.update(projects)
            .where(projects.c.organisation == organisation, projects.c.archived == 0)
            .values(archived=now)
        )
        _write(act, msgspec.structs.replace(before, archived=before.archived or now, deleted=now))
        act.record("organization.deleted", organisation, organisation)
        act.open_again()


def read_organisation(connection: sa.Connection, organisation: str, *, active: bool = False) -> Organisation:
    """The organisation of that id, in an open transaction.

    Raises NotFoundError; with `active`, ConflictError for an archived one.
    """
    query = sa.select(organisations).where(organisations.c.id == organisation, organisations.c.deleted == 0)
    row = connection.execute(query).mappings().one_or_none() if storable(organisation) else None
    if row is None:
        raise not_found("organisation", organisation)
    found = struct_of(row, Organisation)
    if active and found.archived:
        raise ConflictError(f"the organisation {organisation} is archived: restore it first")
    return found


def _set_archived(db: sa.Engine, organisation: str, actor: Actor, archived: int) -> Organisation:
    with change(db, actor) as act:
        before = read_organisation(act.connection, organisation)
        if bool(before.archived) == bool(archived):
            return before
        after = msgspec.structs.replace(before, archived=archived)
        _write(act, after)
        act.record("organization.archived" if archived else "organization.restored", organisation, organisation)
        act.open_again()
    return after


def _not_the_house(organisation: str, what: str) -> None:
    if organisation == DEFAULT_ORGANISATION:
        raise ConflictError(f"the organisation {DEFAULT_ORGANISATION!r} is the house's own and cannot be {what}")


def _write(act: Change, organisation: Organisation) -> None:
    fields = msgspec.to_builtins(organisation)
    act.connection.execute(sa.update(organisations).where(organisations.c.id == organisation.id).values(**fields))
