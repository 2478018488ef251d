"""The first key: made once, kept in a file that only its owner may read."""

import os
import time
from pathlib import Path

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Key, Role
from pleiade.store import reading
from pleiade.store.tables import keys
from pleiade.tenancy.keys import create_key, hash_secret, key_of


def ensure_admin_key(db: sa.Engine, path: Path) -> str:
    """Make an admin key of the house if the database has none in force, and write it to `path` with mode 0600.

    Returns the secret of a key made now, "" where there is one already. Raises StoreError, OSError.
    """
    query = sa.select(sa.func.count()).where(
        keys.c.organisation == DEFAULT_ORGANISATION,
        keys.c.kind == "admin",
        keys.c.role.in_((Role.OWNER.value, Role.ADMIN.value)),
        keys.c.revoked == 0,
        sa.or_(keys.c.expires == 0, keys.c.expires > int(time.time())),
    )
    with reading(db) as connection:
        if connection.scalar(query):
            return ""
    secret, _ = create_key(db, name="admin", role=Role.ADMIN)
    write_admin_key(path, secret)
    return secret


def write_admin_key(path: Path, secret: str) -> None:
    """Put `secret` into the file, atomically, with mode 0600. Raises OSError."""
    trial = path.with_suffix(".new")
    descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    os.replace(trial, path)


def key_in_file(db: sa.Engine, path: Path) -> Key | None:
    """The key whose secret the file holds; None where there is no file, or its secret is unknown."""
    try:
        secret = path.read_text().strip()
    except FileNotFoundError:
        return None
    with reading(db) as connection:
        row = connection.execute(sa.select(keys).where(keys.c.sha256 == hash_secret(secret))).mappings().one_or_none()
    return None if row is None else key_of(row)


def in_force(key: Key) -> bool:
    """Whether a key opens anything now."""
    return not key.revoked and (key.expires == 0 or key.expires > time.time())
