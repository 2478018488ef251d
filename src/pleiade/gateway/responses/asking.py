"""Asking the model, with the one second thought that the Responses API has: `truncation: "auto"`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, operation_not_supported
from pleiade.gateway.pipeline import call_model, open_model_stream
from pleiade.gateway.responses.chat import drop_oldest, streamed
from pleiade.gateway.responses.painter import Painter
from pleiade.gateway.responses.picture_tool import Easel
from pleiade.gateway.responses.plan import Plan
from pleiade.gateway.responses.translator import Translator

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_PATH = "/chat/completions"
_TOO_LONG = "context_length_exceeded"


async def ask(call: Call, gateway: "Gateway", request: Mapping[str, Any], *, truncate: bool) -> dict[str, Any]:
    """The model's whole answer, a chat completion. Raises ApiError."""
    while True:
        try:
            return await call_model(call, gateway, _PATH, request)
        except ApiError as error:
            request = _shortened(request, error, truncate)


def open_answer(
    call: Call, gateway: "Gateway", easel: Easel | None, plan: Plan
) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """What a plan asks for while it is made: chat chunks, or events of a picture. Raises ApiError."""
    if plan.drawing is None:
        return ask_for_stream(call, gateway, plan.request, truncate=plan.truncate)
    if easel is None:  # an embedder's gateway without the room of pictures
        raise operation_not_supported("image_generation", str(plan.drawing.fields["model"]))
    return easel.open(call, plan.drawing)


def maker_for(plan: Plan) -> Translator | Painter:
    """What makes the response of a plan out of that."""
    return Translator(plan.response) if plan.drawing is None else Painter(plan.response, plan.drawing.prompt)


@asynccontextmanager
async def ask_for_stream(
    call: Call, gateway: "Gateway", request: dict[str, Any], *, truncate: bool
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The model's answer as chat chunks, JSON one by one. Raises ApiError, before or between chunks."""
    request = streamed(request)
    while True:
        stream = open_model_stream(call, gateway, _PATH, request)
        try:
            chunks = await stream.__aenter__()
        except ApiError as error:
            request = _shortened(request, error, truncate)
            continue
        break
    try:
        yield chunks
    finally:
        await stream.__aexit__(None, None, None)


def _shortened(request: Mapping[str, Any], error: ApiError, truncate: bool) -> dict[str, Any]:
    """`request` without its oldest turns, if `error` and the caller call for that; else raises `error`."""
    if truncate and error.code == _TOO_LONG:
        left = drop_oldest(request["messages"])
        if left is not None:
            return {**request, "messages": left}
    raise error
