"""OpenAI's dialect: `/v1`."""

from pleiade.gateway.errors import ApiError, encode_error

# Codes that only serve the gateway itself; OpenAI answers these failures with `"code": null`.
_SILENT = frozenset({"missing_api_key", "missing_scopes", "unknown_url", "timeout", "internal_error"})


class OpenAIDialect:
    """Errors as `{"error": {message, type, param, code}}`; nothing demanded of a request."""

    name = "openai"

    def check(self, query_string: bytes) -> str:
        """OpenAI's surface has no versions."""
        return ""

    def error(self, error: ApiError) -> tuple[int, bytes]:
        """Status and body, as wire-contract §4.1 has them."""
        return error.status, encode_error(error, None if error.code in _SILENT else error.code)
