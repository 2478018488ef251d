"""API keys: made, listed, rotated, revoked. The secret is shown once; the table holds its SHA-256 only."""

import hashlib
import secrets
import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import Key, Role
from pleiade.store import bump_version, reading, unit_of_work, version_of
from pleiade.store.tables import keys

SECRET_PREFIX = "sk-pleiade-"


class KeyNotFoundError(Exception):
    """No key, or more than one, answers to what was asked for; the message says what to do."""


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret, in hex (64 characters).

    A plain hash is enough: a secret has 256 random bits, so there is nothing for a slow hash to protect.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(
    db: sa.Engine, *, name: str, role: Role = Role.MEMBER, project: str = "default", expires: int = 0
) -> tuple[str, Key]:
    """A new key: its secret, to be shown once, and the key as stored.

    `expires` is in Unix seconds, 0 = never. Raises StoreError.
    """
    secret, key = _new_key(name=name, role=role, project=project, expires=expires)
    with unit_of_work(db) as connection:
        connection.execute(sa.insert(keys).values(**msgspec.structs.asdict(key)))
        bump_version(connection, "keys")
    return secret, key


def list_keys(db: sa.Engine) -> list[Key]:
    """All keys, the revoked and expired too, oldest first."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(keys).order_by(keys.c.created, keys.c.id))
        return [_key(row) for row in rows]


def load_keys(db: sa.Engine) -> dict[str, Key]:
    """SHA-256 of the secret → key, for all keys (the caller decides about revoked and expired ones)."""
    return {key.sha256: key for key in list_keys(db)}


def find_key(db: sa.Engine, wanted: str) -> Key:
    """The key whose id or name is `wanted`; a revoked key only by its id. Raises KeyNotFoundError."""
    everything = list_keys(db)
    for key in everything:
        if key.id == wanted:
            return key
    named = [key for key in everything if key.name == wanted and not key.revoked]
    if len(named) > 1:
        raise KeyNotFoundError(
            f"{len(named)} keys are called {wanted!r}; say which by id: {', '.join(key.id for key in named)}"
        )
    if not named:
        raise KeyNotFoundError(f"no key has the id or the name {wanted!r}; `pleiade key list` shows them")
    return named[0]


def revoke_key(db: sa.Engine, key_id: str) -> Key:
    """Put a key out of force for good; gateways refuse it within a second. Raises KeyNotFoundError."""
    key = find_key(db, key_id)
    if key.revoked:
        return key
    revoked = msgspec.structs.replace(key, revoked=int(time.time()))
    with unit_of_work(db) as connection:
        _set_revoked(connection, revoked)
        bump_version(connection, "keys")
    return revoked


def rotate_key(db: sa.Engine, key_id: str) -> tuple[str, Key]:
    """A new secret under the same name, role, project and expiry; the old one is revoked in the same moment.

    Raises KeyNotFoundError, also for a key that is revoked already.
    """
    old = find_key(db, key_id)
    if old.revoked:
        raise KeyNotFoundError(f"key {old.id} is revoked and cannot be rotated; create a new one instead")
    secret, key = _new_key(name=old.name, role=old.role, project=old.project, expires=old.expires)
    with unit_of_work(db) as connection:
        _set_revoked(connection, msgspec.structs.replace(old, revoked=key.created))
        connection.execute(sa.insert(keys).values(**msgspec.structs.asdict(key)))
        bump_version(connection, "keys")
    return secret, key


def version(db: sa.Engine) -> int:
    """Grows with every change of the keys: who caches them polls this."""
    return version_of(db, "keys")


def _new_key(*, name: str, role: Role, project: str, expires: int) -> tuple[str, Key]:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)  # 43 characters
    return secret, Key(
        id=f"key_{secrets.token_hex(8)}",
        name=name,
        sha256=hash_secret(secret),
        hint=secret[-4:],
        role=role,
        project=project,
        created=int(time.time()),
        expires=expires,
    )


def _set_revoked(connection: sa.Connection, key: Key) -> None:
    connection.execute(sa.update(keys).where(keys.c.id == key.id).values(revoked=key.revoked))


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, Key)
