"""The people behind sign-ins: found by e-mail address or by what an issuer says, and their organisations."""

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor
from pleiade.store import reading
from pleiade.store.tenants import organisation_members, organisations, users
from pleiade.tenancy.errors import TenancyError
from pleiade.tenancy.registration import register
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


def signed_in_user(db: sa.Engine, verified: Verified, actor: Actor) -> tuple[str, str]:
    """The user whom an ID token speaks of, and the organisation that they sign in to. May block.

    An issuer signs in members of its organisation only: one customer's identity provider must not speak for another
    one's people. The house's own also lets in who registers themselves, where the operator opened that.
    Raises NotAdmittedError, StoreError.
    """
    caller = caller_of_token(verified)
    try:
        known, _ = admit(db, caller)
        if known.user:
            member, _ = admit(db, Caller(organisation=known.organisation, user=known.user))
            return member.user, member.organisation
    except NotAdmittedError:
        if caller.organisation != DEFAULT_ORGANISATION or not caller.email:
            raise
    if caller.organisation != DEFAULT_ORGANISATION or not caller.email:
        raise NotAdmittedError(
            f"{verified.issuer.name} knows you, but nobody here has your e-mail address: ask for an invitation."
        )
    return _registered(db, caller, str(verified.claims.get("name") or caller.email.partition("@")[0]), actor)


def _registered(db: sa.Engine, caller: Caller, name: str, actor: Actor) -> tuple[str, str]:
    """Somebody with a proven address who belongs nowhere in the house: perhaps elsewhere, perhaps let in just now."""
    user = user_with_email(db, caller.email)
    places = organisations_of(db, user) if user else []
    if not places:
        try:
            asked = register(db, email=caller.email, name=name, actor=actor)
        except TenancyError as error:
            raise NotAdmittedError(f"{caller.email} is no member of any organization here: {error}.") from error
        if asked.state != "approved":
            raise NotAdmittedError("You have asked to be let in. Please wait until the operator opens the door.")
        user = asked.user
        places = organisations_of(db, user)
    if not places:
        raise NotAdmittedError(f"{caller.email} is no member of any organization here: ask for an invitation.")
    admit(db, msgspec.structs.replace(caller, organisation=places[0], role=None))  # remembers who the subject is
    return user, places[0]
