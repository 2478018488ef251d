"""Azure OpenAI's dialect: `/openai`, `/openai/deployments/{d}` (dated versions) and `/openai/v1`."""

import re
from urllib.parse import parse_qs

import msgspec

from pleiade.gateway.errors import ApiError, encode_error

# Every dated version of the data plane that a client of 2023 to 2026 may carry (wire-contract §1).
GENERAL_VERSIONS = frozenset({"2022-12-01", "2023-05-15", "2024-02-01", "2024-06-01", "2024-10-21"})
_PREVIEW_DATES = """
    2022-03-01 2022-06-01 2023-03-15 2023-06-01 2023-07-01 2023-08-01 2023-09-01 2023-10-01 2023-12-01
    2024-02-15 2024-03-01 2024-04-01 2024-05-01 2024-07-01 2024-08-01 2024-09-01 2024-10-01 2024-12-01
    2025-01-01 2025-02-01 2025-03-01 2025-04-01 2025-05-01 2025-06-01 2025-07-01 2025-08-01
"""
PREVIEW_VERSIONS = frozenset(f"{date}-preview" for date in _PREVIEW_DATES.split())
# Of Microsoft.CognitiveServices in the resource manager.
MANAGER_VERSIONS = frozenset(
    {"2021-10-01", "2022-03-01", "2022-10-01", "2022-12-01", "2023-05-01", "2024-10-01", "2025-06-01", "2025-09-01"}
    | {f"{date}-preview" for date in ("2023-10-01", "2024-04-01", "2024-06-01", "2025-04-01", "2025-07-01")}
)
UNDATED_VERSIONS = frozenset({"preview", "latest", "v1"})  # /openai/v1 only
_PLAIN_QUERY = re.compile(rb"api-version=([0-9A-Za-z.-]+)")

_DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)
_BAD_TOKEN = "Access token is missing, invalid, audience is incorrect, or have expired."
_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last "
    "5 minutes, please wait a moment and try again."
)
# What the front door answers with two keys: our code -> (status, Azure's code, Azure's words; None = ours).
_FRONT_DOOR: dict[str, tuple[int, str, str | None]] = {
    "missing_api_key": (401, "401", _DENIED),
    "invalid_api_key": (401, "401", _DENIED),
    "invalid_token": (401, "Unauthorized", _BAD_TOKEN),
    "not_a_member": (401, "PermissionDenied", "Principal does not have access to API/Operation."),
    "missing_scopes": (401, "PermissionDenied", None),
    "multiple_credentials": (400, "BadRequest", None),
    "insufficient_permissions": (403, "Forbidden", None),
    "model_not_for_sale": (403, "Forbidden", None),
    "model_not_found": (404, "DeploymentNotFound", _NO_DEPLOYMENT),
    "unknown_url": (404, "404", "Resource not found"),
    "missing_api_version": (400, "MissingApiVersionParameter", None),
    "method_not_supported": (405, "405", None),
    "operation_not_supported": (400, "OperationNotSupported", None),
    "request_too_large": (413, "RequestEntityTooLarge", None),
    "rate_limit_exceeded": (429, "429", None),
    "429": (429, "429", None),  # of admission, which speaks Azure already
    "QuotaExceeded": (403, "QuotaExceeded", None),
    "ServiceUnavailable": (503, "ServiceUnavailable", None),
    "service_unavailable": (503, "ServiceUnavailable", None),
    "engine_failed": (502, "BadGateway", None),
    "timeout": (408, "Timeout", "The operation was timeout."),
    "internal_error": (500, "InternalServerError", None),
}


class _Details(msgspec.Struct):
    code: str
    message: str


class _Body(msgspec.Struct):
    error: _Details


class AzureDialect:
    """Two-key errors from the front door, four-key ones from models; dated surfaces demand `api-version`."""

    name = "azure"

    def __init__(self, *, dated: bool, versions: frozenset[str] = GENERAL_VERSIONS | PREVIEW_VERSIONS) -> None:
        self._dated = dated
        self._known = versions | (frozenset() if dated else UNDATED_VERSIONS)

    def check(self, query_string: bytes) -> str:
        """The request's api-version. Missing where it is required: 400; unknown: 404, as for a wrong path."""
        plain = _PLAIN_QUERY.fullmatch(query_string)
        if plain is not None:
            version = plain[1].decode()
        else:
            version = parse_qs(query_string.decode("latin-1")).get("api-version", [""])[0]
        if version in self._known:
            return version
        if version:
            raise ApiError(404, f"Unknown api-version {version[:40]}.", code="unknown_url")
        if self._dated:
            raise ApiError(
                400,
                "The api-version query parameter (?api-version=) is required for all requests.",
                code="missing_api_version",
            )
        return ""

    def error(self, error: ApiError) -> tuple[int, bytes]:
        """Status and body, as wire-contract §4.2 has them."""
        if error.azure is not None:
            return error.status, msgspec.json.encode({"error": error.azure})
        front = _FRONT_DOOR.get(error.code or "")
        if front is None:
            return error.status, encode_error(error, error.code)
        status, code, message = front
        return status, msgspec.json.encode(_Body(_Details(code, error.message if message is None else message)))
