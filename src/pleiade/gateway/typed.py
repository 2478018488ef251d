"""A decoded JSON object as a struct; what is wrong with it is told in OpenAI's words."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.problems import missing, wrong_type

T = TypeVar("T")

# msgspec says "Expected `int | null`, got `str` - at `$.max_output_tokens`".
_MSGSPEC = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_JSON_NAMES = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
}


_MISSING = re.compile(r"Object missing required field `([^`]*)`")


def typed(raw: Mapping[str, Any], kind: type[T]) -> T:
    """`raw` as `kind`, a msgspec struct. Raises ApiError 400 with the offending field in `param`."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _from_validation(error, raw) from None


def _from_validation(error: msgspec.ValidationError, raw: Mapping[str, Any]) -> ApiError:
    """A 400 in OpenAI's words out of what msgspec found."""
    match = _MSGSPEC.match(str(error))
    what, param = (match["what"], match["path"] or None) if match else (str(error), None)
    if absent := _MISSING.match(what):
        return missing(f"{param}.{absent[1]}" if param else absent[1])
    kinds = re.match(r"Expected `([^`]*)`, got", what)
    if param is None or kinds is None:
        return bad_request(f"Invalid '{param}': {what}." if param else what, param=param, code="invalid_value")
    expected = " or ".join(_JSON_NAMES.get(kind, kind) for kind in kinds[1].split(" | ") if kind != "null")
    return wrong_type(param, expected, _at(raw, param))


def _at(raw: Any, path: str) -> Any:
    """The value at msgspec's path, as far as it can be told (`metadata[...]` names no key)."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        try:
            raw = raw[name] if name else raw[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return raw
