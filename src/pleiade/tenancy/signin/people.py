"""The people behind sign-ins: found by e-mail address or by what an issuer says, and their organisations."""

import msgspec
import sqlalchemy as sa

from pleiade.store import reading
from pleiade.store.tenants import organisation_members, organisations, users
from pleiade.tenancy.signin.callers import Caller, NotAdmittedError, admit, caller_of_token
from pleiade.tenancy.signin.token import Verified


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person, for people to read."""

    user: str
    email: str
    name: str
    organisation_name: str


def read_person(db: sa.Engine, user: str, organisation: str) -> Person:
    """The person and the name of their organisation; empty where they are gone meanwhile."""
    with reading(db) as connection:
        row = connection.execute(sa.select(users).where(users.c.id == user)).one_or_none()
        name = connection.scalar(sa.select(organisations.c.name).where(organisations.c.id == organisation)) or ""
    if row is None:
        return Person(user=user, email="", name="", organisation_name=name)
    return Person(user=user, email=row.email, name=row.name, organisation_name=name)


def user_with_email(db: sa.Engine, email: str) -> str:
    """The id of the user with this address (lower case), "" if there is none."""
    with reading(db) as connection:
        return connection.scalar(sa.select(users.c.id).where(users.c.email == email)) or ""


def organisations_of(db: sa.Engine, user: str) -> list[str]:
    """Active organisations that `user` is a member of, first joined first."""
    query = (
        sa.select(organisation_members.c.organisation)
        .join(organisations, organisations.c.id == organisation_members.c.organisation)
        .where(organisation_members.c.user == user, organisations.c.archived == 0, organisations.c.deleted == 0)
        .order_by(organisation_members.c.created, organisations.c.id)
    )
    with reading(db) as connection:
        return list(connection.scalars(query))


def signed_in_user(db: sa.Engine, verified: Verified) -> str:
    """The user whom an ID token speaks of, who must be a member. May block. Raises NotAdmittedError."""
    caller, _ = admit(db, caller_of_token(verified))
    if not caller.user:
        raise NotAdmittedError(
            f"{verified.issuer.name} knows you, but nobody here has your e-mail address: ask for an invitation."
        )
    member, _ = admit(db, Caller(organisation=caller.organisation, user=caller.user))
    return member.user
