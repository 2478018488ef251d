"""Responses and their events as they are kept: without the bytes of pictures, which the gallery has."""

from typing import Any

import msgspec

from pleiade.gateway.responses.frames import frame
from pleiade.gateway.responses.picture_tool import CALL
from pleiade.gateway.responses.resource import Response

_MARK = CALL.encode()


def lean_response(response: Response) -> Response:
    """The response without the bytes of its pictures."""
    if not any(item["type"] == CALL for item in response["output"]):
        return response
    return {**response, "output": [_lean_item(item) for item in response["output"]]}


def lean_frame(data: bytes) -> bytes:
    """An event without the bytes of pictures. Those that tell of none pass as they are."""
    if _MARK not in data:
        return data
    event: dict[str, Any] = msgspec.json.decode(data.partition(b"\ndata: ")[2])
    if "partial_image_b64" in event:
        event["partial_image_b64"] = ""
    if "item" in event:
        event["item"] = _lean_item(event["item"])
    if "response" in event:
        event["response"] = lean_response(event["response"])
    return frame(event)


def _lean_item(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "result": None} if item["type"] == CALL else item
