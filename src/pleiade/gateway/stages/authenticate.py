"""Who calls: a key, in either header on every surface (wire-contract §3), and the version that it speaks."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.gateway.call import Call
from pleiade.gateway.errors import missing_key, two_credentials, wrong_key

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class Authenticate:
    """Sets `call.principal` and `call.api_version`, or refuses."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._keys = gateway.keys

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 401 (no key, wrong key), 400 (two keys), or what the dialect demands."""
        if not call.route.public:
            secret = find_secret(call)
            principal = self._keys.find(secret)
            if principal is None:
                raise wrong_key(_masked(secret))
            call.principal = principal
            call.edge.organization = principal.project
            call.api_version = call.dialect.check(call.query)
        await self._next(call)


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
