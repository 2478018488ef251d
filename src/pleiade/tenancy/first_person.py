"""The first person of a new house: an invitation to own it, for whoever can read what `pleiade up` prints."""

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, OPERATOR, Role
from pleiade.store import reading
from pleiade.store.tenants import invites
from pleiade.tenancy.change import change
from pleiade.tenancy.invites import insert_invite, new_invite
from pleiade.tenancy.members import has_members

LIFETIME_S = 86400  # a day; the next start of the server makes another


def invite_first_person(db: sa.Engine) -> str:
    """The token of a new invitation to own the house, while nobody has joined it; "" once somebody has.

    An earlier one is withdrawn, since only its hash is known by now. It names no address: the person chooses theirs.
    Raises StoreError.
    """
    with reading(db) as connection:
        if has_members(connection, DEFAULT_ORGANISATION):
            return ""
    token, invite = new_invite(DEFAULT_ORGANISATION, email="", role=Role.OWNER, lifetime_s=LIFETIME_S)
    with change(db, OPERATOR) as act:
        earlier = (invites.c.organisation == DEFAULT_ORGANISATION, invites.c.email == "", invites.c.accepted == 0)
        act.connection.execute(sa.delete(invites).where(*earlier))
        insert_invite(act.connection, invite, token)
        act.record("invite.sent", DEFAULT_ORGANISATION, invite.id, data={"email": "", "role": invite.role})
    return token
