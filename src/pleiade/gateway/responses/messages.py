"""Items of a conversation → messages of a chat request."""

from collections.abc import Iterable
from typing import Any

from pleiade.gateway.errors import bad_request
from pleiade.gateway.responses.compaction import summary_of
from pleiade.gateway.responses.items import Item, text_of
from pleiade.gateway.responses.picture_tool import CALL

Message = dict[str, Any]


def messages_from(instructions: str | None, items: Iterable[Item]) -> list[Message]:
    """The chat messages that say the same as `instructions` followed by `items`.

    Reasoning items are dropped: chat has no place for them. The system messages at the start become one,
    since many chat templates take exactly one, and only there. Raises ApiError where calls and
    outputs of tools do not pair.
    """
    messages: list[Message] = []
    if instructions:
        messages.append({"role": "system", "content": instructions})
    for item in items:
        kind = item["type"]
        if kind == "message":
            _append_message(messages, item)
        elif kind == "function_call":
            _append_call(messages, item)
        elif kind == "function_call_output":
            output = text_of(item["output"])
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": output})
        elif kind == CALL:
            messages.append({"role": "assistant", "content": f"[A picture was made here: {item['prompt']}]"})
        elif kind == "compaction":
            summary = f"Summary of the conversation so far:\n{summary_of(item)}"
            messages.append({"role": "system", "content": summary})
    _check_pairs(messages)
    return _merge_opening(messages)


def _append_message(messages: list[Message], item: Item) -> None:
    role = "system" if item["role"] == "developer" else item["role"]
    parts = item["content"]
    if any(part["type"] == "input_image" for part in parts):
        content: str | list[Message] = [_chat_part(part) for part in parts]
    else:
        content = text_of(parts)
    messages.append({"role": role, "content": content})


def _chat_part(part: Item) -> Message:
    if part["type"] == "input_image":
        return {"type": "image_url", "image_url": {"url": part["image_url"], "detail": part["detail"]}}
    return {"type": "text", "text": text_of([part])}


def _append_call(messages: list[Message], item: Item) -> None:
    """One assistant turn holds its text and all of its calls, however many items they came in."""
    call = {
        "id": item["call_id"],
        "type": "function",
        "function": {"name": item["name"], "arguments": item["arguments"]},
    }
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    messages[-1].setdefault("tool_calls", []).append(call)


def _check_pairs(messages: list[Message]) -> None:
    """Each output answers an earlier call, and each call has its output: models are confused otherwise."""
    open_calls: dict[str, None] = {}
    known: set[str] = set()
    for message in messages:
        for call in message.get("tool_calls", ()):
            open_calls[call["id"]] = None
            known.add(call["id"])
        if message["role"] == "tool":
            if message["tool_call_id"] not in known:
                raise bad_request(
                    f"No tool call found for function call output with call_id {message['tool_call_id']}.",
                    param="input",
                )
            open_calls.pop(message["tool_call_id"], None)
    if open_calls:
        raise bad_request(f"No tool output found for function call {next(iter(open_calls))}.", param="input")


def _merge_opening(messages: list[Message]) -> list[Message]:
    opening = 0
    while opening < len(messages) and messages[opening]["role"] == "system":
        opening += 1
    if opening < 2:
        return messages
    texts = [message["content"] for message in messages[:opening]]
    if not all(isinstance(text, str) for text in texts):
        return messages
    return [{"role": "system", "content": "\n\n".join(texts)}, *messages[opening:]]
