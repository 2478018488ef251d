"""The first key: made once, kept in a file that only its owner may read."""

import os
import time
from pathlib import Path

import sqlalchemy as sa

from pleiade.domain import Key, Role
from pleiade.tenancy.keys import create_key, hash_secret, list_keys, load_keys


def ensure_admin_key(db: sa.Engine, path: Path) -> str:
    """Make an admin key if the database has none in force, and write it to `path` with mode 0600.

    Returns the secret of a key made now, "" where there is one already. Raises StoreError, OSError.
    """
    if any(key.role is Role.ADMIN and in_force(key) for key in list_keys(db)):
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
    return load_keys(db).get(hash_secret(secret))


def in_force(key: Key) -> bool:
    """Whether a key opens anything now."""
    return not key.revoked and (key.expires == 0 or key.expires > time.time())
