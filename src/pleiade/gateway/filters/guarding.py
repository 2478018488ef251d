"""Asks a guard that is a chat model: one call a text, at its engine, some at a time."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import aiohttp
import msgspec

from pleiade.gateway.directory import Target
from pleiade.gateway.filters.lost import JudgeLostError
from pleiade.safety.guards import MOST_TOKENS, GuardError, GuardForm, form_of, messages_for, scores_of
from pleiade.safety.taxonomy import HARMS

AT_ONCE = 8
SECONDS = 30.0  # for one text: a guard is a language model
_PIECE, _OVERLAP = 12_000, 200  # characters, where the model's context is not known
_RESERVED = 1500  # tokens for the task around the text, and for the answer
_CHARACTERS = 2  # of a token, at the least, in the languages that matter here


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


_completion = msgspec.json.Decoder(_Completion)


async def ask_guard(
    session: aiohttp.ClientSession,
    target: Target,
    texts: Sequence[str],
    form: Literal["", "llama_guard", "safeguard"],
    *,
    prompt: bool,
) -> list[dict[str, float]]:
    """Scores of each text, by harm: of a long one the worst of its pieces. Raises JudgeLostError."""
    spoken: GuardForm = form or form_of(target.endpoint.send_model or target.endpoint.model)
    room = target.endpoint.context_length
    size = max(1000, (room - _RESERVED) * _CHARACTERS) if room else _PIECE
    pieces = [(row, text[at : at + size]) for row, text in enumerate(texts) for at in _starts(text, size)]
    few = asyncio.Semaphore(AT_ONCE)

    async def judged(text: str) -> dict[str, float]:
        async with few:
            return await _ask(session, target, spoken, text, prompt=prompt)

    found: list[dict[str, float]] = [dict.fromkeys(HARMS, 0.0) for _ in texts]
    tasks = [asyncio.ensure_future(judged(text)) for _, text in pieces]
    try:
        answers = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    for (row, _), scores in zip(pieces, answers, strict=True):
        found[row] = {name: max(score, found[row].get(name, 0.0)) for name, score in scores.items()}
    return found


async def _ask(
    session: aiohttp.ClientSession, target: Target, form: GuardForm, text: str, *, prompt: bool
) -> dict[str, float]:
    endpoint = target.endpoint
    body = {
        "model": endpoint.send_model or endpoint.model,
        "messages": messages_for(form, text, prompt=prompt),
        "max_tokens": MOST_TOKENS[form],
        "temperature": 0,
    }
    name = endpoint.deployment
    try:
        async with session.post(
            target.url("/chat/completions"),
            data=msgspec.json.encode(body),
            headers=target.headers,
            timeout=aiohttp.ClientTimeout(SECONDS),
        ) as response:
            data = await response.read()
            if response.status != 200:
                raise JudgeLostError(f"{name} answered with the status {response.status}")
        return scores_of(form, _completion.decode(data).choices[0].message.content or "")
    except GuardError as error:
        raise JudgeLostError(f"{name} {error}") from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError, msgspec.DecodeError, IndexError) as error:
        raise JudgeLostError(f"{name} does not answer ({type(error).__name__})") from error


def _starts(text: str, size: int) -> range:
    return range(0, max(len(text), 1), size - _OVERLAP)
