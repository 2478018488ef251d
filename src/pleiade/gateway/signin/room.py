"""The routes under /auth: sign in with a password or at an issuer, come back, look who you are, sign out."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Invite, User
from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, Header, bad_request, missing_key, unavailable
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.problems import missing, wrong_type
from pleiade.gateway.routing import Route
from pleiade.gateway.signin.bearers import Bearers
from pleiade.gateway.signin.cookies import BROWSER, SESSION, check_origin, check_write, read_cookie, set_cookie
from pleiade.store import StoreError
from pleiade.tenancy.checks import storable
from pleiade.tenancy.errors import NotFoundError, TenancyError
from pleiade.tenancy.invites import accept_invite
from pleiade.tenancy.registration import register
from pleiade.tenancy.signin.authorization_code import (
    PENDING_S,
    SignInError,
    finish_sign_in,
    start_sign_in,
    take_pending,
)
from pleiade.tenancy.signin.callers import NotAdmittedError
from pleiade.tenancy.signin.issuer import Issuer, IssuerError
from pleiade.tenancy.signin.key_set import KeySet
from pleiade.tenancy.signin.passwords import check_new_password, check_password, has_password, set_password
from pleiade.tenancy.signin.people import organisations_of, read_person, signed_in_user, user_with_email
from pleiade.tenancy.signin.sessions import LIFETIME_S, begin_session, csrf_token, end_session, find_session
from pleiade.tenancy.signin.throttle import TooManyAttemptsError, count_attempt, forget_attempts
from pleiade.tenancy.signin.web import UnreachableError

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class SignInRoom:
    """/auth/ways, /auth/login, /auth/callback, /auth/me, /auth/logout, /auth/invite, /auth/register."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, bearers: Bearers, public_url: str) -> None:
        self._bearers = bearers
        self._base = public_url.rstrip("/")
        self._secure = public_url.startswith("https:")
        self._max_body_mb = 1
        self._hashing = asyncio.Semaphore(2)  # each takes 64 MB: strangers must not fill the memory with them
        route = partial(Route, root=True, public=True)
        self.routes: Sequence[Route] = (
            route(method="GET", path="/auth/ways", handler=self.ways),
            route(method="GET", path="/auth/login", handler=self.leave_for_issuer),
            route(method="POST", path="/auth/login", handler=self.sign_in_with_password),
            route(method="GET", path="/auth/callback", handler=self.come_back),
            route(method="GET", path="/auth/me", handler=self.who_am_i),
            route(method="POST", path="/auth/logout", handler=self.sign_out),
            route(method="POST", path="/auth/invite", handler=self.join),
            route(method="POST", path="/auth/register", handler=self.register),
        )

    async def start(self, gateway: "Gateway") -> None:
        """Credentials can be judged from now on."""
        await self._bearers.start(gateway.session)
        gateway.bearers = self._bearers

    async def stop(self) -> None:
        """Stop judging."""
        await self._bearers.stop()

    async def ways(self, call: Call) -> None:
        """How one can sign in here: for a page with buttons."""
        issuers = [{"id": issuer.id, "name": issuer.name} for issuer, _ in self._bearers.issuers if issuer.client]
        await _send(call, {"object": "auth.ways", "password": True, "issuers": issuers})

    async def leave_for_issuer(self, call: Call) -> None:
        """302 to the issuer named by `issuer`, or to the only one. Raises ApiError."""
        query = _query(call)
        issuer, keys = self._issuer(query.get("issuer", ""))
        with _Told():
            start = await start_sign_in(
                self._bearers.db, issuer, keys, redirect_uri=self._callback, next=_safe_path(query.get("next", "/"))
            )
        cookie = set_cookie(BROWSER, start.browser, seconds=PENDING_S, path="/auth", secure=self._secure)
        await _redirect(call, start.url, cookie)

    async def come_back(self, call: Call) -> None:
        """The issuer sends the browser here with a code: a session, and 303 to where they wanted to go."""
        query, db = _query(call), self._bearers.db
        with _Told():
            browser = read_cookie(call.headers, BROWSER)
            pending = await asyncio.to_thread(take_pending, db, query.get("state", ""), browser)
            issuer, keys = self._issuer(pending.issuer)
            if query.get("error"):
                told = query.get("error_description") or query["error"]
                raise SignInError(f"{issuer.name} did not sign you in: {told[:300]}")
            if query.get("iss", issuer.issuer) != issuer.issuer:
                raise SignInError("This answer comes from another issuer than was asked.")  # RFC 9207
            verified = await finish_sign_in(
                issuer, keys, self._bearers.web, pending, code=query.get("code", ""), redirect_uri=self._callback
            )
            email = str(verified.claims.get("email", ""))[:254]
            stranger = _actor(call, "", email, "self")
            user, organisation = await asyncio.to_thread(signed_in_user, db, verified, stranger)
            secret = await asyncio.to_thread(
                begin_session,
                db,
                user=user,
                organisation=organisation,
                method=issuer.id,
                actor=_actor(call, user, email),
            )
        gone = set_cookie(BROWSER, "", seconds=0, path="/auth", secure=self._secure)
        await _redirect(call, pending.next, self._session_cookie(secret), gone, status=303)

    async def sign_in_with_password(self, call: Call) -> None:
        """A session for {"email", "password"}; "organization" chooses, for members of several. Raises ApiError."""
        check_origin(call.headers)
        fields = await read_object(call, self._max_body_mb)
        email, password = (_text(fields, name) for name in ("email", "password"))
        wanted = _text(fields, "organization") if fields.get("organization") else ""
        email = email.strip().lower()
        db, address = self._bearers.db, client_address(call)
        with _Told():
            await asyncio.to_thread(count_attempt, db, email, address, int(time.time()))
            user = await asyncio.to_thread(user_with_email, db, email) if storable(email) else ""
            async with self._hashing:
                right = await asyncio.to_thread(check_password, db, user, password)
            if not right:
                raise _wrong_password()
            await asyncio.to_thread(forget_attempts, db, email, address)
            organisations = await asyncio.to_thread(organisations_of, db, user)
            if (wanted and wanted not in organisations) or not organisations:
                raise _wrong_password()
            organisation = wanted or organisations[0]
            secret = await asyncio.to_thread(
                begin_session,
                db,
                user=user,
                organisation=organisation,
                method="password",
                actor=_actor(call, user, email),
            )
            await self._tell_who(call, secret, self._session_cookie(secret))

    async def who_am_i(self, call: Call) -> None:
        """The person behind the session cookie, and the token that their writes must carry. Raises ApiError 401."""
        with _Told():
            await self._tell_who(call, read_cookie(call.headers, SESSION))

    async def join(self, call: Call) -> None:
        """Accept an invitation by the token of its link; who is new may set a password. Raises ApiError 400, 404."""
        check_origin(call.headers)
        fields = await read_object(call, self._max_body_mb)
        token, name = _text(fields, "token"), _text(fields, "name") if fields.get("name") else ""
        password = _text(fields, "password") if fields.get("password") else ""
        db = self._bearers.db
        with _Told():
            await asyncio.to_thread(count_attempt, db, token, client_address(call), int(time.time()))
            user, invite = await asyncio.to_thread(_join, db, token, name, password, _actor(call, "", "", "self"))
            await asyncio.to_thread(forget_attempts, db, token, client_address(call))
        await _send(
            call,
            {
                "object": "auth.invite.accepted",
                "user": {"object": "user", "id": user.id, "email": user.email, "name": user.name},
                "organization": {"id": invite.organisation},
            },
        )

    async def register(self, call: Call) -> None:
        """Ask to be let in, where the operator opened that: {"email", "name", "note"}. Raises ApiError 400, 429.

        The answer is the same for everybody, whatever became of an address before; a password is set by invitation,
        or by the operator, so that nobody takes an address that is not theirs.
        """
        check_origin(call.headers)
        fields = await read_object(call, self._max_body_mb)
        email, name = _text(fields, "email"), _text(fields, "name")
        note = _text(fields, "note") if fields.get("note") else ""
        db, actor = self._bearers.db, _actor(call, "", email[:254], "self")
        with _Told():
            await asyncio.to_thread(count_attempt, db, f"register {email}", client_address(call), int(time.time()))
            await asyncio.to_thread(register, db, email=email, name=name, note=note, actor=actor)
        await _send(call, {"object": "auth.registration", "email": email.strip().lower(), "received": True})

    async def sign_out(self, call: Call) -> None:
        """End the session, here and in every gateway. Raises ApiError 401, 403."""
        secret = read_cookie(call.headers, SESSION)
        if not secret:
            raise missing_key()
        check_write("POST", call.headers, secret)
        with _Told():
            session = await asyncio.to_thread(find_session, self._bearers.db, secret)
            if session is not None:
                await asyncio.to_thread(end_session, self._bearers.db, session, actor=_actor(call, session.user))
        self._bearers.forget_session(secret)
        cookie = set_cookie(SESSION, "", seconds=0, secure=self._secure)
        await _send(call, {"object": "auth.session.deleted", "deleted": True}, cookie)

    @property
    def _callback(self) -> str:
        return f"{self._base}/auth/callback"

    def _session_cookie(self, secret: str) -> Header:
        return set_cookie(SESSION, secret, seconds=LIFETIME_S, secure=self._secure)

    def _issuer(self, identifier: str) -> tuple[Issuer, KeySet]:
        usable = [(issuer, keys) for issuer, keys in self._bearers.issuers if issuer.client]
        found = [pair for pair in usable if pair[0].id == identifier] if identifier else usable
        if len(found) == 1:
            return found[0]
        names = ", ".join(f"{issuer.id} ({issuer.name})" for issuer, _ in usable) or "none is configured"
        raise bad_request(f"Say at which issuer to sign in, ?issuer=ID: {names}.", param="issuer", code="invalid_value")

    async def _tell_who(self, call: Call, secret: str, *headers: Header) -> None:
        db = self._bearers.db
        session = await asyncio.to_thread(find_session, db, secret) if secret else None
        principal = await self._bearers.prove_session(secret.encode("latin-1")) if session is not None else None
        if session is None or principal is None:
            raise missing_key()
        person = await asyncio.to_thread(read_person, db, session.user, session.organisation)
        answer = {
            "object": "auth.session",
            "user": {"object": "user", "id": person.user, "email": person.email, "name": person.name},
            "organization": {"id": session.organisation, "name": person.organisation_name},
            "project": principal.project or None,
            "role": principal.role.value,
            "created_at": session.created,
            "expires_at": session.expires,
            "csrf_token": csrf_token(secret),
        }
        await _send(call, answer, *headers)


class _Told:
    """Within it, what signing in raises becomes what the caller is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case NotFoundError():
                raise ApiError(404, f"{error}.", code="not_found") from error
            case SignInError() | NotAdmittedError():
                raise ApiError(403, str(error), code="sign_in_failed") from error
            case TooManyAttemptsError():
                raise ApiError(
                    429, f"{error}.", type="requests", code="too_many_attempts", retry_after_s=error.retry_after_s
                ) from error
            case UnreachableError() | IssuerError():
                raise unavailable(f"The issuer cannot be used now: {error}. Please retry.", 5.0) from error
            case TenancyError():
                raise bad_request(f"{error}.", code="invalid_value") from error
            case StoreError() | sa.exc.SQLAlchemyError():
                raise unavailable("The database that knows who may sign in cannot be reached.") from error
            case _:
                return


def _join(db: sa.Engine, token: str, name: str, password: str, actor: Actor) -> tuple[User, Invite]:
    """Join, and set the password of somebody who has none yet: a link must not change anybody else's."""
    if password:
        check_new_password(password)
    user, invite = accept_invite(db, token, actor=actor, name=name)
    if password and not has_password(db, user.id):
        set_password(db, user.id, password, actor=msgspec.structs.replace(actor, user=user.id, email=user.email))
    return user, invite


def _actor(call: Call, user: str, email: str = "", kind: Literal["session", "self"] = "session") -> Actor:
    return Actor(
        type=kind,
        user=user,
        email=email,
        ip_address=client_address(call),
        user_agent=call.headers.get(b"user-agent", b"").decode("latin-1")[:256],
    )


def client_address(call: Call) -> str:
    """Where a call comes from; "local" over a Unix socket."""
    return str((call.scope.get("client") or ("local",))[0])


def _safe_path(path: str) -> str:
    """A path of ours: never another host, however it is written."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain else "/"


def _query(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.query.decode("latin-1"), keep_blank_values=True))


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise missing(name)
    value = fields[name]
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def _wrong_password() -> ApiError:
    """401, the same for an unknown address: nobody learns who has an account."""
    return ApiError(401, "The e-mail address or the password is wrong.", code="wrong_password")


async def _send(call: Call, value: dict[str, Any], *headers: Header) -> None:
    call.status = 200
    await call.answer.whole(200, msgspec.json.encode(value), headers)


async def _redirect(call: Call, url: str, *headers: Header, status: int = 302) -> None:
    call.status = status
    await call.answer.whole(status, b"", [(b"location", url.encode("latin-1", "replace")), *headers])
