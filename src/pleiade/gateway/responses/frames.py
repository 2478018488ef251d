"""Events on the wire: server-sent events with a name, as the Responses API (unlike chat) frames them."""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def frame(event: dict[str, Any]) -> bytes:
    """`event: TYPE`, `data: JSON`, blank line. A snapshot: the event may change afterwards."""
    return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), _encode(event))


def error_event(sequence_number: int, message: str, code: str | None = None) -> dict[str, Any]:
    """The event that ends a stream which cannot go on, where no response can be shown."""
    return {
        "type": "error",
        "sequence_number": sequence_number,
        "code": code,
        "message": message,
        "param": None,
    }
