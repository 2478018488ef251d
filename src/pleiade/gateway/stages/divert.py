"""Who answers: the deployment that was asked for or, for a share of the calls or while it is drained, its canary."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from pleiade.domain import EndpointState, is_for
from pleiade.domain.tenants import Billing
from pleiade.gateway.admission import price_in_force
from pleiade.gateway.call import Call
from pleiade.gateway.directory import Target
from pleiade.gateway.errors import ApiError, unavailable
from pleiade.quota.telling import spillover_headers

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_RETRY_S = {EndpointState.STARTING: 2.0, EndpointState.DRAINING: 2.0, EndpointState.FAILED: 5.0}
_DRAINED_RETRY_S = 10.0  # a person drained it, and is at work on it
_PARTS = 10_000  # calls are told apart to a hundredth of a percent
# Fields in which callers say for whom they ask: the same person stays with the same model.
_WHO = ("prompt_cache_key", "safety_identifier", "user")
_NOBODY = (b"null", b'""')


class _Message(msgspec.Struct):
    role: str = ""


class Divert:
    """Sets `call.target` to whoever answers; it is ready. Stands after what a caller is permitted.

    A canary gets no call of somebody who may not use its model, or would pay another price for it.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._directory = gateway.directory
        self._commerce = gateway.commerce

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 503 where the engine that should answer is not ready, or drained."""
        target = call.target
        assert target is not None
        traffic = target.endpoint.traffic
        if traffic.canary and (traffic.drained or share_of(call, target) < traffic.percent * _PARTS // 100):
            canary = self._canary(call, target)
            if canary is not None:
                call.diverted_from, call.target = target, canary
                call.edge.tell(spillover_headers(canary.endpoint.deployment))
                target = canary
        if target.endpoint.traffic.drained:
            raise _drained(target)
        if target.endpoint.state != EndpointState.READY:
            raise _not_ready(target)
        await self._next(call)

    def _canary(self, call: Call, target: Target) -> Target | None:
        """The canary, where it can answer this call."""
        canary = self._directory.find(target.endpoint.traffic.canary)
        if (
            canary is None
            or canary.endpoint.state != EndpointState.READY
            or canary.endpoint.kind != target.endpoint.kind
            or not is_for(canary.endpoint.projects, call.principal.project)
        ):
            return None
        if call.stays or canary.endpoint.traffic.drained or not self._costs_the_same(call, target, canary):
            return None
        return canary

    def _costs_the_same(self, call: Call, target: Target, canary: Target) -> bool:
        principal = call.principal
        if (
            self._commerce is None
            or principal.billing is Billing.INTERNAL
            or canary.endpoint.model == target.endpoint.model
        ):
            return True
        book = self._commerce.prices.value
        mine, theirs = (price_in_force(book, principal, one.endpoint) for one in (target, canary))
        return (
            mine is not None and theirs is not None and (mine.currency, mine.rates) == (theirs.currency, theirs.rates)
        )


def share_of(call: Call, target: Target) -> int:
    """Where a call falls between 0 and 9,999: calls of one conversation at one place, all together evenly.

    Who raises a canary's share keeps the conversations that it has.
    """
    who = call.principal.key or call.principal.user or call.principal.project
    traffic = target.endpoint.traffic
    parts = (target.endpoint.deployment.encode(), traffic.canary.encode(), who.encode(), _thread_of(call))
    digest = hashlib.blake2b(b"\0".join(parts), digest_size=8).digest()
    return int.from_bytes(digest) % _PARTS


def _thread_of(call: Call) -> bytes:
    """What the calls of one conversation have in common: whom they are for, else how it began; else nothing."""
    for name in _WHO:
        said = bytes(call.body.get(name, b""))
        if said and said not in _NOBODY:
            return said
    messages = call.body.get("messages")
    if messages is None:
        return call.name.encode()
    try:  # a conversation is sent whole with each question: its first one stays
        told = msgspec.json.decode(messages, type=list[msgspec.Raw])
        roles = [msgspec.json.decode(message, type=_Message).role for message in told[:8]]
    except msgspec.MsgspecError:
        return call.name.encode()  # the engine says what is wrong with it
    first = next((place for place, role in enumerate(roles) if role == "user"), len(roles) - 1)
    return b"\0".join(bytes(message) for message in told[: first + 1])


def _drained(target: Target) -> ApiError:
    return unavailable(
        f"`{target.endpoint.deployment}` is being drained: it takes no new calls now. Please retry later.",
        _DRAINED_RETRY_S,
    )


def _not_ready(target: Target) -> ApiError:
    state = target.endpoint.state
    return unavailable(
        f"The engine of `{target.endpoint.deployment}` is {state.value}. Please retry shortly.",
        _RETRY_S.get(state, 2.0),
    )
