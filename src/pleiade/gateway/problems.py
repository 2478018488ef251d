"""What can be wrong with a field of a request, in OpenAI's words, before any engine is asked."""

from pleiade.gateway.errors import ApiError, bad_request


def wrong_type(param: str, expected: str, value: object) -> ApiError:
    """400: a field of the wrong JSON type."""
    return bad_request(
        f"Invalid type for '{param}': expected {expected}, but got {json_type(value)} instead.",
        param=param,
        code="invalid_type",
    )


def missing(param: str) -> ApiError:
    """400: a required field is absent."""
    return bad_request(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_value(param: str, value: object, supported: tuple[str, ...]) -> ApiError:
    """400: a value outside a closed list, which the message names."""
    names = ", ".join(f"'{name}'" for name in supported)
    return bad_request(f"Invalid value: {value!r}. Supported values are: {names}.", param=param, code="invalid_value")


def json_type(value: object) -> str:
    """The JSON name of a decoded value's type, with its article: "a string", "null", ..."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "an integer", float: "a number", list: "an array", dict: "an object"}
    return names.get(type(value), "a value of unknown type")
