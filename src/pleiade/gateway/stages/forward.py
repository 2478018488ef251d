"""The innermost stage: the request goes to the engine, and its answer, whole or as a stream, comes back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from pleiade.domain import Usage
from pleiade.gateway.body import encode_fields, read_field
from pleiade.gateway.call import Call
from pleiade.gateway.choice_usage import ChoiceUsage
from pleiade.gateway.directory import Target
from pleiade.gateway.engine_errors import engine_error, parse_engine_error
from pleiade.gateway.errors import ApiError, engine_failed, unavailable
from pleiade.gateway.picture_stream import PictureEvents, pictures_in
from pleiade.gateway.streaming import EventFilter, last_usage, replace_model

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_TRUE = msgspec.Raw(b"true")
_RECONNECT_S = 0.2  # long enough for the supervisor's table to tell of a new port


class StreamOptions(msgspec.Struct):
    """`stream_options`, as far as the gateway acts on it."""

    include_usage: bool | None = None
    continuous_usage_stats: bool | None = None


class Forward:
    """Sends `call.body` to `call.target` and the answer to `call.answer`; keeps `call.usage` current."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._gateway = gateway

    async def __call__(self, call: Call) -> None:
        """Raises ApiError for what the engine refuses or breaks; cancelled, it closes the request."""
        options = read_field(call.body, "stream_options", StreamOptions, "an object") or StreamOptions()
        self._gateway.watch.expect_first_byte(call)
        response = await self._ask(call, options)
        try:
            if response.status >= 400:
                raise engine_error(call, response.status, response.headers, await response.read())
            if call.stream and response.content_type == "text/event-stream":
                await self._stream(call, response, options)
            else:
                await self._whole(call, response)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _broke_off(call) from error
        finally:
            response.close()  # nothing if it was read to its end, else the engine sees us go
        await self._next(call)

    async def _ask(self, call: Call, options: StreamOptions) -> aiohttp.ClientResponse:
        """The head of the engine's answer. A refused connection is tried once more: nothing was sent yet."""
        target = call.target
        assert target is not None
        try:
            return await self._post(call, target, options)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(_RECONNECT_S)
            found = self._gateway.directory.find(target.endpoint.deployment)
            if found is not None and found.endpoint.model == target.endpoint.model:  # the one that was sold
                target = call.target = found
        except aiohttp.ConnectionTimeoutError as error:
            raise _out_of_reach(target) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _broke_off(call) from error
        try:
            return await self._post(call, target, options)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _out_of_reach(target) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _broke_off(call) from error

    async def _post(self, call: Call, target: Target, options: StreamOptions) -> aiohttp.ClientResponse:
        call.attempts += 1
        call.asked_at = call.asked_at or time.perf_counter()
        if call.asked is not None:
            call.asked.set()
        headers = target.headers | {"x-request-id": "req_" + call.name}
        if call.form is not None:
            headers["content-type"] = call.form.content_type.decode("latin-1")
        if call.line is not None:
            headers["x-pleiade-priority"] = "low"  # whoever waits goes before a line of a batch
        traceparent = call.headers.get(b"traceparent")
        if traceparent is not None:
            headers["traceparent"] = traceparent.decode("latin-1")
        return await self._gateway.session.post(
            target.url(call.engine_path),
            data=engine_body(call, target, options),
            headers=headers,
            allow_redirects=False,  # following one would turn this into a GET
        )

    async def _whole(self, call: Call, response: aiohttp.ClientResponse) -> None:
        body = await response.read()
        call.first_byte_at = time.perf_counter()
        assert call.target is not None
        if not body.lstrip().startswith(b"{"):  # a web page of some proxy in between, say
            raise engine_failed(f"The engine of `{call.target.endpoint.deployment}` did not answer with JSON.")
        call.usage = _pictures_made(call, body) if _makes_pictures(call) else last_usage(body)
        if call.target.endpoint.rewrite_model:
            body = replace_model(body, call.target.endpoint.model)
        call.status = response.status
        await call.answer.whole(response.status, body)

    async def _stream(self, call: Call, response: aiohttp.ClientResponse, options: StreamOptions) -> None:
        assert call.target is not None
        endpoint = call.target.endpoint
        events: EventFilter | PictureEvents
        if _makes_pictures(call):
            events = PictureEvents()
        else:
            events = EventFilter(
                usage_wanted=bool(options.include_usage),
                continuous_wanted=bool(options.continuous_usage_stats),
                model=endpoint.model if endpoint.rewrite_model else "",
                choices=ChoiceUsage(_choices_per_prompt(call)) if endpoint.usage_per_choice else None,
            )
        answer = call.answer
        call.status = 200
        call.counter = events
        try:
            while data := await response.content.readany():
                out = events.feed(data)
                if out:
                    if not call.first_byte_at:
                        call.first_byte_at = time.perf_counter()
                        await answer.begin()
                    await answer.write(out)
                if events.broken or events.failure:
                    break
            out = events.close()
            if out:
                if not answer.started:
                    await answer.begin()
                await answer.write(out)
        finally:
            if call.counter is events:  # else the call is settled, with the usage that it has now
                call.usage, call.counter = events.usage, None
        if events.failure:
            raise parse_engine_error(500, events.failure)
        if events.broken:
            raise engine_failed(f"The engine broke off: {events.broken}.")
        if not events.complete:
            raise engine_failed("The engine's stream ended before its answer was complete.")
        await answer.end()


def engine_body(call: Call, target: Target, options: StreamOptions) -> bytes:
    """The request as the engine gets it: the client's own bytes wherever nothing has to change."""
    changes: dict[str, Any] = {}
    endpoint = target.endpoint
    if call.form is not None:
        return call.form.changed({"model": endpoint.send_model}).raw if endpoint.send_model else call.raw
    if endpoint.send_model:
        changes["model"] = endpoint.send_model
    chunks = call.stream and not _makes_pictures(call)
    if chunks and endpoint.extra_usage and not (options.include_usage and options.continuous_usage_stats):
        given = read_field(call.body, "stream_options", dict[str, msgspec.Raw], "an object") or {}
        changes["stream_options"] = {**given, "include_usage": _TRUE, "continuous_usage_stats": _TRUE}
    return encode_fields({**call.body, **changes}) if changes else call.raw


def _makes_pictures(call: Call) -> bool:
    return call.engine_path.startswith("/images/")


def _pictures_made(call: Call, body: bytes) -> Usage:
    try:
        return Usage(images=pictures_in(body))
    except msgspec.DecodeError as error:
        deployment = call.target.endpoint.deployment if call.target is not None else ""
        raise engine_failed(f"The engine of `{deployment}` did not answer with pictures.") from error


def _choices_per_prompt(call: Call) -> int:
    """The request's `n`. The engine has taken the request, so anything odd means its default."""
    try:
        return msgspec.json.decode(call.body["n"], type=int)
    except (KeyError, msgspec.DecodeError):
        return 1


def _out_of_reach(target: Target) -> ApiError:
    return unavailable(f"The engine of `{target.endpoint.deployment}` cannot be reached. Please retry shortly.", 2.0)


def _broke_off(call: Call) -> ApiError:
    deployment = call.target.endpoint.deployment if call.target is not None else ""
    return engine_failed(f"The engine of `{deployment}` broke off before its answer was complete. Please retry.")
