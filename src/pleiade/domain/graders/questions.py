"""Graders that ask a model: the chat call that asks it, and the grade that its answer gives.

The model is held to a schema, so that also a small one answers with a number of the range or one of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.templates import filled

ROLES = ("system", "developer", "user", "assistant")
SAMPLING = {  # a grader's names beside those of a chat call; the first is spelled both ways by OpenAI
    "max_completions_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_completion_tokens",
    "reasoning_effort": "reasoning_effort",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
MAX_TOKENS = 256  # of an answer that is one number or one label
TEXTS = ("input_text", "output_text", "text")


def check_question(grader: Mapping[str, Any], where: str) -> None:
    """Raises GraderError that names the field at fault of a score_model or label_model grader."""
    if not isinstance(grader.get("model"), str) or not grader["model"]:
        raise GraderError(f"{where}.model must be the name of a deployment")
    messages = grader.get("input")
    if not isinstance(messages, list) or not messages:
        raise GraderError(f"{where}.input must be a list of messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise GraderError(f"{where}.input[{number}].role must be one of {', '.join(ROLES)}")
        for part in _parts(message.get("content")):
            if not isinstance(part, str):
                raise GraderError(f"{where}.input[{number}].content must be text: a grader's model is asked in words")
    if grader["type"] == "label_model":
        labels, passing = _strings(grader.get("labels")), _strings(grader.get("passing_labels"))
        if not labels or len(set(labels)) != len(labels):
            raise GraderError(f"{where}.labels must be a list of different strings")
        if not passing or not set(passing) <= set(labels):
            raise GraderError(f"{where}.passing_labels must be some of the labels")
        return
    score_range(grader, where)


def score_range(grader: Mapping[str, Any], where: str = "grader") -> tuple[float, float]:
    """Lowest and highest score of a grader; 0 and 1 unless it says otherwise. Raises GraderError."""
    given = grader.get("range") or [0.0, 1.0]
    if not (isinstance(given, list) and len(given) == 2 and all(isinstance(end, int | float) for end in given)):
        raise GraderError(f"{where}.range must be two numbers")
    low, high = float(given[0]), float(given[1])
    if not low < high:
        raise GraderError(f"{where}.range must begin with the lower number")
    return low, high


def question(grader: Mapping[str, Any], item: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the chat call that asks for the grade. Raises GraderError for a field that `item` does not have."""
    messages = [
        {
            "role": message["role"],
            "content": "\n".join(filled(part, item, sample) for part in _parts(message["content"])),
        }
        for message in grader["input"]
    ]
    given = grader.get("sampling_params") or {}
    sampling = {name: given[key] for key, name in SAMPLING.items() if given.get(key) is not None}
    result: dict[str, Any] = {"type": "string", "enum": grader.get("labels")}
    if grader["type"] == "score_model":
        low, high = score_range(grader)
        result = {"type": "number", "minimum": low, "maximum": high}
    schema = {"type": "object", "properties": {"result": result}, "required": ["result"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "grade", "schema": schema, "strict": True}}
    defaults = {"max_completion_tokens": MAX_TOKENS, "temperature": 0}
    return {"model": grader["model"], "messages": messages, "response_format": wanted, **defaults, **sampling}


def graded_by(grader: Mapping[str, Any], answer: str) -> float:
    """The grade that the model's `answer` gives: its score, or 1 for a passing label. Raises GraderError."""
    try:
        result = msgspec.json.decode(answer)["result"]
        if grader["type"] == "score_model":
            low, high = score_range(grader)
            return min(max(float(result), low), high)
    except (ValueError, TypeError, KeyError) as error:
        raise GraderError(f"{grader['model']} gave no grade but {answer[:100]!r}") from error
    if result not in grader["labels"]:
        raise GraderError(f"{grader['model']} gave no label but {answer[:100]!r}")
    return float(result in grader["passing_labels"])


def _parts(content: Any) -> Sequence[Any]:
    # A string, a part, or a list of both; what is no text stays as it is, to be refused.
    if isinstance(content, list):
        return [part for piece in content for part in _parts(piece)]
    if isinstance(content, dict) and content.get("type") in TEXTS:
        return [content.get("text")]
    return [content]


def _strings(value: Any) -> list[str]:
    """`value` where it is a list of strings that say something; else an empty list."""
    return value if isinstance(value, list) and all(isinstance(one, str) and one for one in value) else []
