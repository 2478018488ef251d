"""The events of a response that is over, made again from what it says."""

from collections.abc import Iterator
from typing import Any

from pleiade.gateway.responses.frames import frame
from pleiade.gateway.responses.resource import Response
from pleiade.gateway.responses.translator import Translator

_FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}


def replay(response: Response) -> list[bytes]:
    """The frames of a stream that ends in `response`, each part in one delta."""
    ids = iter([item["id"] for item in response["output"]])
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "error": None}
    begun |= {"incomplete_details": None, "completed_at": None}
    maker = Translator(begun, new_id=lambda _: next(ids))
    frames = [frame(event) for event in maker.start()]
    for index, item in enumerate(response["output"]):
        for delta in _deltas(item, index):
            frames += [frame(event) for event in maker.feed({"choices": [{"index": 0, **delta}]})]
    begun["usage"] = response["usage"]
    status = response["status"]
    if status == "failed":
        frames += [frame(event) for event in maker.fail(None, response["error"]["message"])]
    elif status in ("completed", "incomplete"):
        reason = (response["incomplete_details"] or {}).get("reason")
        ending = {"index": 0, "finish_reason": _FINISH.get(reason or "", "stop")}
        frames += [frame(event) for event in maker.feed({"choices": [ending]})]
        now = int(response["completed_at"] or 0)
        frames += [frame(event) for event in maker.finish(now)]
    return frames


def _deltas(item: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
    """What a chat stream would have said for one output item."""
    if item["type"] == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
        yield {"delta": {"tool_calls": [{"index": index, "id": item["call_id"], "function": function}]}}
        return
    for part in item.get("content") or ():
        if part["type"] == "refusal":
            yield {"delta": {"refusal": part["refusal"]}}
        elif part["type"] == "reasoning_text":
            yield {"delta": {"reasoning_content": part["text"]}}
        else:
            yield {"delta": {"content": part["text"]}, "logprobs": {"content": part["logprobs"]}}
