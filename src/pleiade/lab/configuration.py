"""Frozen dataclasses as configuration, changed by `key=value`."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

C = TypeVar("C")


def assign(value: C, assignment: str, one_of: Sequence[str] = ()) -> C:
    """`value` with one `key=value` change, the key dotted (`adapter.rank=8`); giving one of `one_of` unsets the others.

    Raises ValueError naming the key and the keys that exist there, or the type that the value should have.
    """
    key, separator, text = assignment.partition("=")
    if not separator:
        raise ValueError(f"{assignment!r} is not key=value (for example {_example(value)})")
    changed: C = _replaced(value, key.split("."), text, key, one_of)
    return changed


def _replaced(value: Any, path: list[str], text: str, key: str, one_of: Sequence[str]) -> Any:
    types = typing.get_type_hints(type(value)) if dataclasses.is_dataclass(value) else {}
    first, *rest = path
    if first not in types:
        raise ValueError(f"unknown key {key!r}: here there are {', '.join(sorted(types)) or 'no further keys'}")
    new = _replaced(getattr(value, first), rest, text, key, one_of) if rest else _parsed(text, types[first], key)
    unset = {name: None for name in one_of if first in one_of and name in types}
    return dataclasses.replace(value, **{**unset, first: new})


def _parsed(text: str, wanted: Any, key: str) -> Any:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError:
        parsed = text
    allowed = typing.get_args(wanted) or (wanted,)
    is_bool = isinstance(parsed, bool)
    if float in allowed and isinstance(parsed, int) and not is_bool and int not in allowed:
        parsed = float(parsed)
    right = bool in allowed if is_bool else isinstance(parsed, tuple(t for t in allowed if isinstance(t, type)))
    if not right:
        names = " or ".join(getattr(t, "__name__", str(t)) for t in allowed if t is not type(None))
        raise ValueError(f"{key}={text}: expected {names}")
    return parsed


def _example(value: Any) -> str:
    fields = dataclasses.fields(value)
    plain = [field for field in fields if isinstance(getattr(value, field.name), int | float | str)]
    last = (plain or fields)[-1]
    return f"{last.name}={getattr(value, last.name)}"
