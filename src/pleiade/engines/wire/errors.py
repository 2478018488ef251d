"""An error that a client sees: a status and OpenAI's error body (wire-contract §4.1)."""

from collections.abc import Sequence

import msgspec


class ApiError(Exception):
    """A request that cannot be served. It becomes `{"error": {message, type, param, code}}` with `status`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param
        self.code = code
        self.headers = headers

    def body(self) -> bytes:
        """The JSON error body: all four keys, as the specification requires."""
        return msgspec.json.encode(
            {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}
        )


def invalid(message: str, param: str | None, code: str | None = "invalid_value") -> ApiError:
    """400: the client must change its request; `param` names the field."""
    return ApiError(400, message, param=param, code=code)


def retry_later(status: int, message: str, *, seconds: int, code: str, kind: str) -> ApiError:
    """429 or 503 with both retry headers, which OpenAI's and Azure's clients honour (wire-contract §6.3)."""
    headers = ((b"retry-after", b"%d" % seconds), (b"retry-after-ms", b"%d" % (seconds * 1000)))
    return ApiError(status, message, kind=kind, code=code, headers=headers)


def queue_full() -> ApiError:
    """429: the waiting queue is at its limit."""
    return retry_later(
        429,
        "The engine's queue is full. Retry after 1 second, or add capacity.",
        seconds=1,
        code="rate_limit_exceeded",
        kind="requests",
    )


def draining() -> ApiError:
    """503: the engine is stopping; another attempt will reach its successor."""
    return retry_later(
        503, "The engine is stopping. Retry after 2 seconds.", seconds=2, code="draining", kind="server_error"
    )


def loading() -> ApiError:
    """503: the model is still being loaded."""
    return retry_later(
        503,
        "The model is still loading. Retry after 2 seconds.",
        seconds=2,
        code="loading",
        kind="server_error",
    )


def internal(message: str) -> ApiError:
    """500: our fault, not the client's."""
    return ApiError(500, message, kind="server_error", code="internal_error")


def context_overflow(context: int, prompt: int, completion: int, *, chat: bool) -> ApiError:
    """400 in OpenAI's words: `prompt` + `completion` tokens do not fit into `context` tokens."""
    total = prompt + completion
    if chat:
        asked = f"your messages resulted in {prompt} tokens. Please reduce the length of the messages."
        if completion:
            asked = (
                f"you requested {total} tokens ({prompt} in the messages, {completion} in the completion). "
                "Please reduce the length of the messages or completion."
            )
        message = f"This model's maximum context length is {context} tokens. However, {asked}"
        return ApiError(400, message, param="messages", code="context_length_exceeded")
    message = (
        f"This model's maximum context length is {context} tokens, however you requested {total} tokens "
        f"({prompt} in your prompt; {completion} for the completion). "
        "Please reduce your prompt; or completion length."
    )
    return ApiError(400, message, param="prompt", code="context_length_exceeded")
