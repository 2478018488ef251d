"""An engine's script that answers the routes of pictures, and what tests ask of it."""

import base64
import io
import json
from email import message_from_bytes
from typing import Any

import msgspec
from PIL import Image
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import endpoint

from pleiade.domain import Endpoint

GENERATE: dict[str, Any] = {"model": "pix", "prompt": "a red circle", "size": "64x64"}


def picture(shade: int = 0, size: int = 8, format: str = "png") -> bytes:
    """A small picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), (shade, 40, 200)).save(file, format)
    return file.getvalue()


def image_endpoint(engine: ScriptedEngine, **fields: Any) -> Endpoint:
    """A deployment `pix` that makes pictures."""
    of = {"deployment": "pix", "model": "pix-1", "kind": "image", "engine": "image_openvino", "aliases": ("dall-e-2",)}
    return msgspec.structs.replace(endpoint(engine, extra_usage=False), **(of | fields))


def form_of(exchange: Exchange) -> dict[str, list[bytes]]:
    """The parts of a form as the engine got them, by name."""
    message = message_from_bytes(
        b"content-type: " + exchange.headers["content-type"].encode() + b"\r\n\r\n" + exchange.raw
    )
    found: dict[str, list[bytes]] = {}
    for part in message.get_payload():
        found.setdefault(part.get_param("name", header="content-disposition"), []).append(part.get_payload(decode=True))
    return found


def asked_of(exchange: Exchange) -> dict[str, Any]:
    """The text fields of a request, whichever way it came."""
    if exchange.headers["content-type"].startswith("application/json"):
        return exchange.body
    return {name: values[-1].decode("latin-1") for name, values in form_of(exchange).items()}


def event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, "created_at": 1, "size": "64x64", "quality": "low", **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


USAGE = {
    "input_tokens": 4,
    "output_tokens": 16,
    "total_tokens": 20,
    "input_tokens_details": {"text_tokens": 4, "image_tokens": 0},
}


async def makes_pictures(exchange: Exchange) -> None:
    """What the engines' contract asks for: `n` pictures, whole or as a stream of two partials and each picture."""
    asked = asked_of(exchange)
    count = int(asked.get("n") or 1)
    if str(asked.get("stream")).lower() == "true":
        kind = "image_generation" if "generations" in exchange.path else "image_edit"
        common = {"background": "opaque", "output_format": "png"}
        await exchange.begin()
        for index in range(2):
            await exchange.part(
                event(f"{kind}.partial_image", b64_json=b64(picture(index)), partial_image_index=index, **common)
            )
        for index in range(count):
            await exchange.part(event(f"{kind}.completed", b64_json=b64(picture(index)), usage=USAGE, seed=7, **common))
        await exchange.end()
        return
    data = [
        {"b64_json": b64(picture(index)), "revised_prompt": "a circle", "seed": 7 + index} for index in range(count)
    ]
    about = {
        "created": 1700000000,
        "size": asked.get("size") or "64x64",
        "quality": "low",
        "output_format": "png",
        "background": "opaque",
    }
    await exchange.whole(200, {**about, "data": data, "usage": USAGE})
