"""What is kept of a chat completion: put together from request and answer, whole or streamed. No I/O."""

from typing import Any

import msgspec

Completion = dict[str, Any]
Message = dict[str, Any]

# What a stored completion tells of its request, beside its messages.
_ECHOED = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "tools",
    "tool_choice",
    "response_format",
)


def stored_completion(request: dict[str, Any], completion: Completion) -> Completion:
    """The completion as a later GET shows it: the answer, its metadata, and the settings that made it."""
    echoed = {name: request[name] for name in _ECHOED if request.get(name) is not None}
    return {**completion, **echoed, "metadata": request.get("metadata") or {}}


def stored_messages(request: dict[str, Any], identifier: str) -> list[Message]:
    """The request's messages as a later listing shows them, each with an id of its own."""
    return [_stored_message(message, f"{identifier}-{index}") for index, message in enumerate(request["messages"])]


def _stored_message(message: Message, identifier: str) -> Message:
    content = message.get("content")
    parts = content if isinstance(content, list) else None
    return {
        **message,
        "id": identifier,
        "content": None if parts is not None else content,
        "content_parts": parts,
        "refusal": message.get("refusal"),
    }


class StreamedCompletion:
    """Puts a chat completion together from the chunks of its stream."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._usage: dict[str, Any] | None = None
        self._choices: dict[int, _Choice] = {}

    def feed(self, data: bytes) -> None:
        """Whole server-sent events, as they go to the client."""
        for event in data.split(b"\n\n"):
            if event.startswith(b"data: {"):
                self._chunk(msgspec.json.decode(event[6:]))

    def completion(self) -> Completion | None:
        """The completion, None where the stream did not come to its end."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not choices or any(choice.finish_reason is None for choice in choices):
            return None
        return {
            "id": self._head.get("id", ""),
            "object": "chat.completion",
            "created": self._head.get("created", 0),
            "model": self._head.get("model", ""),
            "choices": [choice.whole(index) for index, choice in enumerate(choices)],
            "usage": self._usage,
            "system_fingerprint": self._head.get("system_fingerprint"),
        }

    def _chunk(self, chunk: dict[str, Any]) -> None:
        if not self._head:
            self._head = chunk
        self._usage = chunk.get("usage") or self._usage
        for part in chunk.get("choices") or ():
            self._choices.setdefault(part.get("index", 0), _Choice()).feed(part)


class _Choice:
    """One answer of a stream, growing."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._text: dict[str, list[str]] = {}
        self._logprobs: dict[str, list[Any]] = {}
        self._calls: dict[int, dict[str, Any]] = {}

    def feed(self, part: dict[str, Any]) -> None:
        delta = part.get("delta") or {}
        for name in ("content", "refusal", "reasoning_content"):
            if delta.get(name) is not None:
                self._text.setdefault(name, []).append(delta[name])
        for name, entries in (part.get("logprobs") or {}).items():
            self._logprobs.setdefault(name, []).extend(entries or ())
        for call in delta.get("tool_calls") or ():
            self._call(call)
        self.finish_reason = part.get("finish_reason") or self.finish_reason

    def whole(self, index: int) -> dict[str, Any]:
        message: Message = {"role": "assistant", "content": None, "refusal": None}
        message |= {name: "".join(pieces) for name, pieces in self._text.items()}
        if self._calls:
            message["tool_calls"] = [self._calls[place] for place in sorted(self._calls)]
            message["content"] = message["content"] or None
        logprobs = None
        if self._logprobs:
            logprobs = {name: self._logprobs.get(name) or None for name in ("content", "refusal")}
        return {
            "index": index,
            "message": message,
            "logprobs": logprobs,
            "finish_reason": self.finish_reason,
        }

    def _call(self, delta: dict[str, Any]) -> None:
        call = self._calls.setdefault(
            delta.get("index", 0), {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = delta.get("id") or call["id"]
        function = delta.get("function") or {}
        call["function"]["name"] = function.get("name") or call["function"]["name"]
        call["function"]["arguments"] += function.get("arguments") or ""
