"""What a deployment is asked for a row, and what its answer is to the graders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.templates import filled, looked_up, sample_of
from pleiade.evals.rows import Row

SAMPLING = (
    "max_completion_tokens",
    "reasoning_effort",
    "response_format",
    "seed",
    "temperature",
    "tools",
    "top_p",
)
KINDS = {"input_text": "text", "output_text": "text"}  # the Responses API's parts in the words of chat


def chat_body(source: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The chat call for a row. Raises GraderError where it lacks what the template reads, or holds no conversation."""
    given = dict(source.get("sampling_params") or {})
    text_format = (given.get("text") or {}).get("format")  # as runs over responses have it
    if text_format and text_format.get("type") == "json_schema":
        schema = {key: value for key, value in text_format.items() if key != "type"}
        given["response_format"] = {"type": "json_schema", "json_schema": schema}
    sampling = {name: given[name] for name in SAMPLING if given.get(name) is not None}
    return {"model": source["model"], "messages": _messages(source, row), **sampling}


def as_sample(completion: Mapping[str, Any]) -> dict[str, Any]:
    """What graders call `sample`, of a chat completion."""
    choice = completion["choices"][0]
    message = choice["message"]
    return sample_of(
        message.get("content") or "",
        model=completion["model"],
        choices=completion["choices"],
        output_tools=message.get("tool_calls") or [],
    )


def stored_sample(row: Row) -> dict[str, Any]:
    """What graders call `sample`, of a row that brings one."""
    sample = row.sample or {}
    return {**sample_of(str(sample.get("output_text", ""))), **sample}


def _messages(source: Mapping[str, Any], row: Row) -> list[dict[str, Any]]:
    wanted = source.get("input_messages")
    if wanted is None:
        return [_as_chat(message) for message in _conversation(row.item.get("input"), "item.input")]
    if wanted["type"] == "item_reference":
        path = wanted["item_reference"]
        return [_as_chat(message) for message in _conversation(looked_up(path, row.item, {}), path)]
    return [_as_chat({**message, "content": _filled(message["content"], row)}) for message in wanted["template"]]


def _conversation(value: Any, path: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) and "role" in one for one in value):
        raise GraderError(f"{path} is no list of messages")
    return value


def _filled(content: Any, row: Row) -> Any:
    match content:
        case str():
            return filled(content, row.item, {})
        case list():
            return [_filled(part, row) for part in content]
        case dict():
            return {key: _filled(value, row) for key, value in content.items()}
    return content


def _as_chat(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the words of the chat API: the Responses API's parts are renamed, its `type` goes."""
    content = message.get("content")
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        content = [_part(part) for part in content]
    kept = {key: value for key, value in message.items() if key not in ("type", "id", "status")}
    return {**kept, "content": content}


def _part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if part.get("type") in KINDS:
        return {"type": "text", "text": part.get("text", "")}
    if part.get("type") == "input_image":
        picture = {"url": part.get("image_url"), **({"detail": part["detail"]} if part.get("detail") else {})}
        return {"type": "image_url", "image_url": picture}
    return part


def shown_messages(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """The messages of a call as an item shows them: role and text."""
    return [{"role": message["role"], "content": _shown(message.get("content"))} for message in body["messages"]]


def _shown(content: Any) -> str:
    return content if isinstance(content, str) else "" if content is None else msgspec.json.encode(content).decode()
