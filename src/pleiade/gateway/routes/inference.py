"""The routes that call a model as it is: chat, completions, embeddings, rewards, moderations; some also as of 2023."""

from typing import TYPE_CHECKING

import msgspec

from pleiade.gateway.body import encode_fields, read_json
from pleiade.gateway.call import Call
from pleiade.gateway.pipeline import OPERATIONS, Handler
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

OF_2023 = frozenset({"/completions", "/embeddings"})  # chat came after the engines routes had gone
OURS = frozenset({"/rewards", "/moderations"})  # Azure has no such routes: its clients leave the model in the body
# Who names no model gets the one that OpenAI gives then (wire-contract §12.5).
DEFAULT_MODELS = {"/moderations": msgspec.Raw(b'"omni-moderation-latest"')}


_NULL = msgspec.Raw(b"null")


def inference_routes(gateway: "Gateway") -> list[Route]:
    """Each engine route, once; surfaces mount them under every prefix."""
    routes = []
    for path in OPERATIONS:
        handler = _forward_to(gateway, path)
        routes.append(Route(method="POST", path=path, handler=handler, deployment=True, everywhere=path in OURS))
        if path in OF_2023:
            routes.append(Route(method="POST", path="/engines/{engine}" + path, handler=handler))
    return routes


def _forward_to(gateway: "Gateway", path: str) -> Handler:
    limit_mb = gateway.settings.max_body_mb
    operation = OPERATIONS[path]
    default = DEFAULT_MODELS.get(path)

    async def handle(call: Call) -> None:
        """Ask a model, and give its answer: whole, or as a stream. Raises ApiError."""
        call.engine_path = path
        call.operation = operation
        await read_json(call, limit_mb)
        if default is not None and call.body.get("model", _NULL) == _NULL:
            call.body = {**call.body, "model": default}
            call.raw = encode_fields(call.body)
        await gateway.model(call)

    return handle
