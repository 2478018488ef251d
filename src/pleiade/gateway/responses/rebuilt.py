"""What a response had said when its gateway died: out of its kept events, since a part's text stands there only."""

from collections.abc import Iterable
from typing import Any

import msgspec

Item = dict[str, Any]

# The deltas of texts: event, and the key of the part that they make longer.
_TEXTS = {
    "response.output_text.delta": "text",
    "response.reasoning_text.delta": "text",
    "response.refusal.delta": "refusal",
}


def rebuilt_output(frames: Iterable[bytes]) -> list[Item]:
    """The output items that these events tell of, as far as they go; what was not done is incomplete."""
    output: list[Item] = []
    for frame in frames:
        event = msgspec.json.decode(frame.partition(b"data: ")[2])
        kind = event["type"]
        if kind == "response.output_item.added":
            output.append({**event["item"], "status": "incomplete"})
        elif kind == "response.output_item.done":
            output[event["output_index"]] = event["item"]
        elif kind == "response.content_part.added":
            output[event["output_index"]]["content"].append(event["part"])
        elif kind in _TEXTS:
            part = output[event["output_index"]]["content"][event["content_index"]]
            part[_TEXTS[kind]] += event["delta"]
        elif kind == "response.function_call_arguments.delta":
            output[event["output_index"]]["arguments"] += event["delta"]
    return output
