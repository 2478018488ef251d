"""May this call run now: a price where somebody pays, and every limit of deployment, key, project and organisation."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.gateway.admission import Admission, by_deployment, refused
from pleiade.gateway.call import Call
from pleiade.quota import Verdict
from pleiade.quota.estimate import estimate
from pleiade.quota.telling import rate_headers, spillover_headers

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class Admit:
    """Sets `call.price`, `call.estimate`, `call.verdicts`, the x-ratelimit headers; corrects the limiter afterwards.

    What a provisioned deployment has no room for goes to its spillover deployment, where there is one with room; what
    a canary has none for, to the deployment that was asked for.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        assert gateway.commerce is not None
        self._admission = Admission(gateway.commerce, gateway.directory)

    async def __call__(self, call: Call) -> None:
        """Raises ApiError: 429 over a limit, 403 without a price, 503 where limits cannot be checked."""
        target = call.target
        assert target is not None
        call.estimate = estimate(call.body, call.engine_path, target.endpoint.context_length)
        call.price = self._admission.price_of(call.principal, target, call.estimate, batch=call.line is not None)
        verdict = await self._admission.reserve(call, target)
        if verdict is not None and not verdict.allowed:
            verdict = await self._spill(call, refusal=verdict)
        if verdict is not None:
            call.verdicts.append(verdict)
        try:
            if verdict is not None:
                call.edge.tell(rate_headers(verdict, azure=call.dialect.name == "azure"))
            await self._next(call)
        finally:
            await self._admission.settle(call)

    async def _spill(self, call: Call, refusal: Verdict) -> Verdict | None:
        """Another deployment's verdict, and that deployment as the call's target; else the first refusal is raised."""
        target = call.target
        assert target is not None
        other = None
        if by_deployment(refusal):  # nobody pays for a reservation that has not been made: another model will do
            other = self._admission.base_of(call, target) or self._admission.spillover_of(call, target)
        if other is None:
            raise refused(call, refusal)
        assert call.estimate is not None
        call.price = self._admission.price_of(call.principal, other, call.estimate, batch=call.line is not None)
        verdict = await self._admission.reserve(call, other)
        if verdict is not None and not verdict.allowed:
            raise refused(call, refusal)
        call.target = other
        call.edge.tell(spillover_headers(other.endpoint.deployment, target.endpoint.deployment, 429))
        return verdict
