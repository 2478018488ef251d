"""One type for every failure that a caller sees; a dialect makes it a body at the edge (wire-contract §4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Header = tuple[bytes, bytes]


class ApiError(Exception):
    """A failure to tell the caller: in OpenAI's words, which a dialect translates where it says otherwise.

    `code` is what dialects look up; `retry_after_s` becomes both `retry-after` and `retry-after-ms`. `azure` is what
    stands under `error` in Azure's dialect, where the four keys do not say it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str | None = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        headers: Sequence[Header] = (),
        azure: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.headers = headers
        self.azure = azure


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """400: the request itself is wrong; `message` says how to mend it."""
    return ApiError(400, message, param=param, code=code)


def malformed_json(detail: str) -> ApiError:
    """400: the body is not the JSON object that every POST route takes."""
    return ApiError(
        400,
        f"We could not parse the JSON body of your request: {detail}. The API expects a JSON object, encoded in UTF-8.",
    )


def request_too_large(limit_mb: int) -> ApiError:
    """413: the body is above `max_body_mb`.

    The connection stays open: the server throws the rest of the body away as it comes. Closing would reset the
    connection under a client that sends everything before it listens, and it would never see this answer.
    """
    return ApiError(
        413,
        f"The request body is larger than {limit_mb} MB, the most that this server takes. "
        "Send less, or ask the operator to raise PLEIADE_MAX_BODY_MB.",
        code="request_too_large",
    )


def missing_key() -> ApiError:
    """401: no credential at all."""
    return ApiError(
        401,
        "You didn't provide an API key. Provide your key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY), or in an api-key header.",
        code="missing_api_key",
        headers=((b"www-authenticate", b'Bearer realm="pleiade"'),),
    )


def wrong_key(hint: str) -> ApiError:
    """401: a credential that is unknown, revoked or expired. `hint` is a masked form, safe to show."""
    return ApiError(
        401,
        f"Incorrect API key provided: {hint}. Create a key with `pleiade key create`.",
        code="invalid_api_key",
        headers=((b"www-authenticate", b'Bearer realm="pleiade", error="invalid_token"'),),
    )


def two_credentials() -> ApiError:
    """400: `api-key` and `Authorization` hold different secrets, and guessing would bill the wrong one."""
    return ApiError(
        400,
        "This request carries two different credentials. Send one key, either in the api-key header or in "
        "Authorization: Bearer, not both.",
        code="multiple_credentials",
    )


def mismatched_organization() -> ApiError:
    """401: the request names another organisation than its key's (OpenAI's words, and a hint)."""
    return ApiError(
        401,
        "OpenAI-Organization header should match organization for API key. Send the organization of this key, "
        "or none: clients take it from OPENAI_ORG_ID where that is set.",
        code="mismatched_organization",
    )


def mismatched_project() -> ApiError:
    """401: the request names another project than its key's (OpenAI's words, and a hint)."""
    return ApiError(
        401,
        "OpenAI-Project header should match project for API key. Send the project of this key, "
        "or none: clients take it from OPENAI_PROJECT_ID where that is set.",
        code="mismatched_project",
    )


def missing_scope(scope: str) -> ApiError:
    """401, as OpenAI says it: the key's scopes, or the role behind it, do not cover this route."""
    return ApiError(
        401,
        f"You have insufficient permissions for this operation. Missing scopes: {scope}. Check that you have the "
        "correct role in your organization and project, and if you're using a restricted API key, that it has "
        "the necessary scopes.",
        code="missing_scopes",
    )


def forbidden(message: str) -> ApiError:
    """403: the key is good, but may not do this."""
    return ApiError(403, message, code="insufficient_permissions")


def not_for_sale(deployment: str, what: str = "") -> ApiError:
    """403: the caller's organisation pays, and the model has no price in its storefront; `what` it has none for."""
    return ApiError(
        403,
        f"The model `{deployment}` is not for sale here: it has no price{what}. Ask the operator to set one.",
        code="model_not_for_sale",
        param="model",
    )


def unknown_url(method: str, path: str) -> ApiError:
    """404: no such route on this surface."""
    return ApiError(404, f"Invalid URL ({method} {path})", code="unknown_url")


def wrong_method(method: str, path: str, allowed: Sequence[str]) -> ApiError:
    """405: the path exists, with other methods."""
    return ApiError(
        405,
        f"Not allowed to {method} on {path}. Allowed here: {', '.join(allowed)}.",
        code="method_not_supported",
        headers=((b"allow", ", ".join(allowed).encode()),),
    )


def model_not_found(name: str) -> ApiError:
    """404: no deployment, alias or model of that name."""
    return ApiError(
        404,
        f"The model `{name[:200]}` does not exist or you do not have access to it.",
        code="model_not_found",
        param="model",
    )


def operation_not_supported(operation: str, model: str, instead: str = "") -> ApiError:
    """400: the model exists, but is of another kind than the route needs. `instead`: a sentence on what it can."""
    return ApiError(
        400,
        f"The {operation} operation does not work with the specified model, {model}. "
        f"Please choose a different model and try again; GET /models lists each model's capabilities.{instead}",
        code="operation_not_supported",
        param="model",
    )


def rate_limited(message: str, retry_after_s: float) -> ApiError:
    """429: try again after `retry_after_s` seconds."""
    return ApiError(429, message, type="requests", code="rate_limit_exceeded", retry_after_s=retry_after_s)


def unavailable(message: str, retry_after_s: float = 1.0) -> ApiError:
    """503: the engine cannot answer now, but is expected back."""
    return ApiError(503, message, type="server_error", code="service_unavailable", retry_after_s=retry_after_s)


def engine_failed(message: str) -> ApiError:
    """502: the engine answered wrongly, or broke off."""
    return ApiError(502, message, type="server_error", code="engine_failed", retry_after_s=1.0)


def timed_out(message: str) -> ApiError:
    """504: nothing, or not the end, came within the time set (Azure says 408)."""
    return ApiError(504, message, type="server_error", code="timeout")


def internal_error(request_id: str) -> ApiError:
    """500: a fault of ours; the log has the rest under this request id."""
    return ApiError(
        500,
        f"The server had an error while processing your request. Its log tells more, under {request_id}.",
        type="server_error",
        code="internal_error",
    )


class _Details(msgspec.Struct):
    """The four keys that OpenAI's error bodies always have."""

    message: str
    type: str | None
    param: str | None
    code: str | None


class _Body(msgspec.Struct):
    error: _Details


def encode_error(error: ApiError, code: str | None) -> bytes:
    """OpenAI's error body, all four keys present, with `code` as given."""
    return msgspec.json.encode(_Body(_Details(error.message, error.type, error.param, code)))
