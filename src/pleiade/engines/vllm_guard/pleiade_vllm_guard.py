"""Asks for the engine's token on every route of `vllm serve`.

vLLM's own check covers /v1 and /inference only: /invocations would answer every user of the machine (seen with
0.32.0), and so would /tokenize and /metrics. Loaded by `--middleware pleiade_vllm_guard.RequireToken`.
"""

import hmac
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_OPEN = "/health"
_REFUSAL = (
    b'{"error":{"message":"This engine answers its own gateway only.","type":"invalid_request_error",'
    b'"param":null,"code":"invalid_api_key"}}'
)


class RequireToken:
    """ASGI middleware: 401 for what does not carry `Authorization: Bearer $VLLM_API_KEY`, but for /health."""

    def __init__(self, app: _App) -> None:
        self._app = app
        self._expected = b"Bearer " + os.environ["VLLM_API_KEY"].encode()

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Pass on or refuse."""
        if scope["type"] == "lifespan" or scope["path"] == _OPEN or self._is_allowed(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_REFUSAL))]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _is_allowed(self, scope: _Message) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._expected)
