"""The JSON schema that an eval's rows keep to.

Patterns are passed over: a regular expression of a customer's could hold a process of ours for hours. References lead
nowhere outside of the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from pleiade.evals.errors import InvalidError

LARGEST = 256 << 10  # bytes of a schema
SAMPLE = {  # what `sample` holds where a model is asked, or was
    "type": "object",
    "properties": {
        "output_text": {"type": "string"},
        "output_json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
        "output_tools": {"type": "array", "items": {"type": "object"}},
        "model": {"type": "string"},
        "choices": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["output_text"],
}


def _passed_over(*_: object) -> None:
    return None


_Validator = extend(Draft202012Validator, {"pattern": _passed_over, "patternProperties": _passed_over})


def check_item_schema(value: Any, param: str) -> dict[str, Any]:
    """`value`, if it is a JSON schema of objects. Raises InvalidError."""
    if not isinstance(value, dict):
        raise InvalidError(f"Invalid '{param}': expected a JSON schema, an object.", param, "invalid_type")
    if len(msgspec.json.encode(value)) > LARGEST:
        raise InvalidError(f"Invalid '{param}': the schema is larger than {LARGEST >> 10} KiB.", param)
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise InvalidError(f"Invalid '{param}': it is no JSON schema ({error.message}).", param) from error
    except RecursionError as error:
        raise InvalidError(f"Invalid '{param}': it is nested too deeply.", param) from error
    return value


def row_schema(item: Mapping[str, Any], sampled: bool) -> dict[str, Any]:
    """The schema of a whole row: its `item`, and its `sample` where there is one."""
    properties = {"item": dict(item), **({"sample": SAMPLE} if sampled else {})}
    return {"type": "object", "properties": properties, "required": list(properties)}


def item_checker(schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    """A function that says what is wrong with an item; "" = nothing."""
    validator = _Validator(schema, registry=Registry())

    def problem(item: Mapping[str, Any]) -> str:
        try:
            error = best_match(validator.iter_errors(item))
        except (Unresolvable, RecursionError) as why:
            return f"cannot be checked by the eval's item_schema ({why})"
        if error is None:
            return ""
        place = error.json_path.replace("$", "item", 1)
        return f"does not keep to the eval's item_schema at {place}: {error.message[:300]}"

    return problem
