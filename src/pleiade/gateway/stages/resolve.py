"""Which deployment: the name in the path (Azure) or the body becomes a target of the right kind."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.domain import ModelKind, is_for
from pleiade.gateway.body import read_field
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request, model_not_found, operation_not_supported, unavailable

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

# What kind of model each of an engine's routes needs.
KINDS = {
    "/chat/completions": ModelKind.TEXT,
    "/completions": ModelKind.TEXT,
    "/embeddings": ModelKind.EMBEDDING,
    "/rewards": ModelKind.REWARD,
    "/moderations": ModelKind.MODERATION,
    "/images/generations": ModelKind.IMAGE,
    "/images/edits": ModelKind.IMAGE,
    "/images/variations": ModelKind.IMAGE,
    "/images/outpaint": ModelKind.IMAGE,
}
STREAMED = frozenset({"/chat/completions", "/completions", *(path for path in KINDS if path.startswith("/images/"))})


class Resolve:
    """Sets `call.model` (the name asked for), `call.target` and `call.stream`."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._directory = gateway.directory

    async def __call__(self, call: Call) -> None:
        """Raises ApiError: 404 unknown model, 400 wrong kind or type, 503 before any is known."""
        call.model = self._name(call)
        asked = bool(read_field(call.body, "stream", bool, "a boolean"))
        call.stream = asked and call.engine_path in STREAMED
        target = self._directory.find(call.model)
        if target is None or not is_for(target.endpoint.projects, call.principal.project):
            if not self._directory.loaded:
                raise unavailable("The server is starting: its engines are not known yet. Please retry.", 2.0)
            raise model_not_found(call.model)
        call.target = target
        endpoint = target.endpoint
        if endpoint.kind != KINDS[call.engine_path]:
            routes = " or ".join(f"POST {path}" for path, kind in KINDS.items() if kind == endpoint.kind)
            instead = f" This one is of the kind {endpoint.kind}: use {routes}." if routes else ""
            raise operation_not_supported(call.operation, call.model, instead)
        await self._next(call)

    @staticmethod
    def _name(call: Call) -> str:
        named = call.params.get("deployment") or call.params.get("engine")
        if named is not None:
            return named  # Azure: the path decides, whatever the body says
        name = read_field(call.body, "model", str, "a string")
        if not name:
            raise bad_request("you must provide a model parameter", param="model", code="missing_required_parameter")
        return name
