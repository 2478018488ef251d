"""What an invitation's link leads to, and accepting it. Both block: they are called in a thread."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Invite, User
from pleiade.tenancy.invites import accept_invite, find_invite
from pleiade.tenancy.signin.passwords import check_new_password, has_password, set_password
from pleiade.tenancy.signin.people import read_person, user_with_email


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who accepts an invitation says; "" = nothing."""

    token: str
    name: str
    email: str
    password: str


def look_at_invite(db: sa.Engine, token: str) -> dict[str, Any]:
    """The invitation, for the page that asks to accept it. Raises NotFoundError, StoreError.

    `email` is null where whoever holds the link chooses it; `known` says that they have a password here already.
    """
    invite = find_invite(db, token)
    user = user_with_email(db, invite.email) if invite.email else ""
    name = read_person(db, user, invite.organisation).organisation_name
    return {
        "object": "auth.invite",
        "email": invite.email or None,
        "organization": {"id": invite.organisation, "name": name},
        "role": invite.role,
        "expires_at": invite.expires,
        "known": bool(user) and has_password(db, user),
    }


def join_by_invite(db: sa.Engine, asked: Joining, actor: Actor) -> tuple[User, Invite]:
    """Join, and set the password of somebody who has none yet: a link must not change anybody else's.

    The first person of a house must set one: nobody else could let them in. Raises TenancyError, StoreError.
    """
    password, first = asked.password, not find_invite(db, asked.token).email
    if password or first:
        check_new_password(password)
    # Other invitations say for whom they are; an address given beside them is none that was proven.
    user, invite = accept_invite(db, asked.token, actor=actor, name=asked.name, email=asked.email if first else "")
    if password and not has_password(db, user.id):
        set_password(db, user.id, password, actor=msgspec.structs.replace(actor, user=user.id, email=user.email))
    return user, invite
