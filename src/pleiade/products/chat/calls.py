"""What an answer holds beside words: pictures that were made for it, and functions that its model called."""

from collections.abc import Sequence
from typing import Any

from pleiade.products.records.rows import decoded

Call = dict[str, Any]

FUNCTION, PICTURE = "function_call", "image_generation_call"  # as the Responses API names them
UNANSWERED = (
    "Nobody ran this function: it belongs to another program, and this chat has no tools. Go on without its result."
)


def calls_of(response: dict[str, Any]) -> list[Call]:
    """The calls in a response, without the bytes of pictures, which the gallery has."""
    found = [item for item in response["output"] if item["type"] in (FUNCTION, PICTURE)]
    return [{name: value for name, value in item.items() if name != "result"} for item in found]


def calls_in(text: str) -> list[Call]:
    """Calls as a row keeps them; none for ""."""
    return decoded(text) or []


def picture_in(calls: Sequence[Call]) -> Call | None:
    """The picture of an answer that the gallery keeps, if it has one."""
    return next((call for call in calls if call["type"] == PICTURE and call.get("picture")), None)


def told(calls: Sequence[Call]) -> str:
    """Calls in words, for whoever gets words only."""
    return "\n".join(
        f"[A picture was made here: {call['prompt']}]"
        if call["type"] == PICTURE
        else f"[{call['name']}({call['arguments']}) was called here, and nobody ran it.]"
        for call in calls
    )


def unanswered(calls: Sequence[Call]) -> list[Call]:
    """What is said to a model in place of results that it waits for: without any, it could not go on."""
    return [
        {"type": "function_call_output", "call_id": call["call_id"], "output": UNANSWERED}
        for call in calls
        if call["type"] == FUNCTION
    ]
