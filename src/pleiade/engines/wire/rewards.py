"""What a reward worker checks of a request, and how it writes its answer: `POST /rewards`, a route of ours.

OpenAI has no such route. The input is a conversation as chat has it; the answer is a list as embeddings have it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.embeddings import check_count, input_name
from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.messages import template_messages
from pleiade.engines.wire.requests import Judged, RewardRequest

Conversation = tuple[str, list[dict[str, Any]]]  # how errors name it, messages for the template


def conversations_of(request: RewardRequest) -> list[Conversation]:
    """Every conversation to score, in order: the inputs', each with its candidates one after the other.

    Raises ApiError 400 for an empty list, a conversation without an answer, or more than a request may have.
    """
    inputs = [request.input] if isinstance(request.input, Judged) else request.input
    check_count(len(inputs))
    found: list[Conversation] = []
    for place, item in enumerate(inputs):
        found += _conversations(item, input_name(place, len(inputs)))
    check_count(len(found))
    return found


def _conversations(item: Judged, where: str) -> list[Conversation]:
    messages = template_messages(item.messages, f"{where}.messages")
    answered = messages[-1]["role"] == "assistant"
    if item.candidates is None:
        if not answered:
            raise invalid(
                f"Invalid '{where}.messages': the last message must be the assistant's, for it is what is scored. "
                f"To score several answers, send them as '{where}.candidates'.",
                f"{where}.messages",
            )
        return [(f"{where}.messages", messages)]
    if answered:
        raise invalid(
            f"Invalid '{where}.messages': with 'candidates' the last message must not be the assistant's.",
            f"{where}.messages",
        )
    if not item.candidates:
        raise invalid(
            f"Invalid '{where}.candidates': empty array. Expected at least one answer.",
            f"{where}.candidates",
            "empty_array",
        )
    return [
        (f"{where}.candidates[{number}]", [*messages, {"role": "assistant", "content": candidate}])
        for number, candidate in enumerate(item.candidates)
    ]


def scores_answer(scores: Sequence[float], *, model: str, tokens: int) -> bytes:
    """The list of rewards."""
    data = [{"object": "reward", "index": index, "score": score} for index, score in enumerate(scores)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})
