"""Signed tokens and sessions in memory: proven once, then found by hash, and kept true by version."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from functools import partial

import aiohttp
import msgspec
import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.gateway.errors import ApiError, unavailable
from pleiade.store import StoreError, migrate, open_database
from pleiade.tenancy.signin.callers import (
    Caller,
    NotAdmittedError,
    admit,
    caller_of_session,
    caller_of_token,
    principals_of,
    versions_of,
)
from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.issuers import list_issuers
from pleiade.tenancy.signin.key_set import KeySet
from pleiade.tenancy.signin.sessions import find_session, hash_session
from pleiade.tenancy.signin.token import TokenRefusedError, verify_bearer
from pleiade.tenancy.signin.web import AiohttpWeb, Web

logger = logging.getLogger(__name__)

REFRESH_S = 0.5
KEPT = 10_000  # credentials; the oldest go first


class _Entry(msgspec.Struct):
    caller: Caller
    principal: Principal
    expires: float  # Unix seconds


class Bearers:
    """Finds the principal of a token or a session.

    The first call with a credential proves it: a signature, and a look into the database in a thread. Later ones
    cost one hash. Whoever leaves an organisation, signs out, or whose issuer is removed is gone within a second;
    while the database is away, those who were proven stay.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._db: sa.Engine | None = None
        self._web: Web | None = None
        self._entries: dict[bytes, _Entry] = {}
        self._proving: dict[bytes, asyncio.Task[Principal]] = {}
        self._issuers: dict[str, tuple[Issuer, KeySet]] = {}  # by `iss`
        self._versions: Hashable = None
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    @property
    def db(self) -> sa.Engine:
        """The open database. Raises ApiError 503 before it could be opened."""
        if self._db is None:
            raise unavailable("The database that knows who may sign in cannot be reached. Please retry.")
        return self._db

    @property
    def web(self) -> Web:
        """How issuers are asked; there after `start`."""
        assert self._web is not None
        return self._web

    @property
    def issuers(self) -> list[tuple[Issuer, KeySet]]:
        """The issuers in force, with their keys."""
        return list(self._issuers.values())

    def find(self, secret: bytes, project: bytes = b"") -> Principal | None:
        """Who `secret` belongs to (working in `project`), if it was proven before and still holds."""
        entry = self._entries.get(_digest(secret, project))
        return entry.principal if entry is not None and entry.expires > time.time() else None

    async def prove_token(self, token: bytes) -> Principal:
        """The principal of a signed token. Raises ApiError 401, 503."""
        return await self._once(_digest(token), partial(self._prove_token, token))

    async def prove_session(self, secret: bytes, project: bytes = b"") -> Principal | None:
        """The principal of a session that works in `project` (empty: their first one). Raises ApiError 503.

        None if the session is unknown or over, or the project is not theirs.
        """
        try:
            return await self._once(_digest(secret, project), partial(self._prove_session, secret, project))
        except NotAdmittedError:
            return None

    def forget_session(self, secret: str) -> None:
        """Not known any more, from now on in this process."""
        session = hash_session(secret)
        for digest in [digest for digest, entry in self._entries.items() if entry.caller.session == session]:
            del self._entries[digest]

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Open the database (later, if it is away now) and keep what was proven true."""
        self._web = AiohttpWeb(session)
        await self._refresh_or_tell()
        self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Stop refreshing, and let go of the database."""
        tasks = [task for task in (self._task, *self._proving.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, keys in self._issuers.values():
            await keys.stop()
        if self._db is not None:
            await asyncio.to_thread(self._db.dispose)

    async def refresh(self) -> None:
        """Read again what changed. Raises StoreError."""
        if self._db is None:
            self._db = await asyncio.to_thread(_open, self._url)
        versions = await asyncio.to_thread(versions_of, self._db)
        if versions == self._versions:
            return
        changed = await self._refresh_issuers(await asyncio.to_thread(list_issuers, self._db))
        for digest in [digest for digest, entry in self._entries.items() if entry.caller.issuer in changed]:
            del self._entries[digest]  # to be proven again, by the rules as they are now
        # Set before anybody is judged again: whoever is proven meanwhile notices (`_keep`), and is judged once more.
        self._versions = versions
        try:
            await self._judge_again(self._db)
        except BaseException:
            self._versions = None
            raise

    async def _judge_again(self, db: sa.Engine) -> None:
        """Everything proven, as things stand now."""
        kept = {digest: entry for digest, entry in self._entries.items() if entry.expires > time.time()}
        principals = await asyncio.to_thread(principals_of, db, [entry.caller for entry in kept.values()])
        for (digest, entry), principal in zip(kept.items(), principals, strict=True):
            if principal is None:
                self._entries.pop(digest, None)
            else:
                entry.principal = principal

    async def _refresh_issuers(self, issuers: list[Issuer]) -> set[str]:
        """Use these issuers from now on; the ids of those that changed or are gone."""
        assert self._web is not None
        before, self._issuers = self._issuers, {}
        for issuer in issuers:
            old = before.get(issuer.issuer)
            if old is not None and old[0] == issuer:
                self._issuers[issuer.issuer] = before.pop(issuer.issuer)
            else:
                self._issuers[issuer.issuer] = (issuer, KeySet(issuer, self._web))
        for _, keys in before.values():
            await keys.stop()
        return {issuer.id for issuer, _ in before.values()}

    async def _once(self, digest: bytes, prove: Callable[[], Awaitable[_Entry]]) -> Principal:
        """Calls that bring the same credential at the same time share one proof."""
        task = self._proving.get(digest)
        if task is None:
            task = self._proving[digest] = asyncio.create_task(self._keep(digest, prove))
            task.add_done_callback(lambda _: self._proving.pop(digest, None))
        try:
            return await asyncio.shield(task)
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            logger.error("a credential cannot be judged: %s", error)
            raise unavailable("The database that knows who may sign in cannot be reached. Please retry.") from error

    async def _keep(self, digest: bytes, prove: Callable[[], Awaitable[_Entry]]) -> Principal:
        while True:
            before = self._versions
            entry = await prove()
            if self._versions == before:  # nothing changed while we looked
                break
        while len(self._entries) >= KEPT:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = entry
        return entry.principal

    async def _prove_token(self, token: bytes) -> _Entry:
        try:
            verified = await verify_bearer(token, self._issuers)
            caller, principal = await asyncio.to_thread(admit, self.db, caller_of_token(verified))
        except TokenRefusedError as error:
            raise refused_token(str(error)) from error
        except NotAdmittedError as error:
            raise not_a_member(str(error)) from error
        return _Entry(caller, principal, verified.expires)

    async def _prove_session(self, secret: bytes, project: bytes) -> _Entry:
        session = await asyncio.to_thread(find_session, self.db, secret.decode("latin-1"))
        if session is None:
            raise NotAdmittedError("This session is over.")
        caller, principal = await asyncio.to_thread(
            admit, self.db, caller_of_session(session, project.decode("latin-1"))
        )
        return _Entry(caller, principal, session.expires)

    async def _refresh_or_tell(self) -> None:
        try:
            await self.refresh()
            self._failing = False
        except (StoreError, sa.exc.SQLAlchemyError):
            if not self._failing:
                logger.exception("issuers and sessions cannot be refreshed; those read before stay in force")
            self._failing = True

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self._refresh_or_tell()


def refused_token(reason: str) -> ApiError:
    """401: a signed token that is not taken."""
    return ApiError(
        401,
        f"The access token is refused: {reason}. Get a new one from your identity provider, and check that it is "
        "made for this service.",
        code="invalid_token",
        headers=((b"www-authenticate", b'Bearer realm="pleiade", error="invalid_token"'),),
    )


def not_a_member(reason: str) -> ApiError:
    """401, as both storefronts say it: the token is good, but its bearer belongs to no organisation here."""
    return ApiError(
        401,
        f"You must be a member of an organization to use the API: {reason} Ask its owner for an invitation.",
        code="not_a_member",
    )


def _open(url: str) -> sa.Engine:
    db = open_database(url)
    migrate(db)
    return db


def _digest(secret: bytes, project: bytes = b"") -> bytes:
    return hashlib.sha256(secret + b"\0" + project).digest()
