"""Sessions of browsers: a random secret in a cookie there, its hash and its end here."""

import hashlib
import hmac
import secrets
import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.store import bump_version, reading
from pleiade.store.signin import sessions
from pleiade.tenancy.change import change

LIFETIME_S = 12 * 3600
VERSION = "sessions"  # grows when one ends early, so that gateways forget it


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, where, until when."""

    sha256: str
    user: str
    organisation: str
    method: str  # "password", or an issuer's id
    created: int  # Unix seconds
    expires: int


def begin_session(db: sa.Engine, *, user: str, organisation: str, method: str, actor: Actor) -> str:
    """A new session, told to the audit log; its secret, for the cookie. Raises StoreError."""
    secret, now = secrets.token_urlsafe(32), int(time.time())
    with change(db, actor) as act:
        act.connection.execute(sa.delete(sessions).where(sessions.c.expires <= now))
        act.connection.execute(
            sa.insert(sessions).values(
                sha256=hash_session(secret),
                user=user,
                organisation=organisation,
                method=method,
                created=now,
                expires=now + LIFETIME_S,
            )
        )
        act.record("login.succeeded", organisation, user, data={"method": method})
    return secret


def find_session(db: sa.Engine, secret: str) -> Session | None:
    """The session of a cookie's secret; None if it is unknown or over."""
    query = sa.select(sessions).where(sessions.c.sha256 == hash_session(secret), sessions.c.expires > int(time.time()))
    with reading(db) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else Session(**{str(name): value for name, value in row._mapping.items()})


def end_session(db: sa.Engine, session: Session, *, actor: Actor) -> None:
    """Sign out; every gateway forgets the session within a second."""
    with change(db, actor) as act:
        act.connection.execute(sa.delete(sessions).where(sessions.c.sha256 == session.sha256))
        bump_version(act.connection, VERSION)
        act.record("logout.succeeded", session.organisation, session.user)


def hash_session(secret: str) -> str:
    """SHA-256 of a session's secret, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token(secret: str) -> str:
    """What a page of ours must send with each write: only who may read /auth/me knows it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()
