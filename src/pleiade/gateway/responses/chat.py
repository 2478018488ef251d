"""A request to the Responses API → the chat request that answers it."""

from collections.abc import Iterable
from typing import Any

from pleiade.gateway.problems import missing, wrong_type, wrong_value
from pleiade.gateway.responses.body import ResponseBody
from pleiade.gateway.responses.items import Item
from pleiade.gateway.responses.messages import Message, messages_from
from pleiade.gateway.responses.tools import chat_tools, normalise_choice, normalise_tools

# Carried over under the same name; None is left out, so that the engine's own default holds.
_SAME = ("temperature", "top_p", "user", "safety_identifier", "prompt_cache_key", "service_tier")


def chat_request(body: ResponseBody, unknown: dict[str, Any], items: Iterable[Item], *, model: str) -> dict[str, Any]:
    """The chat request that answers `body`, whose conversation is `items` (earlier turns and its own input).

    `unknown` are fields that the Responses API does not know: they are passed on. It asks for no stream;
    `streamed` makes it one that does. Raises ApiError.
    """
    messages = messages_from(body.instructions, items)
    if not messages:
        raise missing("input")
    tools = normalise_tools(body.tools)
    choice = normalise_choice(body.tool_choice, tools)
    request: dict[str, Any] = {**unknown, "model": model, "messages": messages}
    request |= {name: value for name in _SAME if (value := getattr(body, name)) is not None}
    request |= chat_tools(tools, choice)
    if tools and body.parallel_tool_calls is not None:
        request["parallel_tool_calls"] = body.parallel_tool_calls
    if body.max_output_tokens is not None:
        request["max_completion_tokens"] = body.max_output_tokens
    if body.wants_logprobs:
        request["logprobs"] = True
        if body.top_logprobs:
            request["top_logprobs"] = body.top_logprobs
    if body.reasoning and body.reasoning.get("effort") is not None:
        request["reasoning_effort"] = body.reasoning["effort"]
    request |= _text_options(body.text or {})
    return request


def streamed(request: dict[str, Any]) -> dict[str, Any]:
    """The same chat request, asking for a stream that ends with its usage."""
    return {**request, "stream": True, "stream_options": {"include_usage": True}}


def text_format(text: dict[str, Any]) -> dict[str, Any]:
    """`text.format` as a response shows it. Raises ApiError."""
    given = text.get("format")
    if given is None:
        return {"type": "text"}
    if not isinstance(given, dict):
        raise wrong_type("text.format", "an object", given)
    kind = given.get("type")
    if kind in ("text", "json_object"):
        return {"type": kind}
    if kind != "json_schema":
        raise wrong_value("text.format.type", kind, ("text", "json_schema", "json_object"))
    for name, expected, types in (("name", "a string", str), ("schema", "an object", dict)):
        value = given.get(name)
        if value is None:
            raise missing(f"text.format.{name}")
        if not isinstance(value, types):
            raise wrong_type(f"text.format.{name}", expected, value)
    return {
        "type": "json_schema",
        "name": given["name"],
        "description": given.get("description"),
        "schema": given["schema"],
        "strict": bool(given.get("strict")),
    }


def _text_options(text: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    shape = text_format(text)
    if shape["type"] == "json_schema":
        schema = {name: shape[name] for name in ("name", "schema", "strict")}
        if shape["description"] is not None:
            schema["description"] = shape["description"]
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif shape["type"] == "json_object":
        options["response_format"] = {"type": "json_object"}
    verbosity = text.get("verbosity")
    if verbosity is not None:
        if verbosity not in ("low", "medium", "high"):
            raise wrong_value("text.verbosity", verbosity, ("low", "medium", "high"))
        options["verbosity"] = verbosity
    return options


def drop_oldest(messages: list[Message]) -> list[Message] | None:
    """`messages` without their older half, for `truncation: "auto"`; None where nothing may go.

    System messages at the start stay, and so does everything from the last user message on. A cut never
    leaves the output of a tool without its call.
    """
    start = 0
    while start < len(messages) and messages[start]["role"] == "system":
        start += 1
    last_user = max((index for index, message in enumerate(messages) if message["role"] == "user"), default=start)
    if last_user <= start:
        return None
    cut = start + max(1, (last_user - start + 1) // 2)
    while cut < last_user and messages[cut]["role"] == "tool":
        cut += 1
    return [*messages[:start], *messages[cut:]]
