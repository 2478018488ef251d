"""An engine's refusal, in OpenAI's shape, becomes the error that our own caller should see."""

from collections.abc import Mapping

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.errors import (
    ApiError,
    engine_failed,
    operation_not_supported,
    rate_limited,
    timed_out,
    unavailable,
)


class _Details(msgspec.Struct):
    message: str = ""
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class _Body(msgspec.Struct):
    error: _Details | str = ""


_decoder = msgspec.json.Decoder(_Body)
_OVERFLOW = "maximum context length"  # OpenAI's own words, and vLLM's


def parse_engine_error(status: int, body: bytes) -> ApiError:
    """The error that `body` tells, with `status`; a plain one if the body is no error of OpenAI's shape."""
    try:
        error = _decoder.decode(body).error
    except (msgspec.DecodeError, RecursionError):
        error = ""
    if isinstance(error, str):
        error = _Details(message=error)
    kind, code, param = error.type or "", error.code, error.param
    # vLLM's way: type "BadRequestError" or "Bad Request", code 400, param "body.temperature" or "input_tokens".
    if not kind or kind != kind.lower() or " " in kind:
        kind = "invalid_request_error" if status < 500 else "server_error"
    if isinstance(code, int):  # a status once more, where OpenAI has a word that clients look for, or null
        code = None
        if status == 400 and _OVERFLOW in error.message:
            code, param = "context_length_exceeded", None
    if param:
        param = param.removeprefix("body.")
    return ApiError(
        status,
        error.message or f"The engine answered with status {status}.",
        type=kind,
        code=code,
        param=param,
    )


def engine_error(call: Call, status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """What to tell the caller when the engine answers `status` with `body`.

    What the caller did wrong (400, 413, 422) passes; what is between us and the engine (its credentials, its
    routes) must not look like the caller's fault.
    """
    error = parse_engine_error(status, body)
    assert call.target is not None
    name = call.target.endpoint.deployment
    if status == 429:
        return rate_limited(error.message, _retry_after(headers))
    if status in (401, 403):
        return engine_failed(
            f"The engine of `{name}` refused this server's own credentials. The operator must mend that."
        )
    if status in (404, 405, 501):
        if call.target.remote:
            return engine_failed(f"The upstream of `{name}` does not know this route or model: {error.message}")
        return operation_not_supported(call.operation, call.model)
    if status in (408, 504):
        return timed_out(error.message)
    if status == 503:
        return unavailable(error.message, _retry_after(headers))
    return error


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the engine asks to wait: its milliseconds, else its seconds, else 1."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if 0 < seconds < 86400:
            return seconds
    return 1.0
