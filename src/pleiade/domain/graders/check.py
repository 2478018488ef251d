"""Whether something is a grader that can be computed, told by the field at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pleiade.domain.graders.compare import OPERATIONS
from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.formula import calculate
from pleiade.domain.graders.questions import check_question
from pleiade.domain.graders.similarity import METRICS
from pleiade.domain.graders.templates import check_fields

Grader = Mapping[str, Any]

ASKING = ("score_model", "label_model")
KINDS = ("string_check", "text_similarity", "python", "score_model", "label_model", "multi")
MAX_SOURCE = 256 << 10  # bytes of a python grader
WITHOUT = "meteor needs a dictionary of synonyms, which Pleiade does not bring: use rouge_l or gleu"


def check_grader(value: Any, where: str = "grader", *, models: bool = False) -> Grader:
    """`value` if it is a grader that can be computed. `models`: whether models can be asked (and texts embedded).

    Raises GraderError that names the field at fault.
    """
    if not isinstance(value, dict):
        raise GraderError(f"{where} must be a JSON object with a type")
    match value.get("type"):
        case "string_check":
            _templates(value, where)
            if value.get("operation") not in OPERATIONS:
                raise GraderError(f"{where}.operation must be one of {', '.join(OPERATIONS)}")
        case "text_similarity":
            _templates(value, where)
            _check_metric(value.get("evaluation_metric"), where, models)
        case "python":
            _strings(value, where, "source")
            if "def grade(" not in value["source"]:
                raise GraderError(f"{where}.source must define grade(sample, item) and return a number")
            if len(value["source"].encode()) > MAX_SOURCE:
                raise GraderError(f"{where}.source is larger than {MAX_SOURCE >> 10} KiB")
        case "multi":
            parts = value.get("graders")
            if not isinstance(parts, dict) or not parts:
                raise GraderError(f"{where}.graders must be an object of named graders")
            for name, part in parts.items():
                if isinstance(part, dict) and part.get("type") == "multi":
                    raise GraderError(f"{where}.graders.{name} is a multi grader in a multi grader")
                check_grader(part, f"{where}.graders.{name}", models=models)
            _strings(value, where, "calculate_output")
            calculate(value["calculate_output"], dict.fromkeys(parts, 0.5))
        case kind if kind in ASKING and models:
            check_question(value, where)
        case kind if kind in ASKING:
            raise GraderError(f"{where} asks a model, which cannot be done here: train a reward model and give that")
        case other:
            raise GraderError(f"{where}.type is {other!r}: use {', '.join(KINDS)}")
    return value


def _check_metric(metric: Any, where: str, models: bool) -> None:
    known = (*METRICS, "cosine") if models else METRICS
    if metric == "meteor":
        raise GraderError(f"{where}.evaluation_metric: {WITHOUT}")
    if metric not in known:
        raise GraderError(f"{where}.evaluation_metric must be one of {', '.join(known)}")


def _templates(value: Mapping[str, Any], where: str) -> None:
    _strings(value, where, "input", "reference")
    for name in ("input", "reference"):
        check_fields(value[name], f"{where}.{name}")


def _strings(value: Mapping[str, Any], where: str, *names: str) -> None:
    for name in names:
        if not isinstance(value.get(name), str):
            raise GraderError(f"{where}.{name} must be a string")
