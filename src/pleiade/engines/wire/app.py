"""The ASGI application of a worker: routes, bearer token, health, drain, and errors as OpenAI's bodies."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from pleiade.engines.wire.errors import ApiError, draining, internal, loading
from pleiade.engines.wire.exchange import Exchange, Receive, Scope, Send
from pleiade.engines.wire.recent import RecentUsage
from pleiade.engines.wire.sse import error_event

Handler = Callable[[Exchange], Awaitable[None]]

log = logging.getLogger("pleiade.engine")


class Service(Protocol):
    """What a worker serves once its model is loaded."""

    posts: Mapping[str, Handler]  # path under /v1, e.g. "/chat/completions"

    def models(self) -> list[dict[str, object]]:
        """The items of `GET /v1/models`."""
        ...

    def metrics(self) -> str:
        """Prometheus text."""
        ...

    def close(self) -> None:
        """Let the model go; called once, after the last answer."""
        ...


class EngineApp:
    """Plain ASGI. `service` is None until the model is loaded; `token` empty means that none is demanded."""

    def __init__(self, *, token: str, max_body_bytes: int) -> None:
        self._authorization = f"Bearer {token}".encode() if token else b""
        self._max_body_bytes = max_body_bytes
        self._recent = RecentUsage()
        self.service: Service | None = None
        self.draining = False
        self.running = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send, self._recent)
        self.running += 1
        self.idle.clear()
        try:
            await self._route(scope["method"], exchange)
        except ApiError as error:
            await _fail(exchange, error)
        except Exception:  # the edge: a client must get a body, an operator the trace
            log.exception("unexpected failure on %s", exchange.path)
            await _fail(exchange, internal("The engine failed unexpectedly; its log says why."))
        finally:
            exchange.end()
            self.running -= 1
            if not self.running:
                self.idle.set()

    async def _route(self, method: str, exchange: Exchange) -> None:
        path = exchange.path
        if path == "/health":
            await self._health(exchange)
            return
        if self._authorization and not hmac.compare_digest(
            exchange.headers.get(b"authorization", b""), self._authorization
        ):
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        if self.draining:
            raise draining()
        if self.service is None:
            raise loading()
        if path == "/metrics" and method == "GET":
            text = self.service.metrics().encode()
            await exchange.answer(text, content_type=b"text/plain; version=0.0.4; charset=utf-8")
            return
        if path.startswith("/v1/models") and method == "GET":
            await self._models(exchange, path.removeprefix("/v1/models").lstrip("/"))
            return
        if path.startswith("/v1/usage/") and method == "GET":
            await self._usage(exchange, path.removeprefix("/v1/usage/"))
            return
        handler = self.service.posts.get(path.removeprefix("/v1"))
        if handler is None:
            raise ApiError(404, f"Invalid URL ({method} {path})", code="unknown_url")
        if method != "POST":
            raise ApiError(405, f"Not allowed to {method} on {path} (HINT: use POST)", code="method_not_supported")
        if await exchange.read_body(self._max_body_bytes):
            await handler(exchange)

    async def _health(self, exchange: Exchange) -> None:
        """200 once requests can be answered; the supervisor asks without a token."""
        if self.draining:
            await exchange.answer(b'{"status":"draining"}', status=503)
        elif self.service is None:
            await exchange.answer(b'{"status":"loading"}', status=503)
        else:
            await exchange.answer(b'{"status":"ok"}')

    async def _models(self, exchange: Exchange, name: str) -> None:
        assert self.service is not None
        cards = self.service.models()
        if not name:
            await exchange.answer_json({"object": "list", "data": cards})
            return
        for card in cards:
            if card["id"] == name:
                await exchange.answer_json(card)
                return
        message = f"The model '{name}' does not exist or you do not have access to it."
        raise ApiError(404, message, param="model", code="model_not_found")

    async def _usage(self, exchange: Exchange, request: str) -> None:
        """What the request with that `x-request-id` has used so far; also once its caller is gone."""
        usage = self._recent.find(request.encode())
        if usage is None:
            raise ApiError(404, f"No request '{request[:128]}' was counted here lately.", code="request_not_found")
        await exchange.answer_json({"request": request, "usage": usage.as_object()})


async def _fail(exchange: Exchange, error: ApiError) -> None:
    """An error as a whole answer, or as the last event of a stream that has begun."""
    if exchange.closed:
        return
    if exchange.started:
        await exchange.end_stream(error_event(error.body()))
    else:
        await exchange.answer_error(error)
