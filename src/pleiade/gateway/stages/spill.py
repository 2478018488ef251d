"""An engine that fails or is full: the call goes once to the deployment's spillover (wire-contract §6.2)."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.gateway.admission import Admission
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.quota.telling import spillover_headers

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class Spill:
    """A second attempt under the same reservation. If that fails too, the first failure is told.

    Only what another engine may do better is tried there: a full or failing one (408, 429, 5xx), not a request that is
    wrong everywhere. Nothing is tried again once the caller has seen a byte.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        assert gateway.commerce is not None
        self._admission = Admission(gateway.commerce, gateway.directory)

    async def __call__(self, call: Call) -> None:
        """Raises what the first attempt raised, where the second did not answer."""
        try:
            await self._next(call)
            return
        except ApiError as error:
            failure = error
        first = call.target
        assert first is not None
        worth_it = failure.status in (408, 429) or failure.status >= 500
        other = self._admission.spillover_of(call, first) if worth_it and not call.answer.started else None
        if other is None:
            raise failure
        try:
            verdict = await self._admission.reserve(call, other, deployment_only=True)
        except ApiError:
            raise failure from None
        if verdict is not None and not verdict.allowed:
            raise failure
        if verdict is not None:
            call.verdicts.append(verdict)
        told = call.edge.extra
        call.edge.tell(spillover_headers(other.endpoint.deployment, first.endpoint.deployment, failure.status))
        call.target, call.usage, call.first_byte_at = other, None, 0.0
        try:
            await self._next(call)
        except ApiError:
            if call.answer.started:
                raise
            call.target, call.edge.extra = first, told
            raise failure from None
