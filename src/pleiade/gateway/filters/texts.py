"""The texts of a request and of its answer: what a person, a tool or a model wrote, without the rest."""

from collections.abc import Iterable
from typing import Any

import msgspec

from pleiade.gateway.call import Call
from pleiade.safety.judging import Text

_FOREIGN = ("tool", "function")  # roles whose words come from elsewhere


class Unreadable(msgspec.Struct, frozen=True):
    """A prompt that is no text, and why."""

    reason: str


def prompts_of(call: Call) -> list[list[Text] | Unreadable]:
    """The texts of each prompt of a call. What the engine will refuse anyhow counts as no text."""
    if call.engine_path == "/chat/completions":
        return [_messages(_field(call, "messages"))]
    if call.engine_path == "/completions":
        prompt = _field(call, "prompt")
        suffix = _field(call, "suffix")
        more = [Text(suffix)] if isinstance(suffix, str) else []
        if isinstance(prompt, list) and prompt and not all(isinstance(each, str) for each in prompt):
            several = len(prompt) if isinstance(prompt[0], list) else 1
            return [Unreadable("prompts of token ids are not read")] * several
        if isinstance(prompt, list):
            return [[Text(each), *more] for each in prompt]
        return [[Text(prompt if isinstance(prompt, str) else ""), *more]]
    prompt = _field(call, "prompt")
    return [[Text(prompt)] if isinstance(prompt, str) else []]


def _field(call: Call, name: str) -> Any:
    try:
        return msgspec.json.decode(call.body[name])
    except (KeyError, msgspec.DecodeError, RecursionError):
        return None


def _messages(messages: Any) -> list[Text]:
    found = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            foreign = message.get("role") in _FOREIGN
            found += [Text(text, foreign) for text in _texts(message.get("content")) if text]
    return found


def _texts(content: Any) -> Iterable[str]:
    """A string, or the texts of parts; pictures and sounds are not read."""
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else ()
    return [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]


def answer_text(choice: dict[str, Any]) -> str:
    """What a choice of an answer, or a delta of one, says: its text, its refusal, the arguments of its calls."""
    message = choice.get("message") or choice.get("delta") or {}
    texts = [choice.get("text"), message.get("content"), message.get("reasoning_content"), message.get("refusal")]
    for tool in message.get("tool_calls") or ():
        texts.append((tool.get("function") or {}).get("arguments"))
    texts.append((message.get("function_call") or {}).get("arguments"))
    return "".join(text for text in texts if isinstance(text, str))
