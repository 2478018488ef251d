"""OpenAI's dialect to llama.cpp's and back, without I/O.

llama.cpp answers one sequence at a time here, always as a stream: its own `n` and prompt lists count usage of the
last sequence only, and a stream can be cancelled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.errors import ApiError, context_overflow, internal

# Fields that we answer ourselves, or that llama.cpp would read in its own way.
OURS = (
    "n",
    "best_of",
    "echo",
    "suffix",
    "prompt",
    "stream",
    "stream_options",
    "model",
    "max_completion_tokens",
)


class Usage(msgspec.Struct, frozen=True):
    """Token counts of one sequence, cumulative."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


class Step(msgspec.Struct, frozen=True):
    """What one event of a sequence brings."""

    usage: Usage
    delta: Mapping[str, Any] | None = None  # chat
    text: str = ""  # completions
    logprobs: Mapping[str, Any] | None = None  # llama.cpp's, always in chat's shape
    finish: str | None = None


def chat_request(
    fields: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], *, number: int, max_tokens: int | None
) -> dict[str, Any]:
    """The body for choice `number` of a chat request, whose fields pass through."""
    return {**_shared(fields, number, max_tokens), "messages": list(messages)}


def completion_request(
    fields: Mapping[str, Any], prompt: str | Sequence[int], *, number: int, max_tokens: int
) -> dict[str, Any]:
    """The body for choice `number` of a text completion."""
    body = {**_shared(fields, number, max_tokens), "prompt": prompt}
    if body.get("logprobs") == 0:
        body["logprobs"] = 1  # llama.cpp takes 0 for none
    return body


def _shared(fields: Mapping[str, Any], number: int, max_tokens: int | None) -> dict[str, Any]:
    body = {name: value for name, value in fields.items() if name not in OURS and value is not None}
    body |= {"stream": True, "timings_per_token": True, "stream_options": {"include_usage": True}}
    body.setdefault("temperature", 1.0)  # OpenAI's defaults; llama.cpp has others
    body.setdefault("top_p", 1.0)
    if max_tokens is not None:
        body["max_tokens"] = body["n_predict"] = max(max_tokens, 1)  # it knows no 0
    seed = fields.get("seed")
    if isinstance(seed, int):
        body["seed"] = (seed + number) % 2**32
    return body


def read_event(event: Mapping[str, Any], before: Usage) -> Step:
    """Translate an event of llama.cpp's stream. Raises ApiError where it is an error."""
    if "error" in event:
        raise translate_error(event)
    usage = _usage(event, before)
    choices = event.get("choices") or [{}]
    choice = choices[0]
    return Step(
        usage,
        delta=choice.get("delta"),
        text=choice.get("text") or "",
        logprobs=choice.get("logprobs"),
        finish=choice.get("finish_reason"),
    )


def _usage(event: Mapping[str, Any], before: Usage) -> Usage:
    exact = event.get("usage")
    if exact:
        cached = (exact.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return Usage(exact["prompt_tokens"], exact["completion_tokens"], cached)
    timings = event.get("timings")
    if timings:
        cached = timings.get("cache_n", 0)
        return Usage(cached + timings["prompt_n"], timings["predicted_n"], cached)
    return before


def translate_error(body: Mapping[str, Any], status: int = 400, *, chat: bool = True) -> ApiError:
    """OpenAI's error for llama.cpp's `{"error": {"code": 400, "message": …, "type": …}}`."""
    error = body.get("error")
    if not isinstance(error, Mapping):
        return internal(f"llama.cpp answered with status {status}.")
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else status
    kind, message = str(error.get("type", "")), str(error.get("message", ""))
    if kind == "exceed_context_size_error":
        return context_overflow(int(error.get("n_ctx", 0)), int(error.get("n_prompt_tokens", 0)), 0, chat=chat)
    if status == 501:  # what this model cannot do is the client's to change
        return ApiError(400, message, code="unsupported_operation")
    if status >= 500:
        return ApiError(status, message, kind="server_error", code="internal_error")
    return ApiError(status, message, code="invalid_value")


def legacy_logprobs(entries: Sequence[Mapping[str, Any]], offset: int) -> dict[str, list[Any]]:
    """The four lists of 2020 from entries in chat's shape; `offset` is where the text begins, in characters."""
    tokens, own, top, offsets = [], [], [], []
    for entry in entries:
        name = _token_name(entry)
        tokens.append(name)
        own.append(entry["logprob"])
        likeliest = {_token_name(other): other["logprob"] for other in entry.get("top_logprobs", ())}
        top.append({name: entry["logprob"]} | likeliest)
        offsets.append(offset)
        offset += len(bytes(entry.get("bytes") or b"").decode("utf-8", "replace"))
    return {"tokens": tokens, "token_logprobs": own, "top_logprobs": top, "text_offset": offsets}


def _token_name(entry: Mapping[str, Any]) -> str:
    raw = bytes(entry.get("bytes") or b"")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in raw)


def merge_delta(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add a chat delta to the message that it is a part of."""
    for name in ("content", "reasoning_content"):
        if delta.get(name):
            message[name] = (message.get(name) or "") + delta[name]
    for piece in delta.get("tool_calls") or ():
        calls = message.setdefault("tool_calls", [])
        while len(calls) <= piece["index"]:
            calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call = calls[piece["index"]]
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""
