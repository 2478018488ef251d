"""What can be called: `models` with the keys of both families, and the `engines` of 2023."""

from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.domain import Endpoint, EndpointState, ModelKind, Principal, is_for
from pleiade.finetuning.making import TUNABLE
from pleiade.gateway.call import Call
from pleiade.gateway.errors import forbidden, model_not_found
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


def model_routes(gateway: "Gateway") -> list[Route]:
    """List, retrieve and delete models; list and retrieve engines."""
    directory = gateway.directory

    async def list_models(call: Call) -> None:
        """What can be called, under each of its names."""
        items = [_model(name, endpoint) for name, endpoint in _visible(call.principal)]
        await _answer(call, {"object": "list", "data": items})

    async def retrieve_model(call: Call) -> None:
        """One model. Raises ApiError 404."""
        await _answer(call, _model(*_find(call, "model")))

    async def delete_model(call: Call) -> None:
        """What the caller's project had made by fine-tuning; all else the operator undeploys. Raises ApiError 403."""
        name, endpoint = _find(call, "model")
        if endpoint.projects and name == endpoint.deployment and gateway.delete_model is not None:
            await gateway.delete_model(call, endpoint)
            return
        raise forbidden(
            f"The model `{name}` is deployed by the operator (`pleiade undeploy {endpoint.deployment}`) "
            "and cannot be deleted through the API."
        )

    async def list_engines(call: Call) -> None:
        """January 2023's list of models."""
        items = [_engine(name, endpoint) for name, endpoint in _visible(call.principal)]
        await _answer(call, {"object": "list", "data": items})

    async def retrieve_engine(call: Call) -> None:
        """One of January 2023's engines. Raises ApiError 404."""
        await _answer(call, _engine(*_find(call, "engine")))

    def _find(call: Call, param: str) -> tuple[str, Endpoint]:
        name = call.params[param]
        target = directory.find(name)
        if target is None or not is_for(target.endpoint.projects, call.principal.project):
            raise model_not_found(name)
        return name, target.endpoint

    def _visible(caller: Principal) -> list[tuple[str, Endpoint]]:
        names = directory.names().items()
        return [(name, target.endpoint) for name, target in names if is_for(target.endpoint.projects, caller.project)]

    return [
        Route(method="GET", path="/models", handler=list_models),
        Route(method="GET", path="/models/{model}", handler=retrieve_model, greedy=True),
        Route(method="DELETE", path="/models/{model}", handler=delete_model, greedy=True),
        Route(method="GET", path="/engines", handler=list_engines),
        Route(method="GET", path="/engines/{engine}", handler=retrieve_engine),
    ]


def _model(name: str, endpoint: Endpoint) -> dict[str, Any]:
    """A model under one of its names, with the keys that OpenAI and Azure give it (wire-contract §3)."""
    text = endpoint.kind == ModelKind.TEXT
    return {
        "id": name,
        "object": "model",
        "created": endpoint.created,
        "owned_by": "pleiade",
        "root": endpoint.priced_as or endpoint.model,
        "parent": endpoint.priced_as or None,
        "permission": [],
        "status": "succeeded",
        "created_at": endpoint.created,
        "lifecycle_status": "generally-available",
        "deprecation": {},
        "capabilities": {
            "fine_tune": text and endpoint.engine in TUNABLE,
            "inference": True,
            "completion": text,
            "chat_completion": text,
            "embeddings": endpoint.kind == ModelKind.EMBEDDING,
            "rewards": endpoint.kind == ModelKind.REWARD,
            "moderations": endpoint.kind == ModelKind.MODERATION,
            "image_generation": endpoint.kind == ModelKind.IMAGE,
        },
        "context_length": endpoint.context_length or None,
        **({"styles": endpoint.styles} if endpoint.styles else {}),
    }


def _engine(name: str, endpoint: Endpoint) -> dict[str, Any]:
    """An engine of January 2023 (wire-contract §11.1)."""
    return {
        "id": name,
        "object": "engine",
        "created": None,
        "owner": "pleiade",
        "ready": endpoint.state == EndpointState.READY,
    }


async def _answer(call: Call, value: dict[str, Any]) -> None:
    call.status = 200
    await call.answer.whole(200, msgspec.json.encode(value))
