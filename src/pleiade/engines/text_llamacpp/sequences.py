"""The sequences of one request, followed in llama.cpp at the same time, each over a stream of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from pleiade.engines.text_llamacpp.dialect import Step, Usage, merge_delta, read_event, translate_error
from pleiade.engines.wire.errors import ApiError, internal


class Sequence:
    """One choice: what was sent for it, and what came of it."""

    def __init__(self, index: int, route: str, body: Mapping[str, Any], *, silent: bool = False) -> None:
        """`silent` drops the text: llama.cpp writes at least one token, also where none was asked for."""
        self.index = index
        self.route = route
        self.body = body
        self.silent = silent
        self.usage = Usage()
        self.text = ""
        self.message: dict[str, Any] = {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": [],
        }
        self.logprobs: list[Mapping[str, Any]] = []
        self.finish: str | None = None

    def take(self, step: Step) -> None:
        """Add a step."""
        self.usage = step.usage
        if self.silent:
            self.usage = Usage(step.usage.prompt, 0, step.usage.cached)
            self.finish = "length" if step.finish else self.finish
            return
        self.text += step.text
        if step.delta:
            merge_delta(self.message, step.delta)
        if step.logprobs:
            self.logprobs += step.logprobs.get("content") or ()
        self.finish = step.finish or self.finish

    def mean_logprob(self) -> float:
        """Mean log-probability of its tokens, to rank candidates by."""
        total = sum(float(entry["logprob"]) for entry in self.logprobs)
        return total / max(len(self.logprobs), 1)


OnStep = Callable[[Sequence, Step], Awaitable[None]]


async def follow_all(
    session: aiohttp.ClientSession, sequences: list[Sequence], on_step: OnStep | None, *, chat: bool
) -> None:
    """Run all sequences to their end. Raises the first ApiError; the other sequences are cancelled then."""
    try:
        async with asyncio.TaskGroup() as group:
            for sequence in sequences:
                group.create_task(_follow(session, sequence, on_step, chat=chat))
    except* ApiError as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    except* aiohttp.ClientError as errors:
        raise internal(f"llama.cpp's server failed: {errors.exceptions[0]}") from errors


async def _follow(session: aiohttp.ClientSession, sequence: Sequence, on_step: OnStep | None, *, chat: bool) -> None:
    async with session.post(sequence.route, json=sequence.body) as answer:
        if answer.status != 200:
            raise translate_error(_json_or_empty(await answer.read()), answer.status, chat=chat)
        async for event in _events(answer.content):
            step = read_event(event, sequence.usage)
            sequence.take(step)
            if on_step is not None:
                await on_step(sequence, step)
    if sequence.finish is None:
        raise internal("llama.cpp's server ended an answer in its middle.")


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Mapping[str, Any]]:
    """The JSON of each event of a stream, up to [DONE]."""
    async for line in content:
        if line.startswith(b"data: [DONE]"):
            return
        if line.startswith((b"data: ", b"error: ")):
            yield msgspec.json.decode(line.split(b": ", 1)[1])


def _json_or_empty(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
