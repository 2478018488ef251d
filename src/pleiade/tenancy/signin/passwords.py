"""Passwords of people who sign in without an issuer: scrypt, with the work that OWASP's sheet asks for."""

import hashlib
import hmac
import secrets
import time
import unicodedata
from functools import cache

import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.store import bump_version, reading
from pleiade.store.signin import passwords, sessions
from pleiade.store.tenants import organisation_members, users
from pleiade.tenancy.change import change
from pleiade.tenancy.errors import TenancyError, not_found
from pleiade.tenancy.signin.sessions import VERSION

# N = 2^16, r = 8, p = 2: 64 MB, and some tenths of a second.
LOG_WORK, BLOCK, LANES = 16, 8, 2
MIN_LENGTH, MAX_LENGTH = 10, 256


class PasswordError(TenancyError):
    """A password cannot be set; the message says what would do."""


def set_password(db: sa.Engine, user: str, password: str, *, actor: Actor) -> None:
    """Set the password of `user`, and end all their sessions. Raises PasswordError, NotFoundError, StoreError."""
    check_new_password(password)
    hashed = hash_password(password)
    with change(db, actor) as act:
        connection = act.connection
        if connection.scalar(sa.select(users.c.id).where(users.c.id == user)) is None:
            raise not_found("user", user)
        connection.execute(sa.delete(passwords).where(passwords.c.user == user))
        connection.execute(sa.insert(passwords).values(user=user, hash=hashed, changed=int(time.time())))
        connection.execute(sa.delete(sessions).where(sessions.c.user == user))
        bump_version(connection, VERSION)
        places = sa.select(organisation_members.c.organisation).where(organisation_members.c.user == user)
        for organisation in connection.scalars(places.order_by(organisation_members.c.organisation)).all():
            act.record("user.password_changed", organisation, user)


def check_new_password(password: str) -> None:
    """Raises PasswordError for one that is too short, or absurdly long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordError(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters; this one has {len(password)}")


def has_password(db: sa.Engine, user: str) -> bool:
    """Whether `user` can sign in with a password."""
    with reading(db) as connection:
        return connection.scalar(sa.select(passwords.c.user).where(passwords.c.user == user)) is not None


def check_password(db: sa.Engine, user: str, password: str) -> bool:
    """Whether `password` is the one of `user`; takes as long for a user who has none, or does not exist ("")."""
    with reading(db) as connection:
        stored = connection.scalar(sa.select(passwords.c.hash).where(passwords.c.user == user)) if user else None
    right = _matches(stored or _nobodys_hash(), password[: MAX_LENGTH + 1])
    return right and stored is not None


def hash_password(password: str) -> str:
    """`scrypt$LOG_WORK$BLOCK$LANES$SALT$HASH`, numbers decimal, bytes hexadecimal."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, LOG_WORK, BLOCK, LANES)
    return f"scrypt${LOG_WORK}${BLOCK}${LANES}${salt.hex()}${digest.hex()}"


def _matches(stored: str, password: str) -> bool:
    _, work, block, lanes, salt, digest = stored.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(work), int(block), int(lanes))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, log_work: int, block: int, lanes: int) -> bytes:
    # NFKC: the same password typed on another keyboard may come in other code points.
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    work = 1 << log_work
    return hashlib.scrypt(text, salt=salt, n=work, r=block, p=lanes, maxmem=256 * work * block, dklen=32)


@cache
def _nobodys_hash() -> str:
    return hash_password(secrets.token_hex(16))
