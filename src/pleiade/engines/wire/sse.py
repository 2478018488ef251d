"""Stream chunks as bytes: what a stream repeats is encoded once, and per chunk only the new text."""

from typing import Any

import msgspec

DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode


class UsageCounter:
    """Token counts of one call, and their JSON: cumulative while it streams, total at its end."""

    __slots__ = ("_cached", "_prefix", "_prompt", "completion")

    def __init__(self, prompt_tokens: int) -> None:
        self.completion = 0
        self.set_prompt(prompt_tokens, 0)

    @property
    def prompt(self) -> int:
        """Tokens of the prompt."""
        return self._prompt

    @property
    def cached(self) -> int:
        """Tokens of the prompt that were found in the prefix cache."""
        return self._cached

    def set_cached(self, cached: int) -> None:
        """Note how many prompt tokens came from the prefix cache."""
        self.set_prompt(self._prompt, cached)

    def set_prompt(self, prompt: int, cached: int) -> None:
        """Note the length of the prompt, where only the engine knows it, and how much of it was cached."""
        self._prompt = prompt
        self._cached = cached
        details = b'"prompt_tokens_details":{"cached_tokens":%d}' % cached
        self._prefix = b'{"prompt_tokens":%d,%b,"completion_tokens":' % (prompt, details)

    def encode(self) -> bytes:
        """The `usage` object of this moment."""
        return self._prefix + b'%d,"total_tokens":%d}' % (self.completion, self._prompt + self.completion)

    def as_object(self) -> dict[str, Any]:
        """The `usage` object of a whole answer."""
        return {
            "prompt_tokens": self._prompt,
            "completion_tokens": self.completion,
            "total_tokens": self._prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self._cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


class StreamEncoder:
    """Encodes the chunks of one stream; `usage` is always the last key: a gateway may cut it off by bytes."""

    __slots__ = ("_continuous", "_final", "_head", "_null_usage", "_usage")

    def __init__(
        self,
        *,
        id: str,
        object: str,
        created: int,
        model: str,
        fingerprint: str,
        usage: UsageCounter,
        include_usage: bool,
        continuous_usage: bool,
    ) -> None:
        fields = {
            "id": id,
            "object": object,
            "created": created,
            "model": model,
            "system_fingerprint": fingerprint,
        }
        self._head = b"data: " + _encode(fields)[:-1] + b',"choices":['
        self._usage = usage
        self._final = include_usage
        self._continuous = continuous_usage
        self._null_usage = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"

    def chunk(self, choice: bytes) -> bytes:
        """One event with one choice, given as JSON."""
        if self._continuous:
            return b'%b%b],"usage":%b}\n\n' % (self._head, choice, self._usage.encode())
        return b"%b%b%b" % (self._head, choice, self._null_usage)

    def end(self) -> bytes:
        """The closing events: total usage where it was asked for, and `[DONE]`."""
        if self._final:
            return b'%b],"usage":%b}\n\n' % (self._head, self._usage.encode()) + DONE
        return DONE


def encode_text(text: str) -> bytes:
    """A JSON string."""
    return _encode(text)


def encode_object(value: object) -> bytes:
    """Any JSON value."""
    return _encode(value)


def error_event(body: bytes) -> bytes:
    """A failure after the first byte: a data object with `error`, at which every client stops."""
    return b"data: " + body + b"\n\n"
