"""The routes under /auth: sign in with a password or at an issuer, come back, look who you are, sign out."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header, bad_request, missing_key
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.signin.bearers import Bearers
from pleiade.gateway.signin.cookies import BROWSER, SESSION, check_origin, check_write, read_cookie, set_cookie
from pleiade.gateway.signin.exchange import (
    Told,
    actor_of,
    client_address,
    query_of,
    redirect,
    safe_path,
    send,
    text_of,
    wrong_password,
)
from pleiade.gateway.signin.joining import Joining, join_by_invite, look_at_invite
from pleiade.tenancy.checks import storable
from pleiade.tenancy.registration import register
from pleiade.tenancy.signin.authorization_code import (
    PENDING_S,
    SignInError,
    finish_sign_in,
    start_sign_in,
    take_pending,
)
from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.key_set import KeySet
from pleiade.tenancy.signin.passwords import check_password
from pleiade.tenancy.signin.people import organisations_of, read_person, signed_in_user, user_with_email
from pleiade.tenancy.signin.sessions import LIFETIME_S, begin_session, csrf_token, end_session, find_session
from pleiade.tenancy.signin.throttle import count_attempt, forget_attempts

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class SignInRoom:
    """/auth/ways, /auth/login, /auth/callback, /auth/me, /auth/logout, /auth/invite (and /look), /auth/register."""

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
            route(method="POST", path="/auth/invite/look", handler=self.look_at_invite),
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
        """How one can sign in here, and whether one is: for a page with buttons."""
        issuers = [{"id": issuer.id, "name": issuer.name} for issuer, _ in self._bearers.issuers if issuer.client]
        secret = read_cookie(call.headers, SESSION)
        session = await asyncio.to_thread(find_session, self._bearers.db, secret) if secret else None
        ways = {"object": "auth.ways", "password": True, "issuers": issuers, "signed_in": session is not None}
        await send(call, ways)

    async def leave_for_issuer(self, call: Call) -> None:
        """302 to the issuer named by `issuer`, or to the only one. Raises ApiError."""
        query = query_of(call)
        issuer, keys = self._issuer(query.get("issuer", ""))
        with Told():
            start = await start_sign_in(
                self._bearers.db, issuer, keys, redirect_uri=self._callback, next=safe_path(query.get("next", "/"))
            )
        cookie = set_cookie(BROWSER, start.browser, seconds=PENDING_S, path="/auth", secure=self._secure)
        await redirect(call, start.url, cookie)

    async def come_back(self, call: Call) -> None:
        """The issuer sends the browser here with a code: a session, and 303 to where they wanted to go."""
        query, db = query_of(call), self._bearers.db
        with Told():
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
            stranger = actor_of(call, "", email, "self")
            user, organisation = await asyncio.to_thread(signed_in_user, db, verified, stranger)
            secret = await asyncio.to_thread(
                begin_session,
                db,
                user=user,
                organisation=organisation,
                method=issuer.id,
                actor=actor_of(call, user, email),
            )
        gone = set_cookie(BROWSER, "", seconds=0, path="/auth", secure=self._secure)
        await redirect(call, pending.next, self._session_cookie(secret), gone, status=303)

    async def sign_in_with_password(self, call: Call) -> None:
        """A session for {"email", "password"}; "organization" chooses, for members of several. Raises ApiError."""
        check_origin(call.headers)
        fields = await read_object(call, self._max_body_mb)
        email, password = (text_of(fields, name) for name in ("email", "password"))
        wanted = text_of(fields, "organization") if fields.get("organization") else ""
        email = email.strip().lower()
        db, address = self._bearers.db, client_address(call)
        with Told():
            await asyncio.to_thread(count_attempt, db, email, address, int(time.time()))
            user = await asyncio.to_thread(user_with_email, db, email) if storable(email) else ""
            async with self._hashing:
                right = await asyncio.to_thread(check_password, db, user, password)
            if not right:
                raise wrong_password()
            await asyncio.to_thread(forget_attempts, db, email, address)
            organisations = await asyncio.to_thread(organisations_of, db, user)
            if (wanted and wanted not in organisations) or not organisations:
                raise wrong_password()
            organisation = wanted or organisations[0]
            secret = await asyncio.to_thread(
                begin_session,
                db,
                user=user,
                organisation=organisation,
                method="password",
                actor=actor_of(call, user, email),
            )
            await self._tell_who(call, secret, self._session_cookie(secret))

    async def who_am_i(self, call: Call) -> None:
        """The person behind the session cookie, and the token that their writes must carry. Raises ApiError 401."""
        with Told():
            await self._tell_who(call, read_cookie(call.headers, SESSION))

    async def look_at_invite(self, call: Call) -> None:
        """Into what an invitation's token leads, for the page that asks to accept it. Raises ApiError 404.

        A POST, so that the token stands in no log. `email` is null where whoever holds the link chooses it.
        """
        check_origin(call.headers)
        token = text_of(await read_object(call, self._max_body_mb), "token")
        db = self._bearers.db
        with Told():
            await asyncio.to_thread(count_attempt, db, token, client_address(call), int(time.time()))
            looked = await asyncio.to_thread(look_at_invite, db, token)
            await asyncio.to_thread(forget_attempts, db, token, client_address(call))
        await send(call, looked)

    async def join(self, call: Call) -> None:
        """Accept an invitation by the token of its link; who is new may set a password. Raises ApiError 400, 404.

        The first person of a new house must: their link names no address, and nobody else could let them in.
        """
        check_origin(call.headers)
        fields = await read_object(call, self._max_body_mb)
        token = text_of(fields, "token")
        name, email, password = (
            text_of(fields, field) if fields.get(field) else "" for field in ("name", "email", "password")
        )
        asked = Joining(token=token, name=name, email=email, password=password)
        db = self._bearers.db
        with Told():
            await asyncio.to_thread(count_attempt, db, token, client_address(call), int(time.time()))
            user, invite = await asyncio.to_thread(join_by_invite, db, asked, actor_of(call, "", "", "self"))
            await asyncio.to_thread(forget_attempts, db, token, client_address(call))
        await send(
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
        email, name = text_of(fields, "email"), text_of(fields, "name")
        note = text_of(fields, "note") if fields.get("note") else ""
        db, actor = self._bearers.db, actor_of(call, "", email[:254], "self")
        with Told():
            await asyncio.to_thread(count_attempt, db, f"register {email}", client_address(call), int(time.time()))
            await asyncio.to_thread(register, db, email=email, name=name, note=note, actor=actor)
        await send(call, {"object": "auth.registration", "email": email.strip().lower(), "received": True})

    async def sign_out(self, call: Call) -> None:
        """End the session, here and in every gateway. Raises ApiError 401, 403."""
        secret = read_cookie(call.headers, SESSION)
        if not secret:
            raise missing_key()
        check_write("POST", call.headers, secret)
        with Told():
            session = await asyncio.to_thread(find_session, self._bearers.db, secret)
            if session is not None:
                await asyncio.to_thread(end_session, self._bearers.db, session, actor=actor_of(call, session.user))
        self._bearers.forget_session(secret)
        cookie = set_cookie(SESSION, "", seconds=0, secure=self._secure)
        await send(call, {"object": "auth.session.deleted", "deleted": True}, cookie)

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
        await send(call, answer, *headers)
