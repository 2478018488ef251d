"""From a proven credential to the principal that it acts as: who is a member, in which role, of which project."""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.domain import Principal, Role
from pleiade.domain.tenants import Billing, Storefront
from pleiade.store import reading, unit_of_work
from pleiade.store.signin import identities, sessions
from pleiade.store.tables import versions
from pleiade.store.tenants import organisation_members, organisations, project_members, projects, users
from pleiade.tenancy.signin.mapping import matching_rule, verified_email
from pleiade.tenancy.signin.sessions import Session
from pleiade.tenancy.signin.token import Verified

T = TypeVar("T")

_CHUNK = 500  # names in one query: SQLite takes no more than 999 in older builds


class NotAdmittedError(Exception):
    """The credential is good, but its bearer belongs to nothing here; the message says what is missing."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """What a credential proved, before anybody looked whether its bearer is a member."""

    organisation: str
    project: str = ""  # asked for; "" = their first one
    user: str = ""  # User.id, once known
    role: Role | None = None  # given by a rule of the issuer; None = theirs as a member
    issuer: str = ""  # Issuer.id
    subject: str = ""
    email: str = ""  # proven, lower case
    session: str = ""  # Session.sha256


class _Standing(msgspec.Struct, frozen=True):
    """What an organisation's rows say, for looking people up in memory."""

    organisations: dict[str, tuple[Storefront, Billing]]
    projects: dict[str, list[str]]  # active ones of an organisation, oldest first
    members: dict[tuple[str, str], Role]  # (organisation, user)
    project_members: dict[tuple[str, str], Role]  # (project, user)
    sessions: set[str]


def caller_of_token(verified: Verified) -> Caller:
    """What a signed token proves. Pure."""
    issuer = verified.issuer
    rule = matching_rule(issuer, verified.claims)
    return Caller(
        organisation=issuer.organisation,
        project=(rule.project if rule is not None else "") or issuer.project,
        role=None if rule is None else rule.role,
        issuer=issuer.id,
        subject=verified.subject[:255],
        email=verified_email(issuer, verified.claims),
    )


def caller_of_session(session: Session, project: str = "") -> Caller:
    """What a session proves; `project` is the one that its owner wants to work in. Pure."""
    return Caller(organisation=session.organisation, project=project, user=session.user, session=session.sha256)


def admit(db: sa.Engine, caller: Caller) -> tuple[Caller, Principal]:
    """The principal of `caller`, whose user is looked up (and linked by e-mail, once). May block.

    Raises NotAdmittedError, StoreError.
    """
    if not caller.user and caller.issuer:
        caller = msgspec.structs.replace(caller, user=_user_of(db, caller))
    (principal,) = principals_of(db, [caller])
    if principal is None:
        raise NotAdmittedError(
            f"{caller.email or caller.subject or caller.user} is no member of the organization {caller.organisation}."
        )
    return caller, principal


def principals_of(db: sa.Engine, callers: Sequence[Caller]) -> list[Principal | None]:
    """The principal of each caller as things stand now; None for those who are out. May block."""
    if not callers:
        return []
    with reading(db) as connection:
        standing = _read(connection, callers)
    return [_principal(caller, standing) for caller in callers]


def versions_of(db: sa.Engine) -> tuple[tuple[str, int], ...]:
    """Changes whenever a principal may have: the counters of issuers, sessions and keys (as tenants' are named)."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(versions.c.name, versions.c.value).order_by(versions.c.name))
        return tuple((row.name, row.value) for row in rows if row.name in ("issuers", "sessions", "keys"))


def _user_of(db: sa.Engine, caller: Caller) -> str:
    """The user who is `subject` at the issuer, "" if nobody is; found by proven e-mail at first, then by subject."""
    mine = sa.and_(identities.c.issuer == caller.issuer, identities.c.subject == caller.subject)
    # Joined: whoever was deleted and came back is somebody new.
    known = sa.select(identities.c.user).join(users, users.c.id == identities.c.user).where(mine)
    with reading(db) as connection:
        user = connection.scalar(known)
        if user is None and caller.email:
            user = connection.scalar(sa.select(users.c.id).where(users.c.email == caller.email))
            if user is None:
                return ""
        else:
            return user or ""
    row = {"issuer": caller.issuer, "subject": caller.subject, "user": user, "created": int(time.time())}
    try:
        with unit_of_work(db) as connection:
            connection.execute(sa.delete(identities).where(mine))
            connection.execute(sa.insert(identities).values(row))
    except sa.exc.IntegrityError:  # another gateway was faster
        with reading(db) as connection:
            return connection.scalar(known) or ""
    return str(user)


def _read(connection: sa.Connection, callers: Sequence[Caller]) -> _Standing:
    standing = _Standing({}, {}, {}, {}, set())
    now = int(time.time())
    for names in _chunks({caller.organisation for caller in callers}):
        rows = connection.execute(
            sa.select(organisations).where(
                organisations.c.id.in_(names), organisations.c.archived == 0, organisations.c.deleted == 0
            )
        )
        for row in rows:
            standing.organisations[row.id] = (Storefront(row.storefront), Billing(row.billing))
        for row in connection.execute(
            sa.select(projects.c.id, projects.c.organisation)
            .where(projects.c.organisation.in_(names), projects.c.archived == 0)
            .order_by(projects.c.created, projects.c.id)
        ):
            standing.projects.setdefault(row.organisation, []).append(row.id)
    for names in _chunks({caller.user for caller in callers if caller.user}):
        for row in connection.execute(sa.select(organisation_members).where(organisation_members.c.user.in_(names))):
            standing.members[row.organisation, row.user] = Role(row.role)
        for row in connection.execute(sa.select(project_members).where(project_members.c.user.in_(names))):
            standing.project_members[row.project, row.user] = Role(row.role)
    for names in _chunks({caller.session for caller in callers if caller.session}):
        found = connection.scalars(
            sa.select(sessions.c.sha256).where(sessions.c.sha256.in_(names), sessions.c.expires > now)
        )
        standing.sessions.update(found)
    return standing


def _principal(caller: Caller, standing: _Standing) -> Principal | None:
    organisation = standing.organisations.get(caller.organisation)
    if organisation is None or (caller.session and caller.session not in standing.sessions):
        return None
    role = caller.role or standing.members.get((caller.organisation, caller.user))
    if role is None:
        return None
    storefront, billing = organisation
    active = standing.projects.get(caller.organisation, [])
    rules_all = caller.role is not None or role.rank >= Role.ADMIN.rank
    mine = active if rules_all else [name for name in active if (name, caller.user) in standing.project_members]
    if caller.project:
        mine = [name for name in mine if name == caller.project]
        if not mine and (not rules_all or caller.session):
            return None
    project = mine[0] if mine else ""
    whole = role.rank >= Role.ADMIN.rank  # who may administer the organisation acts in all of it
    if not whole and caller.role is None and project:
        role = standing.project_members[project, caller.user]
    return Principal(
        key="",
        organisation=caller.organisation,
        project=project,
        user=caller.user,
        role=role,
        kind="admin" if whole else "project",
        storefront=storefront,
        billing=billing,
    )


def _chunks(names: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(names)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
