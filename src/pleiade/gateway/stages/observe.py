"""The outermost stage: whatever happens, the caller is told, and the call is logged, counted, traced once."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pleiade.gateway.body import ClientGoneError
from pleiade.gateway.call import CLIENT_CLOSED, Call
from pleiade.gateway.errors import ApiError, Header, internal_error, timed_out, unavailable
from pleiade.gateway.request_log import RequestLine

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

_PLAIN = re.compile(rb"[\x21-\x7e]{1,128}")


class Observe:
    """Errors to the caller in its dialect; one log line, one count and one span for each request."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._gateway = gateway
        self._watch = gateway.watch
        self._metrics = gateway.metrics
        self._log = gateway.request_log
        self._tracer = gateway.tracer

    async def __call__(self, call: Call) -> None:
        """Run the call; nothing but a cancellation by the server itself leaves this stage."""
        self._watch.enter(call)
        named = call.headers.get(b"x-ms-client-request-id")
        if named is not None and _PLAIN.fullmatch(named):
            call.edge.extra.append((b"x-ms-client-request-id", named))
        try:
            await self._next(call)
        except ApiError as error:
            await self._tell(call, error)
        except ClientGoneError:
            call.aborted = "disconnected"
        except asyncio.CancelledError:
            if not call.aborted or call.task is None:
                call.aborted = "cancelled"
                raise
            call.task.uncancel()
            await self._cut(call)
        except Exception:
            logger.exception("request %s failed", call.id)
            await self._tell(call, internal_error("req_" + call.id))
        finally:
            self._watch.leave(call)
            self.note(call)

    async def _cut(self, call: Call) -> None:
        """The call was aborted by the watch: say why, if anybody may still listen."""
        if call.aborted == "timeout":
            await self._tell(call, timed_out("The answer was not complete within the time that this server allows."))
        elif call.aborted == "first_byte_timeout":
            await self._tell(call, timed_out("The engine did not start to answer in time."))
        elif call.aborted == "draining":
            await self._tell(call, unavailable("The server is shutting down. Please retry.", 2.0))
        elif call.aborted == "slow_client":
            await _break_off(call)

    async def _tell(self, call: Call, error: ApiError) -> None:
        """The error as the answer, or as the last event of a stream that has begun."""
        try:
            await self._tell_now(call, error)
        except asyncio.CancelledError:
            if not call.aborted or call.task is None:
                raise
            call.task.uncancel()
            await _break_off(call)

    @staticmethod
    async def _tell_now(call: Call, error: ApiError) -> None:
        call.error_code = error.code or error.type or "error"
        status, body = call.dialect.error(error)
        answer = call.edge
        if answer.started:
            if not answer.finished:
                await answer.write(b"data: " + body + b"\n\n")
                await answer.end()
            return
        call.status = status
        await answer.whole(status, body, [*error.headers, *retry_headers(error.retry_after_s, status)])

    def note(self, call: Call) -> None:
        """Log, count and trace a call that is over; also one that no client waits for."""
        seconds = time.perf_counter() - call.started_at
        if not call.status:
            call.status = CLIENT_CLOSED if call.aborted in ("disconnected", "cancelled") else 200
        self._metrics.note(call, seconds)
        self._log.add(_line(call, seconds))
        if self._gateway.recorder is not None:
            self._gateway.recorder.note(call, seconds)
        if self._tracer is not None:
            self._tracer.note(call, seconds)


async def _break_off(call: Call) -> None:
    """Reset the connection, and let the server notice before it finds the answer incomplete."""
    call.edge.break_off()
    for _ in range(2):
        await asyncio.sleep(0)


def retry_headers(seconds: float | None, status: int) -> list[Header]:
    """Both retry headers, in seconds (at least 1) and in milliseconds; always on 429 and 503."""
    if seconds is None:
        if status not in (429, 503):
            return []
        seconds = 1.0
    whole = max(1, int(seconds + 0.999))
    return [(b"retry-after", b"%d" % whole), (b"retry-after-ms", b"%d" % max(1, int(seconds * 1000)))]


def _line(call: Call, seconds: float) -> RequestLine:
    line = RequestLine(
        time=round(call.started_time, 3),
        request="req_" + call.id,
        method=call.scope["method"],
        path=call.path[:200],
        status=call.status,
        ms=round(seconds * 1000, 2),
        key=call.principal.key,
        project=call.principal.project,
        api_version=call.api_version,
        stream=call.stream,
        error=call.error_code,
        cut=call.aborted,
    )
    if call.target is not None:
        line.deployment = call.target.endpoint.deployment
        line.model = call.target.endpoint.model
    if call.first_byte_at:
        line.first_byte_ms = round((call.first_byte_at - call.started_at) * 1000, 2)
    if call.usage is not None:
        line.prompt_tokens = call.usage.prompt_tokens
        line.completion_tokens = call.usage.completion_tokens
        line.cached_tokens = call.usage.cached_tokens
        line.images = call.usage.images
    named = call.headers.get(b"x-client-request-id") or call.headers.get(b"x-ms-client-request-id")
    if named:
        line.client_request = named[:100].decode("latin-1")
    return line
