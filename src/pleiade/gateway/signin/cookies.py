"""The two cookies of signing in, and what a write with a cookie must prove."""

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from pleiade.gateway.errors import ApiError, Header
from pleiade.tenancy.signin.sessions import csrf_token

SESSION = "pleiade_session"
BROWSER = "pleiade_signin"  # proves that the browser which comes back is the one that left
CSRF_HEADER = b"x-csrf-token"


def read_cookie(headers: Mapping[bytes, bytes], name: str) -> str:
    """The cookie's value, "" where there is none."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    found = cookies.get(name)
    return found.value if found is not None else ""


def set_cookie(name: str, value: str, *, seconds: int, path: str = "/", secure: bool) -> Header:
    """A cookie that scripts cannot read and other sites cannot send along; 0 seconds takes it away."""
    text = f"{name}={value}; Max-Age={seconds}; Path={path}; HttpOnly; SameSite=Lax"
    return b"set-cookie", (text + "; Secure" if secure else text).encode("latin-1")


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """A page of another site may not write here. Raises ApiError 403."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin and urlsplit(origin).netloc != headers.get(b"host", b"").decode("latin-1"):
        raise _forged(f"it comes from a page of {origin[:100]}")


def check_write(method: str, headers: Mapping[bytes, bytes], session: str) -> None:
    """A write that a cookie vouches for needs the token that only our pages can read. Raises ApiError 403."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return
    check_origin(headers)
    if not hmac.compare_digest(headers.get(CSRF_HEADER, b""), csrf_token(session).encode()):
        raise _forged("the header x-csrf-token must hold the csrf_token that GET /auth/me tells")


def _forged(reason: str) -> ApiError:
    return ApiError(403, f"This request was not made by a page of ours: {reason}.", code="csrf")
