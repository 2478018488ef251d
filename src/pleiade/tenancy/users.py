"""People: one user for each email address, whatever organisations they belong to."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, User
from pleiade.store import reading
from pleiade.store.signin import identities, passwords, sessions
from pleiade.store.tables import keys
from pleiade.store.tenants import organisation_members, project_members, users
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.checks import checked_email, checked_name, new_id, storable
from pleiade.tenancy.errors import ConflictError, not_found
from pleiade.tenancy.members import keep_an_owner
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.rows import struct_of


def create_user(db: sa.Engine, *, email: str, name: str = "", actor: Actor) -> User:
    """A new person, who belongs nowhere yet. `name`: by default what stands before the @.

    Raises InvalidError, ConflictError (the address is known), StoreError.
    """
    with change(db, actor) as act:
        email = checked_email(email)
        if _by_email(act.connection, email) is not None:
            raise ConflictError(f"a user with the email address {email} is there already")
        return ensure_user(act, email, name)


def ensure_user(act: Change, email: str, name: str = "") -> User:
    """The person with this address, made now if need be, within a change that does more. Raises InvalidError."""
    email = checked_email(email)
    known = _by_email(act.connection, email)
    if known is not None:
        return known
    user = User(
        id=new_id("user-"),
        email=email,
        name=checked_name(name or email.partition("@")[0]),
        created=int(time.time()),
    )
    act.connection.execute(sa.insert(users).values(**msgspec.structs.asdict(user)))
    return user


def get_user(db: sa.Engine, user: str) -> User:
    """The person of that id. Raises NotFoundError."""
    with reading(db) as connection:
        return read_user(connection, user)


def find_user(db: sa.Engine, wanted: str) -> User:
    """The person whose id or email address is `wanted`. Raises NotFoundError."""
    with reading(db) as connection:
        found = _by_email(connection, wanted.strip().lower()) if storable(wanted) else None
        return found if found is not None else read_user(connection, wanted)


def user_by_email(db: sa.Engine, email: str) -> User | None:
    """The person with that address, in any case of letters; None if there is none."""
    if not storable(email):
        return None
    with reading(db) as connection:
        return _by_email(connection, email.strip().lower())


def list_users(db: sa.Engine, *, after: str = "", limit: int = 100) -> Page[User]:
    """Everybody, of all organisations, in the order of their arrival. For the operator."""
    with reading(db) as connection:
        page = page_rows(
            connection, sa.select(users), id=users.c.id, created=users.c.created, what="user", after=after, limit=limit
        )
    return Page(tuple(struct_of(row, User) for row in page.items), page.more)


def rename_user(db: sa.Engine, user: str, *, name: str, actor: Actor) -> User:
    """Change what a person is called. Raises NotFoundError, InvalidError."""
    name = checked_name(name)
    with change(db, actor) as act:
        before = read_user(act.connection, user)
        act.connection.execute(sa.update(users).where(users.c.id == user).values(name=name))
        for organisation in _organisations_of(act.connection, user) or [DEFAULT_ORGANISATION]:
            act.record("user.updated", organisation, user, changes_requested={"name": name})
        act.open_again()
    return msgspec.structs.replace(before, name=name)


def delete_user(db: sa.Engine, user: str, *, actor: Actor) -> None:
    """Remove a person everywhere: keys are revoked, places, address and ways to sign in go; their usage stays.

    Raises NotFoundError; ConflictError where they are the last owner of an organisation.
    """
    now = int(time.time())
    with change(db, actor) as act:
        connection = act.connection
        read_user(connection, user)
        belonged = _organisations_of(connection, user)
        for organisation in belonged:
            keep_an_owner(connection, organisation, user)
        connection.execute(sa.update(keys).where(keys.c.owner == user, keys.c.revoked == 0).values(revoked=now))
        connection.execute(sa.delete(project_members).where(project_members.c.user == user))
        connection.execute(sa.delete(organisation_members).where(organisation_members.c.user == user))
        for table in (sessions, passwords, identities):
            connection.execute(sa.delete(table).where(table.c.user == user))
        connection.execute(sa.delete(users).where(users.c.id == user))
        for organisation in belonged or [DEFAULT_ORGANISATION]:
            act.record("user.deleted", organisation, user)
        act.open_again()


def read_user(connection: sa.Connection, user: str) -> User:
    """The person of that id, in an open transaction. Raises NotFoundError."""
    query = sa.select(users).where(users.c.id == user)
    row = connection.execute(query).mappings().one_or_none() if storable(user) else None
    if row is None:
        raise not_found("user", user)
    return struct_of(row, User)


def _by_email(connection: sa.Connection, email: str) -> User | None:
    row = connection.execute(sa.select(users).where(users.c.email == email)).mappings().one_or_none()
    return None if row is None else struct_of(row, User)


def _organisations_of(connection: sa.Connection, user: str) -> list[str]:
    query = sa.select(organisation_members.c.organisation).where(organisation_members.c.user == user)
    return list(connection.scalars(query.order_by(organisation_members.c.organisation)))
