"""The messages of a chat request, checked and brought into the one shape that chat templates know."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.requests import Message

# What templates know; "developer" is OpenAI's newer word for "system", "function" is 2023's for "tool".
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def template_messages(messages: Sequence[Message], where: str = "messages") -> list[dict[str, Any]]:
    """Dictionaries with `role` and a string `content`; `where` is the field that holds them.

    Raises ApiError 400 that names the message at fault.
    """
    if not messages:
        raise invalid(
            f"Invalid '{where}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            where,
            "empty_array",
        )
    return [_template_message(message, f"{where}[{place}]") for place, message in enumerate(messages)]


def _template_message(message: Message, where: str) -> dict[str, Any]:
    role = ROLES.get(message.role)
    if role is None:
        raise invalid(
            f"Invalid value: '{message.role}'. Supported values are: 'system', 'assistant', 'user', 'function', "
            "'tool', and 'developer'.",
            f"{where}.role",
        )
    calls = [_call(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(message.tool_calls or ())]
    if message.function_call is not None:
        calls.append(_call({"function": message.function_call}, f"{where}.function_call"))
    if message.content is None and not (role == "assistant"):
        raise invalid(
            f"Invalid value for '{where}.content': expected a string, got null.",
            f"{where}.content",
            "invalid_type",
        )
    result: dict[str, Any] = {"role": role, "content": _content(message.content, f"{where}.content")}
    if calls:
        result["tool_calls"] = calls
    if message.name is not None:
        result["name"] = message.name
    if message.tool_call_id is not None:
        result["tool_call_id"] = message.tool_call_id
    return result


def _content(content: str | Sequence[Mapping[str, Any]] | None, where: str) -> str:
    """The text of a message; parts are joined by line feeds, as vLLM does for templates that want strings."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = []
    for place, part in enumerate(content):
        kind, at = part.get("type"), f"{where}[{place}]"
        if kind in ("text", "refusal", "input_text"):
            text = part.get("refusal" if kind == "refusal" else "text")
            if not isinstance(text, str):
                raise invalid(f"Missing required parameter: '{at}.text'.", f"{at}.text", "missing_required_parameter")
            texts.append(text)
        elif kind in ("image_url", "input_image", "input_audio", "file", "video_url"):
            what = {"image_url": "images", "input_image": "images", "input_audio": "audio"}.get(kind, "files")
            raise invalid(
                f"Invalid content type '{kind}': this model reads text only, not {what}. Send text parts, or choose "
                "a model that reads such input.",
                at,
                "unsupported_content_type",
            )
        else:
            raise invalid(f"Invalid value: '{kind}'. Supported values are: 'text'.", f"{at}.type")
    return "\n".join(texts)


def _call(call: Mapping[str, Any], where: str) -> dict[str, Any]:
    """An earlier call of the assistant; templates expect its arguments parsed."""
    function = call.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise invalid(f"Missing required parameter: '{where}.function.name'.", f"{where}.function.name")
    arguments = function.get("arguments", "{}")
    if isinstance(arguments, str):
        with contextlib.suppress(ValueError):  # a model's broken JSON comes back as it was, and is shown as it is
            arguments = json.loads(arguments)
    return {
        "id": call.get("id", ""),
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }
