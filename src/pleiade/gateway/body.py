"""Reads a request body, within its limit, into undecoded fields; decodes the few that the gateway needs."""

from typing import Any, TypeVar

import msgspec

from pleiade.gateway.call import Body, Call
from pleiade.gateway.errors import bad_request, malformed_json, request_too_large

T = TypeVar("T")

_fields = msgspec.json.Decoder(Body)


class ClientGoneError(Exception):
    """The client closed its connection before its request was complete."""


async def read_body(call: Call, limit_mb: int) -> bytes:
    """The whole request body into `call.raw`. Raises ApiError 413 above `limit_mb`, or ClientGoneError."""
    limit = limit_mb * 1024 * 1024
    announced = call.headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise request_too_large(limit_mb)
    message = await call.receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await call.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise request_too_large(limit_mb)
        body = b"".join(parts)
    elif len(body) > limit:
        raise request_too_large(limit_mb)
    call.raw = body
    call.body_read = True
    return body


async def read_json(call: Call, limit_mb: int) -> Body:
    """The request's JSON object into `call.body`, values undecoded. Raises ApiError, ClientGoneError."""
    body = await read_body(call, limit_mb)
    call.body = parse_object(body)
    return call.body


async def read_object(call: Call, limit_mb: int) -> dict[str, Any]:
    """The request's JSON object, decoded to the bottom. Raises ApiError 400 or 413, ClientGoneError."""
    body = await read_body(call, limit_mb)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise malformed_json("it is not an object") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed_json(str(error)) from error
    except RecursionError as error:
        raise malformed_json("it is nested too deeply") from error


def parse_object(body: bytes) -> Body:
    """A JSON object's fields, undecoded. Raises ApiError 400 for anything else."""
    try:
        str(body, "utf-8")  # msgspec does not look inside the strings that it skips
        return _fields.decode(body)
    except UnicodeDecodeError as error:
        raise malformed_json(f"invalid UTF-8 at byte {error.start}") from error
    except msgspec.ValidationError as error:
        raise malformed_json("it is not an object") from error
    except msgspec.DecodeError as error:
        raise malformed_json(str(error)) from error
    except RecursionError as error:
        raise malformed_json("it is nested too deeply") from error


def read_field(body: Body, name: str, kind: type[T], expected: str) -> T | None:
    """Field `name` as `kind`; None where it is absent or null. Raises ApiError 400 for another type."""
    raw = body.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind | None)
    except (msgspec.DecodeError, RecursionError) as error:
        raise bad_request(
            f"Invalid type for '{name}': expected {expected}.", param=name, code="invalid_type"
        ) from error


def encode_fields(fields: dict[str, Any]) -> bytes:
    """JSON of an object some of whose values are still undecoded (`msgspec.Raw`)."""
    return msgspec.json.encode(fields)
