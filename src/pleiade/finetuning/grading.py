"""Python graders, run in the sandbox as training runs them."""

import math
from collections.abc import Mapping
from typing import Any

from pleiade.sandbox.run import call_each


class PythonError(Exception):
    """A Python grader gave no number; the message says why."""


def run_python(source: str, sample: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """What `grade(sample, item)` of `source` returns. Raises PythonError, SandboxError where it is not sealed off."""
    (answer,) = call_each(source, "grade", [((dict(sample), dict(item)), {})])
    if answer.error:
        raise PythonError(answer.error)
    value = answer.value
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise PythonError(f"grade(sample, item) returned {type(value).__name__}, and no number")
    return float(value)
