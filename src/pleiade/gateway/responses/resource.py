"""The Response object: what it says before the model has spoken, and how usage and errors are shown in it."""

from typing import Any

from pleiade.gateway.responses.body import ResponseBody
from pleiade.gateway.responses.chat import text_format
from pleiade.gateway.responses.tools import normalise_choice, normalise_tools

Response = dict[str, Any]

TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})

# The codes that `response.error` may carry (SDK: types/responses/response_error.py), by our own codes.
_ERROR_CODES = {"rate_limit_exceeded": "rate_limit_exceeded", "context_length_exceeded": "invalid_prompt"}


def new_response(identifier: str, body: ResponseBody, *, model: str, created: int) -> Response:
    """A response that has just begun: the request echoed, no output, status queued or in_progress.

    `created` is Unix seconds. Raises ApiError where tools or formats cannot be read.
    """
    tools = normalise_tools(body.tools)
    text = body.text or {}
    reasoning = body.reasoning or {}
    return {
        "id": identifier,
        "object": "response",
        "created_at": created,
        "status": "queued" if body.background else "in_progress",
        "background": bool(body.background),
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "model": model,
        "moderation": _no_moderation() if body.moderation else None,
        "output": [],
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": body.previous_response_id,
        "prompt_cache_key": body.prompt_cache_key,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": body.safety_identifier,
        "service_tier": "default",
        "store": body.stored,
        "temperature": 1.0 if body.temperature is None else body.temperature,
        "text": {"format": text_format(text), "verbosity": text.get("verbosity") or "medium"},
        "tool_choice": normalise_choice(body.tool_choice, tools),
        "tools": tools,
        "top_logprobs": body.top_logprobs or 0,
        "top_p": 1.0 if body.top_p is None else body.top_p,
        "truncation": body.truncation or "disabled",
        "usage": None,
        "user": body.user,
        "metadata": body.metadata or {},
    }


def response_usage(chat_usage: dict[str, Any] | None) -> dict[str, Any] | None:
    """Chat's `usage` under the names of the Responses API; None where the engine gave none."""
    if not chat_usage:
        return None
    prompt = chat_usage.get("prompt_tokens") or 0
    completion = chat_usage.get("completion_tokens") or 0
    cached = (chat_usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (chat_usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": cached},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + completion,
    }


def response_error(code: str | None, message: str) -> dict[str, str]:
    """The `error` of a failed response, with the nearest code of its closed list."""
    return {"code": _ERROR_CODES.get(code or "", "server_error"), "message": message}


def _no_moderation() -> dict[str, Any]:
    """The honest answer to `moderation` where no moderation model is deployed: never a made-up verdict."""
    verdict = {
        "type": "error",
        "code": "moderation_unavailable",
        "message": "No moderation model is deployed on this server: the content was not examined.",
    }
    return {"input": verdict, "output": verdict}
