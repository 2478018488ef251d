"""Filling `{{item.…}}` and `{{sample.…}}` of a template with an example's fields and what was answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pleiade.domain.graders.errors import GraderError

FIELDS = re.compile(r"\{\{\s*([\w.\-\[\]]+)\s*\}\}")
STEPS = re.compile(r"[^.\[\]]+")
NAMESPACES = ("item", "sample")


def sample_of(answer: str, **more: Any) -> dict[str, Any]:
    """What templates call `sample`: the answer's text, its JSON where it is JSON, and whatever else is known of it."""
    try:
        parsed = msgspec.json.decode(answer)
    except (ValueError, RecursionError):
        parsed = None
    return {"output_text": answer, "output_json": parsed, **more}


def fields_of(template: str) -> list[str]:
    """The paths that `template` reads, as they stand there."""
    return FIELDS.findall(template)


def check_fields(template: str, where: str) -> None:
    """Raises GraderError where `template` reads from something other than an item or a sample."""
    for path in fields_of(template):
        if STEPS.findall(path)[:1] not in [[name] for name in NAMESPACES]:
            raise GraderError(f"{where} reads {path}: fields are item.… (of the example) and sample.… (of the answer)")


def filled(template: str, item: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    """`template` with its fields put in; values that are no strings as JSON, what the answer lacks as nothing.

    Raises GraderError for a field that `item` does not have.
    """

    def replace(match: re.Match[str]) -> str:
        value = looked_up(match[1], item, sample)
        return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()

    return FIELDS.sub(replace, template)


def looked_up(path: str, item: Mapping[str, Any], sample: Mapping[str, Any]) -> Any:
    """The value at `path` (item.messages[0].content). Raises GraderError for a field that `item` does not have."""
    first, *steps = STEPS.findall(path)
    value: Any = {"item": item, "sample": sample}.get(first)
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = None
    if value is None and first != "sample":
        raise GraderError(f"the grader reads {path}, which the example does not have")
    return value
