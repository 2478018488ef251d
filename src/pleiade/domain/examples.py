"""Training examples in OpenAI's fine-tuning formats: lines of JSON in, examples or problems with line numbers out.

The formats: chat (`messages`, `tools`), preference (`input`, `preferred_output`, `non_preferred_output`) and prompt
(`messages` up to the user's turn, and any reference fields that a grader reads as `item.…`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

Format = Literal["chat", "preference", "prompt"]
Message = dict[str, Any]

# OpenAI's roles, and the words of chat templates for them ("function" of 2023 is refused: it is "tool" today).
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
BOM = b"\xef\xbb\xbf"


class Example(msgspec.Struct, frozen=True):
    """One line, in the shape that chat templates know: string contents, parsed arguments of calls.

    `preferred` and `rejected` are the answers of a preference; `item` is the whole object of a prompt, for its grader.
    An assistant's message may carry `weight` 0: it is context and not learned.
    """

    line: int
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    preferred: tuple[Message, ...] = ()
    rejected: tuple[Message, ...] = ()
    item: Mapping[str, Any] = {}

    @property
    def prompt_key(self) -> str:
        """What must be equal for two examples to ask the same: conversation up to the answers, and tools."""
        asked = [message for message in self.messages if message["role"] != "assistant"]
        return json.dumps([asked, self.tools], sort_keys=True, ensure_ascii=False)

    @property
    def key(self) -> str:
        """What must be equal for two examples to be the same, whatever their lines."""
        whole = [self.messages, self.tools, self.preferred, self.rejected]
        return json.dumps(whole, sort_keys=True, ensure_ascii=False)


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one line, in words that tell how to mend it."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class _WrongError(Exception):
    """A line that is no example."""


def read_examples(lines: Iterable[bytes], form: Format) -> tuple[list[Example], list[Problem]]:
    """All examples and all problems of a JSONL file in OpenAI's format `form`; blank lines are passed over."""
    examples: list[Example] = []
    problems: list[Problem] = []
    for number, raw in enumerate(lines, 1):
        text = raw.removeprefix(BOM) if number == 1 else raw
        if not text.strip():
            continue
        try:
            examples.append(_example(number, _object(text), form))
        except _WrongError as wrong:
            problems.append(Problem(number, str(wrong)))
    return examples, problems


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise _WrongError(f"is no JSON ({error}): each line must be one whole JSON object") from None
    if not isinstance(value, dict):
        raise _WrongError(f"is a {_kind(value)}: each line must be one JSON object")
    return value


def _example(line: int, value: dict[str, Any], form: Format) -> Example:
    if form == "preference":
        return _preference(line, value)
    if "messages" not in value and "input" in value:
        raise _WrongError("has no messages; it looks like a preference example, which reward and dpo learn from")
    messages = _messages(value.get("messages"), "messages")
    tools = _tools(value.get("tools"), "tools")
    if form == "prompt":
        if messages[-1]["role"] == "assistant":
            raise _WrongError("ends with the assistant: a prompt to be answered must end with the user or a tool")
        return Example(line, messages, tools, item=value)
    learned = [m for m in messages if m["role"] == "assistant" and m.get("weight", 1)]
    if not learned:
        raise _WrongError("has no assistant message to learn (with weight 1): add the answer, or leave the line out")
    if messages[-1]["role"] != "assistant":
        raise _WrongError("does not end with the assistant: end the conversation with the answer to be learned")
    return Example(line, messages, tools)


def _preference(line: int, value: dict[str, Any]) -> Example:
    asked = value.get("input")
    if not isinstance(asked, dict):
        hint = "; it looks like a chat example, which sft learns from" if "messages" in value else ""
        raise _WrongError(f"has no object 'input' with messages{hint}")
    messages = _messages(asked.get("messages"), "input.messages")
    if messages[-1]["role"] == "assistant":
        raise _WrongError("input.messages ends with the assistant: it must end with the user or a tool")
    answers = []
    for name in ("preferred_output", "non_preferred_output"):
        answer = _messages(value.get(name), name)
        if any(message["role"] not in ("assistant", "tool") for message in answer):
            raise _WrongError(f"{name} may hold messages of the assistant and of tools only")
        if answer[-1]["role"] != "assistant":
            raise _WrongError(f"{name} must end with the assistant")
        answers.append(answer)
    if answers[0] == answers[1]:
        raise _WrongError("preferred_output and non_preferred_output are the same: there is nothing to prefer")
    return Example(line, messages, _tools(asked.get("tools"), "input.tools"), answers[0], answers[1])


def _messages(value: Any, where: str) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise _WrongError(f"{where} must be a list of at least one message")
    return tuple(_message(message, f"{where}[{place}]") for place, message in enumerate(value))


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, dict):
        raise _WrongError(f"{where} is a {_kind(value)}: a message is an object with role and content")
    role = ROLES.get(str(value.get("role")))
    if role is None:
        raise _WrongError(f"{where}.role is {value.get('role')!r}: use {', '.join(ROLES)}")
    calls = value.get("tool_calls")
    if calls is not None and (role != "assistant" or not isinstance(calls, list)):
        raise _WrongError(f"{where}.tool_calls must be a list, in a message of the assistant")
    if "function_call" in value:
        raise _WrongError(f"{where}.function_call is the form of 2023: write it as tool_calls")
    content = _content(value.get("content"), where, optional=role == "assistant" and bool(calls))
    message: Message = {"role": role, "content": content}
    if calls:
        message["tool_calls"] = [_call(call, f"{where}.tool_calls[{place}]") for place, call in enumerate(calls)]
    if role == "tool":
        if not isinstance(value.get("tool_call_id"), str):
            raise _WrongError(f"{where}.tool_call_id is missing: it names the call that the tool answers")
        message["tool_call_id"] = value["tool_call_id"]
    if value.get("name") is not None:
        message["name"] = str(value["name"])
    if "weight" in value:
        if role != "assistant" or value["weight"] not in (0, 1):
            raise _WrongError(f"{where}.weight must be 0 or 1, in a message of the assistant")
        message["weight"] = int(value["weight"])
    return message


def _content(value: Any, where: str, *, optional: bool) -> str:
    """The text of a message; parts are joined by line feeds, as engines do it."""
    if isinstance(value, str):
        return value
    if value is None:
        if optional:
            return ""
        raise _WrongError(f"{where}.content is missing: it must be a string")
    if not isinstance(value, list):
        raise _WrongError(f"{where}.content is a {_kind(value)}: it must be a string or a list of text parts")
    texts = []
    for place, part in enumerate(value):
        if not isinstance(part, dict) or not isinstance(part.get("text"), str) or part.get("type") != "text":
            kind = part.get("type") if isinstance(part, dict) else _kind(part)
            raise _WrongError(f"{where}.content[{place}] is {kind!r}: only parts of type 'text' can be learned")
        texts.append(part["text"])
    return "\n".join(texts)


def _call(value: Any, where: str) -> dict[str, Any]:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise _WrongError(f"{where}.function.name is missing")
    arguments = function.get("arguments", "{}")
    if isinstance(arguments, str):
        try:
            arguments = msgspec.json.decode(arguments or "{}")
        except (ValueError, RecursionError):
            raise _WrongError(f"{where}.function.arguments is no JSON: a model must not learn broken calls") from None
    if not isinstance(arguments, dict):
        raise _WrongError(f"{where}.function.arguments must be a JSON object, written as a string")
    call = {"type": "function", "function": {"name": function["name"], "arguments": arguments}}
    return {"id": value["id"], **call} if isinstance(value.get("id"), str) else call


def _tools(value: Any, where: str) -> tuple[dict[str, Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _WrongError(f"{where} must be a list of functions")
    for place, tool in enumerate(value):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _WrongError(f'{where}[{place}] must be {{"type": "function", "function": {{"name": …}}}}')
    return tuple(value)


def _kind(value: Any) -> str:
    names = {str: "string", list: "list", dict: "object", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def told(problems: Sequence[Problem], most: int = 5) -> str:
    """The first problems, each on a line of its own, and how many more there are."""
    lines = [str(problem) for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"and {len(problems) - most} more")
    return "\n  ".join(lines)
