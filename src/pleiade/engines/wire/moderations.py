"""What a moderation worker checks of a request, and how it writes its answer (wire-contract §11.3, §12.5).

`text-moderation-*` are answered with the seven categories of 2023, every other name with the thirteen of today.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.embeddings import check_count, input_name
from pleiade.engines.wire.errors import invalid
from pleiade.safety.taxonomy import HARMS, OPENAI, OPENAI_2023, TAXONOMY

FLAGGED = 0.5  # of a calibrated score: more likely than not
MAX_CHARACTERS = 1_000_000  # of all inputs of a request, about a second of one core


class ModerationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /moderations`. With `harms` (ours) each result also has the scores of all that the model knows."""

    input: str | list[str | dict[str, Any]]
    model: str = ""
    harms: bool = False


def texts_of(request: ModerationRequest) -> list[list[str]]:
    """The texts of each input: a string, each of a list of strings, or all parts of one list of parts.

    Raises ApiError 400 for an empty list, a mixture, a picture, a part without text, or too much of it.
    """
    given = request.input
    if isinstance(given, str):
        inputs = [[given]]
    else:
        check_count(len(given))
        strings = [item for item in given if isinstance(item, str)]
        if strings and len(strings) < len(given):
            raise invalid("Invalid type for 'input': expected strings or objects, not both.", "input", "invalid_type")
        inputs = [[item] for item in strings] or [[_text(item, place) for place, item in enumerate(given)]]
    size = sum(len(text) for item in inputs for text in item)
    if size > MAX_CHARACTERS:
        raise invalid(
            f"Invalid 'input': {size:,} characters are more than one request may have ({MAX_CHARACTERS:,}). "
            "Send the text in several requests.",
            "input",
            "string_above_max_length",
        )
    return inputs


def _text(part: Any, place: int) -> str:
    where = input_name(place, 2)
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "image_url":
        raise invalid(
            f"Invalid '{where}': this model reads text only and cannot judge a picture. Leave pictures out, or deploy "
            "a moderation model that sees and name it in 'model'.",
            f"{where}.image_url",
            "image_input_not_supported",
        )
    if kind != "text":
        raise invalid(f"Invalid value: '{kind}'. Supported values are: 'text' and 'image_url'.", f"{where}.type")
    text = part.get("text")
    if not isinstance(text, str):
        raise invalid(f"Missing required parameter: '{where}.text'.", f"{where}.text", "missing_required_parameter")
    return text


def moderations_answer(scores: Sequence[Sequence[float]], *, model: str, request: ModerationRequest) -> bytes:
    """The answer for scores [inputs, harms] in the form that the request's model name stands for."""
    of_2023 = request.model.startswith("text-moderation")
    names = OPENAI_2023 if of_2023 else OPENAI
    results = []
    for row in scores:
        shown = dict.fromkeys(names, 0.0)
        for harm, score in zip(HARMS, row, strict=True):
            name = TAXONOMY[harm].openai_2023 if of_2023 else TAXONOMY[harm].openai
            if name:
                shown[name] = max(shown[name], round(float(score), 6))
        categories = {name: score >= FLAGGED for name, score in shown.items()}
        result: dict[str, Any] = {
            "flagged": any(categories.values()),
            "categories": categories,
            "category_scores": shown,
        }
        if not of_2023:
            result["category_applied_input_types"] = {name: ["text"] for name in names}
        if request.harms:
            result["harms"] = {harm.value: round(float(score), 6) for harm, score in zip(HARMS, row, strict=True)}
        results.append(result)
    return msgspec.json.encode({"id": f"modr-{secrets.token_hex(12)}", "model": model, "results": results})
