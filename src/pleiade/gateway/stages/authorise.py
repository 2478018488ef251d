"""Whether the caller may: the tenant that a request names is its key's, and the key and its role cover the route."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.gateway.call import Call
from pleiade.gateway.errors import mismatched_organization, mismatched_project, missing_scope
from pleiade.tenancy.rights import grants
from pleiade.tenancy.scopes import scope_of

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class Authorise:
    """Refuses what a key was not made for.

    A route about things with owners (projects, keys, people) asks further, with the ids that its path names:
    `pleiade.tenancy.rights.may`.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 401: another tenant's header, or a scope or role that does not reach."""
        if not call.route.public:
            principal = call.principal
            if call.dialect.name == "openai":  # Azure's clients name no tenant, and Azure reads no such header
                named = call.headers.get(b"openai-organization")
                if named and named != principal.organisation.encode():
                    raise mismatched_organization()
                named = call.headers.get(b"openai-project")
                if named and named != principal.project.encode():
                    raise mismatched_project()
            needed = scope_of(call.route.method, call.route.path)
            if not grants(principal, needed):
                raise missing_scope(needed)
        await self._next(call)
