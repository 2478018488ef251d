"""The least a gateway can be: plain ASGI that checks a key, parses the body and passes bytes through.

The yardstick of `gateway_bare` in bench/gateway.py; nobody should serve with it.
Run: UPSTREAM=http://127.0.0.1:9000 BARE_KEY=sk-test uvicorn bare_gateway:application
"""

import os
from typing import Any

import aiohttp
import msgspec

UPSTREAM = os.environ["UPSTREAM"] + "/v1/chat/completions"
CREDENTIAL = b"Bearer " + os.environ["BARE_KEY"].encode()
JSON_HEADERS = {"content-type": "application/json"}


class Request(msgspec.Struct):
    """What a pass-through must know of a request."""

    stream: bool = False


decoder = msgspec.json.Decoder(Request)
state: dict[str, aiohttp.ClientSession] = {}


async def lifespan(receive: Any, send: Any) -> None:
    """Opens the connections to the engine with the server, closes them with it."""
    await receive()
    state["session"] = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60), auto_decompress=False
    )
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await state["session"].close()
    await send({"type": "lifespan.shutdown.complete"})


async def read_body(receive: Any) -> bytes:
    """The whole body of a request."""
    message = await receive()
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Check the key, read the body, pass it on, pass the answer back."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    if not any(name == b"authorization" and value == CREDENTIAL for name, value in scope["headers"]):
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    body = await read_body(receive)
    streaming = decoder.decode(body).stream
    async with state["session"].post(UPSTREAM, data=body, headers=JSON_HEADERS) as answer:
        if not streaming:
            content = await answer.read()
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": content})
            return
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
