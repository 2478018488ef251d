"""Signing in at an issuer: authorization code with PKCE, state and nonce (RFC 6749, 7636, OpenID Connect Core)."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import sqlalchemy as sa

from pleiade.store import unit_of_work
from pleiade.store.signin import pending_sign_ins
from pleiade.tenancy.signin.issuer import Issuer, IssuerError, check_url
from pleiade.tenancy.signin.key_set import KeySet
from pleiade.tenancy.signin.token import TokenRefusedError, Verified, verify
from pleiade.tenancy.signin.web import UnreachableError, Web

PENDING_S = 600  # how long a person may take at the issuer
SCOPES = "openid email profile"


class SignInError(Exception):
    """Somebody cannot be signed in; the message is fit for them."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that is at its issuer."""

    issuer: str  # Issuer.id
    nonce: str
    verifier: str
    next: str


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser goes, and the secret that it keeps so that only it may come back."""

    url: str
    browser: str


async def start_sign_in(db: sa.Engine, issuer: Issuer, keys: KeySet, *, redirect_uri: str, next: str) -> Start:
    """Begin; blocking database work is short and done here in a thread.

    Raises SignInError, IssuerError, UnreachableError, StoreError.
    """
    if not issuer.client:
        raise SignInError(f"{issuer.name} takes tokens only; nobody signs in there.")
    endpoint = str((await keys.description()).get("authorization_endpoint", ""))
    check_url(endpoint)
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    pending = Pending(issuer=issuer.id, nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48), next=next)
    await asyncio.to_thread(_remember, db, state, browser, pending)
    query = {
        "response_type": "code",
        "client_id": issuer.client,
        "redirect_uri": redirect_uri,
        "scope": SCOPES,
        "state": state,
        "nonce": pending.nonce,
        "code_challenge": _challenge(pending.verifier),
        "code_challenge_method": "S256",
    }
    return Start(url=f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", browser=browser)


def take_pending(db: sa.Engine, state: str, browser: str) -> Pending:
    """The sign-in that `state` began, taken out for good. Raises SignInError.

    Whoever brings a state twice, or in another browser than began with it, is refused.
    """
    query = (
        sa.delete(pending_sign_ins)
        .where(pending_sign_ins.c.state == _digest(state))
        .returning(
            pending_sign_ins.c.browser,
            pending_sign_ins.c.issuer,
            pending_sign_ins.c.nonce,
            pending_sign_ins.c.verifier,
            pending_sign_ins.c.next,
            pending_sign_ins.c.expires,
        )
    )
    with unit_of_work(db) as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.expires <= time.time() or not hmac.compare_digest(row.browser, _digest(browser)):
        raise SignInError("This sign-in is over, or began in another browser. Begin again at /auth/login.")
    return Pending(issuer=row.issuer, nonce=row.nonce, verifier=row.verifier, next=row.next)


async def finish_sign_in(
    issuer: Issuer, keys: KeySet, web: Web, pending: Pending, *, code: str, redirect_uri: str
) -> Verified:
    """Exchange the code for an ID token, and prove it. Raises SignInError, UnreachableError, IssuerError."""
    description = await keys.description()
    endpoint = str(description.get("token_endpoint", ""))
    check_url(endpoint)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": pending.verifier,
    }
    headers = _authenticate(issuer, description, form)
    try:
        answer = await web.post(endpoint, form, headers)
    except UnreachableError as error:
        if error.status not in (400, 401):
            raise
        raise SignInError(f"{issuer.name} does not take this sign-in. Begin again at /auth/login.") from error
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise SignInError(f"{issuer.name} gave no ID token.")
    try:
        verified = await verify(token.encode(), issuer, keys, (issuer.client,))
    except TokenRefusedError as error:
        raise SignInError(f"The ID token of {issuer.name} is refused: {error}.") from error
    claims = verified.claims
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
        raise SignInError(f"The ID token of {issuer.name} was made for another sign-in.")
    if claims.get("azp", issuer.client) != issuer.client:
        raise SignInError(f"The ID token of {issuer.name} was made for another program.")
    if "email" not in claims:
        more = await _user_info(description, web, answer, verified.subject)
        return msgspec.structs.replace(verified, claims={**more, **claims})
    return verified


async def _user_info(description: dict[str, Any], web: Web, answer: dict[str, Any], subject: str) -> dict[str, Any]:
    """Claims that the issuer tells only when asked; none if it has no such place, or speaks of somebody else."""
    url, access = description.get("userinfo_endpoint"), answer.get("access_token")
    if not isinstance(url, str) or not isinstance(access, str):
        return {}
    check_url(url)
    found = await web.get(url, {"authorization": f"Bearer {access}"})
    return found if found.get("sub") == subject else {}


def _authenticate(issuer: Issuer, description: dict[str, Any], form: dict[str, str]) -> dict[str, str]:
    """How this client proves itself at the token endpoint: headers, or fields added to `form`."""
    methods = description.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not issuer.client_secret:
        form["client_id"] = issuer.client
        return {}
    if "client_secret_basic" in methods:
        pair = f"{quote(issuer.client, safe='')}:{quote(issuer.client_secret, safe='')}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if "client_secret_post" in methods:
        form |= {"client_id": issuer.client, "client_secret": issuer.client_secret}
        return {}
    raise IssuerError(f"{issuer.issuer} wants clients to prove themselves by {methods}; a secret is what we have")


def _remember(db: sa.Engine, state: str, browser: str, pending: Pending) -> None:
    now = int(time.time())
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(pending_sign_ins).where(pending_sign_ins.c.expires <= now))
        connection.execute(
            sa.insert(pending_sign_ins).values(
                state=_digest(state),
                browser=_digest(browser),
                expires=now + PENDING_S,
                **msgspec.structs.asdict(pending),
            )
        )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
