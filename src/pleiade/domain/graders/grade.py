"""What an answer is worth by a checked grader."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from pleiade.domain.graders.check import Grader
from pleiade.domain.graders.compare import OPERATIONS
from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.formula import calculate
from pleiade.domain.graders.questions import graded_by, question, score_range
from pleiade.domain.graders.similarity import similarity
from pleiade.domain.graders.templates import filled

PythonRun = Callable[[str, Mapping[str, Any], Mapping[str, Any]], float]  # source, sample, item
ModelAsk = Callable[[dict[str, Any]], str]  # the body of a chat call → the answer's text
Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]
Run = TypeVar("Run")


class Means(msgspec.Struct, frozen=True):
    """What a grader may need that is not arithmetic; None where it cannot be had. Each may raise errors of its own."""

    run_python: PythonRun | None = None
    ask: ModelAsk | None = None
    embed: Embed | None = None


def grade(grader: Grader, item: Mapping[str, Any], sample: Mapping[str, Any], means: Means | None = None) -> float:
    """What `sample` (see `templates.sample_of`) is worth beside the fields of `item`.

    Raises GraderError for a field that `item` lacks, for means that are not there, and for an answer that is no grade.
    """
    means = means or Means()
    match grader["type"]:
        case "multi":
            parts = {name: grade(part, item, sample, means) for name, part in grader["graders"].items()}
            return calculate(grader["calculate_output"], parts)
        case "python":
            return _required(means.run_python, "python")(grader["source"], sample, item)
        case "score_model" | "label_model" as kind:
            return graded_by(grader, _required(means.ask, kind)(question(grader, item, sample)))
    text, reference = (filled(grader[name], item, sample) for name in ("input", "reference"))
    if grader["type"] == "string_check":
        return float(OPERATIONS[grader["operation"]](text, reference))
    if grader["evaluation_metric"] == "cosine":
        return _cosine(*_required(means.embed, "cosine")([text, reference]))
    return similarity(text, reference, grader["evaluation_metric"])


def passes(criterion: Grader, value: float) -> bool:
    """Whether a grade is a pass: at least `pass_threshold`, which is the middle of the range where none is given.

    A string_check or label_model says yes or no by itself.
    """
    low, high = score_range(criterion) if criterion["type"] == "score_model" else (0.0, 1.0)
    threshold = criterion.get("pass_threshold")
    return value >= ((low + high) / 2 if threshold is None else float(threshold))


def _required(run: Run | None, kind: str) -> Run:
    if run is None:
        raise GraderError(f"a {kind} grader cannot be run here")
    return run


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(left * right for left, right in zip(a, b, strict=True)) / lengths if lengths else 0.0
