"""A deployment and a judge, asked over the public API: ordinary calls, admitted, metered and billed as anybody's."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import aiohttp

from pleiade.redteam.outcomes import Reply

TRIES = 6
LONGEST_WAIT_S = 30.0
PATIENCE_S = 600.0  # for one answer: a small machine that serves others too


class TargetError(Exception):
    """No further question makes sense; the message says why."""


class NoAnswerError(Exception):
    """This one question got no answer; the message says why."""


class Target:
    """A connection to a server; close it by `async with`."""

    def __init__(self, url: str, key: str, deployment: str, judge: str, *, most_tokens: int, trust_env: bool) -> None:
        self._url, self._deployment, self._judge, self._most_tokens = url, deployment, judge, most_tokens
        headers = {"authorization": f"Bearer {key}"} if key else {}
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S, sock_connect=10)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=trust_env)

    async def __aenter__(self) -> "Target":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def chat(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """The answer to a conversation. Raises TargetError, NoAnswerError."""
        body = {"model": self._deployment, "messages": messages, "max_tokens": self._most_tokens, "temperature": 0}
        status, told = await self._post("/chat/completions", body)
        if status != 200:
            if _error(told).get("code") == "content_filter":
                return Reply(filtered=True)
            raise NoAnswerError(_said(status, told))
        try:
            choice = told["choices"][0]
            message = choice["message"]
            filtered = choice["finish_reason"] == "content_filter"
            return Reply(str(message.get("content") or ""), filtered, str(message.get("refusal") or ""))
        except (KeyError, IndexError, TypeError) as error:
            raise TargetError(f"{self._url}/chat/completions does not answer as OpenAI's API does") from error

    async def scores(self, text: str) -> dict[str, float]:
        """The judge's scores by OpenAI's categories. Raises TargetError, NoAnswerError."""
        status, told = await self._post("/moderations", {"model": self._judge, "input": text})
        if status != 200:
            raise NoAnswerError(f"the judge {self._judge}: {_said(status, told)}")
        try:
            return {name: float(score) for name, score in told["results"][0]["category_scores"].items()}
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise TargetError(f"{self._url}/moderations does not answer as OpenAI's API does") from error

    async def _post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer; waits where the server asks for it, or does not answer for the moment."""
        why = ""
        for attempt in range(TRIES):
            wait = min(2.0**attempt, LONGEST_WAIT_S)
            try:
                async with self._session.post(self._url + path, json=body) as answer:
                    told = _object(await answer.read())
                    if answer.status in (401, 403, 404):
                        raise TargetError(_said(answer.status, told))
                    if answer.status not in (408, 429, 500, 502, 503, 504):
                        return answer.status, told
                    why = _said(answer.status, told)
                    wait = _seconds(answer.headers.get("retry-after"), wait)
            except (aiohttp.ClientError, TimeoutError) as error:
                why = f"{self._url} cannot be asked ({error or type(error).__name__})"
            if attempt < TRIES - 1:
                await asyncio.sleep(wait)
        raise NoAnswerError(why)


def _seconds(told: str | None, otherwise: float) -> float:
    try:
        return min(max(float(told or ""), 0.0), LONGEST_WAIT_S)
    except ValueError:
        return otherwise


def _object(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _error(told: dict[str, Any]) -> dict[str, Any]:
    error = told.get("error")
    return error if isinstance(error, dict) else {}


def _said(status: int, told: dict[str, Any]) -> str:
    return str(_error(told).get("message") or f"the server answered with the status {status}")
