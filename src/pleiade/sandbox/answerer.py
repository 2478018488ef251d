"""The hostile side: executes the code, then answers calls of its function with plain values."""

import os
from collections.abc import Callable
from typing import Any, BinaryIO

from pleiade.sandbox.wire import dumps, loads

REQUESTS, REPLIES = 3, 4  # the only open files besides /dev/null


def serve(code: str, entry_point: str) -> None:
    """Run `code`, say whether `entry_point` is there, then answer one call a line until the line is closed.

    Everything that goes wrong in the code is an answer; what kills the process is seen by its judge.
    """
    requests, replies = os.fdopen(REQUESTS, "rb"), os.fdopen(REPLIES, "wb")
    namespace: dict[str, Any] = {"__name__": "solution"}
    try:
        exec(compile(code, "solution", "exec"), namespace)
        function = namespace[entry_point]
    except BaseException as error:
        _send(replies, {"error": f"{type(error).__name__}: {error}"})
        return
    _send(replies, {"value": None})
    for line in requests:
        _send(replies, _answer(function, line))


def _answer(function: Callable[..., object], line: bytes) -> dict[str, object]:
    try:
        positional, named = loads(line)
        value = function(*positional, **named)
        dumps(value)
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"value": value}


def _send(replies: BinaryIO, reply: dict[str, object]) -> None:
    if "error" in reply:
        reply = {"error": str(reply["error"])[:500]}
    replies.write(dumps(reply))
    replies.flush()
