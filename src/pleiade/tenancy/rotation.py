"""New secrets for keys that are in use: rotation without downtime, and the two keys that Azure gives a resource."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import OPERATOR, Actor, Key, Role
from pleiade.store.tables import keys
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.errors import InvalidError
from pleiade.tenancy.keys import KeyNotFoundError, as_row, find_key, key_of, make_key, new_secret, read_key
from pleiade.tenancy.projects import read_project

SLOTS = ("key1", "key2")
LONGEST_GRACE_S = 90 * 86400


def rotate_key(
    db: sa.Engine,
    key_id: str,
    *,
    organisation: str = "",
    project: str = "",
    grace_s: int = 0,
    actor: Actor = OPERATOR,
) -> tuple[str, Key]:
    """A new secret for a key, which keeps its id, name, role, limits and usage.

    The old secret opens for `grace_s` more seconds (up to 90 days), so that programs can change over one after
    the other; 0 ends it now, and with it those that an earlier rotation left. `key_id` may be a name where no
    organisation is given: the command line.
    Raises KeyNotFoundError, also for a key that is revoked already; InvalidError.
    """
    if not 0 <= grace_s <= LONGEST_GRACE_S:
        raise InvalidError(
            f"a grace of {grace_s} s is not between 0 and {LONGEST_GRACE_S} s (90 days)", param="grace_s"
        )
    if not organisation:
        found = find_key(db, key_id)
        key_id, organisation = found.id, found.organisation
    with change(db, actor) as act:
        old = read_key(act.connection, organisation, key_id, project=project)
        if old.revoked or old.replaced_by:
            raise KeyNotFoundError(f"key {old.id} is revoked and cannot be rotated; create a new one instead")
        return _rotate(act, old, grace_s)


def regenerate_key(
    db: sa.Engine, organisation: str, project: str, slot: str, *, actor: Actor, grace_s: int = 0
) -> tuple[str, Key]:
    """A new secret for `slot` ("key1" or "key2") of a project, which makes the key if there is none yet.

    The other one stays as it is: programs use one while the other changes, as on Azure.
    Raises NotFoundError, ConflictError (archived), InvalidError.
    """
    if slot not in SLOTS:
        raise InvalidError(f"{slot[:20]!a} is not one of a project's two keys: key1 or key2", param="slot")
    if not 0 <= grace_s <= LONGEST_GRACE_S:
        raise InvalidError(
            f"a grace of {grace_s} s is not between 0 and {LONGEST_GRACE_S} s (90 days)", param="grace_s"
        )
    with change(db, actor) as act:
        read_project(act.connection, organisation, project, active=True)
        query = sa.select(keys).where(
            keys.c.project == project, keys.c.slot == slot, keys.c.revoked == 0, keys.c.replaced_by == ""
        )
        row = act.connection.execute(query).mappings().one_or_none()
        if row is not None:
            return _rotate(act, key_of(row), grace_s)
        wanted = Key(
            id="",
            sha256="",
            hint="",
            name=slot,
            organisation=organisation,
            project=project,
            role=Role.MEMBER,
            slot=slot,
        )
        return make_key(act, wanted)


def _rotate(act: Change, old: Key, grace_s: int) -> tuple[str, Key]:
    now = int(time.time())
    secret, digest = new_secret()
    fresh = msgspec.structs.replace(old, sha256=digest, hint=secret[-4:])
    # The row keeps its id and takes the new secret; the old secret gets a row of its own, until it ends.
    end = now + grace_s if not old.expires else min(old.expires, now + grace_s)
    retired = msgspec.structs.replace(
        old,
        id=f"{old.id}_{digest[:8]}",
        slot="",
        expires=end if grace_s else old.expires,
        revoked=0 if grace_s else now,
        replaced_by=old.id,
    )
    act.connection.execute(sa.update(keys).where(keys.c.id == old.id).values(sha256=fresh.sha256, hint=fresh.hint))
    act.connection.execute(sa.insert(keys).values(**as_row(retired)))
    if not grace_s:  # a secret that leaked ends now, and so does the one before it
        earlier = sa.update(keys).where(keys.c.replaced_by == old.id, keys.c.revoked == 0)
        act.connection.execute(earlier.values(revoked=now))
    changes = {"secret": "rotated", "grace_seconds": grace_s}
    act.record("api_key.updated", old.organisation, old.id, project=old.project, changes_requested=changes)
    act.open_again()
    return secret, fresh
