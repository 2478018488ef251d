"""Who calls: a key, in either header on every surface (wire-contract §3), a signed token, or a session cookie."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.domain import Principal
from pleiade.gateway.call import Call
from pleiade.gateway.errors import missing_key, two_credentials, wrong_key
from pleiade.gateway.signin.cookies import SESSION, check_write, read_cookie
from pleiade.tenancy.signin.token import looks_like_token

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway
    from pleiade.gateway.signin.bearers import Bearers


class Authenticate:
    """Sets `call.principal` and `call.api_version`, or refuses."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._keys = gateway.keys
        self._gateway = gateway

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 401 (no key, wrong key), 400 (two keys), or what the dialect demands."""
        if not call.route.public:
            principal = call.principal = await self._who(call)
            call.edge.organization = principal.organisation
            call.api_version = call.dialect.check(call.query)
        await self._next(call)

    async def _who(self, call: Call) -> Principal:
        bearers = self._gateway.bearers
        if bearers is not None and b"cookie" in call.headers and not _carries_key(call):
            session = read_cookie(call.headers, SESSION)
            if session:
                return await _owner_of_session(bearers, session, call)
        secret = find_secret(call)
        principal = self._keys.find(secret)
        if principal is None and self._gateway.house.shows(secret):
            return self._gateway.house.act(call)
        if principal is None and bearers is not None and looks_like_token(secret):
            return bearers.find(secret) or await bearers.prove_token(secret)
        if principal is None:
            raise wrong_key(_masked(secret))
        return principal


def _carries_key(call: Call) -> bool:
    """A key in a header goes before a cookie, which browsers send by themselves."""
    return b"authorization" in call.headers or b"api-key" in call.headers


async def _owner_of_session(bearers: "Bearers", session: str, call: Call) -> Principal:
    """Who is signed in. Raises ApiError 401 where nobody is, 403 for a write that another site may have caused."""
    secret = session.encode("latin-1")
    project = call.headers.get(b"openai-project", b"")  # whose owner has several says in which they work
    principal = bearers.find(secret, project) or await bearers.prove_session(secret, project)
    if principal is None:
        raise missing_key()
    check_write(call.scope["method"], call.headers, session)
    return principal


def find_secret(call: Call) -> bytes:
    """The one secret that a request carries. Raises ApiError if there is none, or more than one."""
    found = b""
    for name, value in call.scope["headers"]:
        if name == b"authorization":
            scheme, _, secret = value.partition(b" ")
            if scheme.lower() != b"bearer":
                continue
            secret = secret.strip()
        elif name == b"api-key":
            secret = value.strip()
        else:
            continue
        if found and secret and secret != found:
            raise two_credentials()
        found = found or secret
    if not found:
        raise missing_key()
    return found


def _masked(secret: bytes) -> str:
    """Enough of a wrong key for its owner to recognise it, and no more."""
    text = secret.decode("latin-1")
    return "*" * 4 if len(text) < 16 else f"{text[:3]}{'*' * 8}{text[-4:]}"
