"""Invitations into an organisation: a link that opens it once, for one address, for some days."""

import hashlib
import secrets
import time
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Invite, Place, Role, User
from pleiade.store import reading
from pleiade.store.tenants import invites, organisation_members, users
from pleiade.tenancy.change import change
from pleiade.tenancy.checks import checked_email, checked_role, new_id, storable
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError, not_found
from pleiade.tenancy.members import has_members, is_member, join
from pleiade.tenancy.organisations import read_organisation
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.users import ensure_user

LIFETIME_S = 7 * 86400
LONGEST_S = 90 * 86400


def send_invite(
    db: sa.Engine,
    organisation: str,
    *,
    email: str,
    role: Role | str,
    actor: Actor,
    projects: Iterable[Place] = (),
    lifetime_s: int = LIFETIME_S,
) -> tuple[str, Invite]:
    """An invitation: the token for its link, to be shown or sent once, and the invitation as stored.

    Nothing is mailed from here. Raises NotFoundError, InvalidError; ConflictError where the address belongs to a
    member, or is invited already.
    """
    if not 0 < lifetime_s <= LONGEST_S:
        raise InvalidError(f"a lifetime of {lifetime_s} s is not between 1 and {LONGEST_S} s", param="lifetime_s")
    token, invite = new_invite(
        organisation, email=checked_email(email), role=checked_role(role), projects=projects, lifetime_s=lifetime_s
    )
    with change(db, actor) as act:
        connection = act.connection
        read_organisation(connection, organisation, active=True)
        for place in invite.projects:
            read_project(connection, organisation, place.project, active=True)
        known = sa.select(users.c.id).join(organisation_members, organisation_members.c.user == users.c.id)
        member = connection.scalar(
            known.where(users.c.email == invite.email, organisation_members.c.organisation == organisation)
        )
        if member is not None:
            raise ConflictError(f"{invite.email} is a member already: user {member}")
        pending = connection.scalar(
            sa.select(invites.c.id).where(
                invites.c.organisation == organisation,
                invites.c.email == invite.email,
                invites.c.accepted == 0,
                invites.c.expires > invite.created,
            )
        )
        if pending is not None:
            raise ConflictError(f"{invite.email} is invited already: delete {pending} to send another invitation")
        insert_invite(connection, invite, token)
        data = {"email": invite.email, "role": invite.role}
        act.record("invite.sent", organisation, invite.id, data=data)
    return token, invite


def new_invite(
    organisation: str, *, email: str, role: Role, projects: Iterable[Place] = (), lifetime_s: int
) -> tuple[str, Invite]:
    """A token and the invitation that it will open, not stored yet. Raises InvalidError for a project's role."""
    now = int(time.time())
    invite = Invite(
        id=new_id("invite-"),
        organisation=organisation,
        email=email,
        role=role.value,
        projects=tuple(Place(place.project, checked_role(place.role).value) for place in projects),
        created=now,
        expires=now + lifetime_s,
    )
    return secrets.token_urlsafe(32), invite


def insert_invite(connection: sa.Connection, invite: Invite, token: str) -> None:
    """Store it, with the hash of its token: whoever reads the database cannot join. Raises StoreError."""
    row = msgspec.structs.asdict(invite) | {"projects": _encoded(invite.projects), "sha256": _hash(token)}
    connection.execute(sa.insert(invites).values(**row))


def get_invite(db: sa.Engine, organisation: str, invite: str) -> Invite:
    """The invitation of that id in that organisation. Raises NotFoundError."""
    with reading(db) as connection:
        return _read(connection, organisation, invite)


def list_invites(db: sa.Engine, organisation: str, *, after: str = "", limit: int = 100) -> Page[Invite]:
    """Invitations of an organisation, oldest first, accepted and expired ones too. Raises NotFoundError."""
    with reading(db) as connection:
        read_organisation(connection, organisation)
        page = page_rows(
            connection,
            sa.select(invites).where(invites.c.organisation == organisation),
            id=invites.c.id,
            created=invites.c.created,
            what="invitation",
            after=after,
            limit=limit,
        )
    return Page(tuple(_invite(row) for row in page.items), page.more)


def delete_invite(db: sa.Engine, organisation: str, invite: str, *, actor: Actor) -> None:
    """Take an invitation back; its link opens nothing any more. Raises NotFoundError, ConflictError (accepted)."""
    with change(db, actor) as act:
        found = _read(act.connection, organisation, invite)
        if found.accepted:
            raise ConflictError(f"the invitation {invite} is accepted: remove the member instead")
        act.connection.execute(sa.delete(invites).where(invites.c.id == invite))
        act.record("invite.deleted", organisation, invite)


def find_invite(db: sa.Engine, token: str) -> Invite:
    """The invitation that a link's token opens now, for the page that asks to accept it. Raises NotFoundError."""
    with reading(db) as connection:
        return _by_token(connection, token, int(time.time()))


def accept_invite(db: sa.Engine, token: str, *, actor: Actor, name: str = "", email: str = "") -> tuple[User, Invite]:
    """Join: the user (made now if the address is new), a member of the organisation and of the projects named.

    `email`: the address that the person has proven, where they signed in; it must be the one invited. The invitation
    of a house's first person names none: it is the one that they choose (`pleiade.tenancy.first_person`).
    Raises NotFoundError for a token that is unknown, expired, used or taken back; ConflictError for another address,
    and where the organisation is archived meanwhile; InvalidError.
    """
    now = int(time.time())
    with change(db, actor) as act:
        connection = act.connection
        invite = _by_token(connection, token, now)
        if not invite.email:
            invite = msgspec.structs.replace(invite, email=_claimed(connection, invite, email))
        elif email and checked_email(email) != invite.email:
            raise ConflictError(f"this invitation is for {invite.email}: sign in with that address")
        read_organisation(connection, invite.organisation, active=True)
        user = ensure_user(act, invite.email, name)
        if not is_member(connection, invite.organisation, user.id):
            join(act, invite.organisation, user.id, Role(invite.role))
        for place in invite.projects:
            project = read_project(connection, invite.organisation, place.project)
            already = is_member(connection, invite.organisation, user.id, project=project.id)
            if not project.archived and not already:
                join(act, invite.organisation, user.id, Role(place.role), project=project.id)
        connection.execute(sa.update(invites).where(invites.c.id == invite.id).values(accepted=now, email=invite.email))
        act.record("invite.accepted", invite.organisation, invite.id, data={"user": user.id})
    return user, msgspec.structs.replace(invite, accepted=now)


def _claimed(connection: sa.Connection, invite: Invite, email: str) -> str:
    """The address that whoever holds the first person's link chooses.

    Only the first one may, and only with a new address: no link opens the account of somebody who has one.
    """
    if has_members(connection, invite.organisation):
        raise NotFoundError("somebody has joined already: ask them for an invitation")
    if not email:
        raise InvalidError("say with which e-mail address you will sign in", param="email")
    address = checked_email(email)
    if connection.scalar(sa.select(users.c.id).where(users.c.email == address)) is not None:
        raise ConflictError(f"{address} is known here already: the operator can add them with `pleiade user add`")
    return address


def _by_token(connection: sa.Connection, token: str, now: int) -> Invite:
    query = sa.select(invites).where(invites.c.sha256 == _hash(token), invites.c.accepted == 0, invites.c.expires > now)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        # The same sentence for unknown, used, expired and withdrawn links.
        raise NotFoundError("this invitation is unknown, used, expired or withdrawn: ask for a new one")
    return _invite(row)


def _read(connection: sa.Connection, organisation: str, invite: str) -> Invite:
    row = None
    if storable(organisation) and storable(invite):
        query = sa.select(invites).where(invites.c.id == invite, invites.c.organisation == organisation)
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise not_found("invitation", invite)
    return _invite(row)


def _invite(row: sa.RowMapping) -> Invite:
    fields = {str(name): value for name, value in row.items() if name != "sha256"}
    fields["projects"] = tuple(Place(project, role) for project, role in msgspec.json.decode(fields["projects"]))
    return Invite(**fields)


def _encoded(projects: tuple[Place, ...]) -> str:
    return msgspec.json.encode([[place.project, place.role] for place in projects]).decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
