"""Values on the line between tests and hostile code: plain Python values as JSON, and nothing that could run.

Only what is made of None, bool, int, float, complex, str, bytes, list, tuple, dict and set can cross; an object whose
`__eq__` says yes to everything therefore proves nothing.
"""

import json
import math
from typing import Any

MAX_LINE = 1 << 20  # bytes of one message
# Types themselves may cross, by name: some tests ask for "all of type str".
TYPES = {kind.__name__: kind for kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set)}


class NotPlainError(ValueError):
    """The value has parts that cannot cross the line."""


def dumps(value: object) -> bytes:
    """One message with its line end. Raises NotPlainError for what cannot cross, by type, depth or size."""
    try:
        line = json.dumps(_tagged(value)).encode() + b"\n"
    except (RecursionError, ValueError) as error:  # ValueError: an integer of more digits than Python prints
        raise NotPlainError(f"cannot be told: {error}") from error
    if len(line) > MAX_LINE:
        raise NotPlainError(f"is larger than {MAX_LINE} bytes")
    return line


def loads(line: bytes) -> Any:
    """The value of a message, made of exact built-in types only. Raises ValueError for anything malformed."""
    try:
        return _untagged(json.loads(line))
    except (RecursionError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"malformed message: {error}") from error


def _tagged(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"n": repr(float(value))}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return {"b": bytes(value).hex()}
    if isinstance(value, complex):
        return {"c": [repr(value.real), repr(value.imag)]}
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, tuple):
        return {"t": [_tagged(item) for item in value]}
    if isinstance(value, dict):
        return {"d": [[_tagged(key), _tagged(item)] for key, item in value.items()]}
    if isinstance(value, set | frozenset):
        return {"s": [_tagged(item) for item in value]}
    name = value.__name__ if isinstance(value, type) else ""
    if name and TYPES.get(name) is value:
        return {"k": name}
    raise NotPlainError(f"{type(value).__name__} is not a plain value")


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, body),) = value.items()
    if tag == "n":
        return float(body)
    if tag == "b":
        return bytes.fromhex(body)
    if tag == "c":
        return complex(float(body[0]), float(body[1]))
    if tag == "t":
        return tuple(_untagged(item) for item in body)
    if tag == "d":
        return {_untagged(key): _untagged(item) for key, item in body}
    if tag == "s":
        return {_untagged(item) for item in body}
    if tag == "k":
        return TYPES[body]
    raise ValueError(f"unknown tag {tag!r}")
