"""Asking the model, with the one second thought that the Responses API has: `truncation: "auto"`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.pipeline import call_model, open_model_stream
from pleiade.gateway.responses.chat import drop_oldest, streamed

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
