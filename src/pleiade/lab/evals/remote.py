"""Scores a deployment behind an OpenAI-compatible URL: completions with `echo` and log-probabilities, and chat.

The same suites, the same protocol: only the way to the model differs. Standard library only.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pleiade.lab.dialogues.conversation import Message
from pleiade.lab.evals.scorer import EvalError, Likelihood, cut
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT

PARALLEL = 8
TRIES = 6
SECONDS = 300.0  # of one request
GENERATION_SUITES = "mbpp, fim, ifeval, abstention, toxicity, style"


class RemoteScorer:
    """A `Scorer` over HTTP. `url` is the server's, with or without `/v1`; `key` may be empty."""

    def __init__(self, url: str, deployment: str, key: str = "") -> None:
        base = url.rstrip("/")
        self._base = base if base.endswith("/v1") else base + "/v1"
        self._deployment = deployment
        self._key = key
        self._echo_tokens = 0  # what `max_tokens` an echo takes; some servers refuse 0
        self._start: str | None = None  # unknown until the first likelihood
        self._start_width = 0  # the characters that it counts in `text_offset`; servers differ on control tokens
        # No proxy: deployments are local or named on purpose.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def name(self) -> str:
        """The deployment's."""
        return self._deployment

    @property
    def facts(self) -> Mapping[str, str]:
        """Where it runs, and what stands before a text."""
        start = "not asked" if self._start is None else self._start or "nothing (a text's first token is not scored)"
        return {"runs": f"deployment at {self._base}", "before each text": start, "temperature": "0"}

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """See `Scorer`. Raises EvalError if the deployment gives no log-probabilities of a prompt."""
        if self._start is None:
            self._start = self._find_start()
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(lambda pair: self._likelihood(*pair), pairs))

    def complete(self, prompts: Sequence[str], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """See `Scorer`; /v1/completions."""
        return self._each([{"prompt": prompt, **self._stops(stop)} for prompt in prompts], max_tokens, stop)

    def chat(self, conversations: Sequence[Sequence[Message]], max_tokens: int) -> list[str]:
        """See `Scorer`; /v1/chat/completions."""

        def ask(messages: Sequence[Message]) -> str:
            body = {"messages": list(messages), "max_tokens": max_tokens, "temperature": 0}
            return str(self._post("/chat/completions", body)["choices"][0]["message"].get("content") or "")

        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(ask, conversations))

    def infill(self, holes: Sequence[tuple[str, str]], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """See `Scorer`; /v1/completions with `suffix`."""
        asked = [{"prompt": prefix, "suffix": suffix, **self._stops(stop)} for prefix, suffix in holes]
        return self._each(asked, max_tokens, stop)

    def _each(self, bodies: Sequence[dict[str, Any]], max_tokens: int, stop: Sequence[str]) -> list[str]:
        def ask(body: dict[str, Any]) -> str:
            answer = self._post("/completions", {**body, "max_tokens": max_tokens, "temperature": 0})
            return cut(str(answer["choices"][0]["text"]), stop)

        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(ask, bodies))

    @staticmethod
    def _stops(stop: Sequence[str]) -> dict[str, Any]:
        # The API takes four; the others are cut here.
        return {"stop": list(stop[:4])} if stop else {}

    def _find_start(self) -> str:
        """The end-of-text mark if the server reads it as one token, as our models are trained; else nothing."""
        echoed = self._echo(END_OF_TEXT + "a")
        offsets = [int(offset) for offset in echoed["text_offset"]]
        self._start_width = offsets[1] if len(offsets) > 1 else 0
        # One token for the mark, one for the letter, and perhaps one that was generated.
        is_one_token = self._start_width in (0, len(END_OF_TEXT)) and len(offsets) == 2 + bool(self._echo_tokens)
        return END_OF_TEXT if is_one_token else ""

    def _likelihood(self, context: str, continuation: str) -> Likelihood:
        start = self._start or ""
        width = self._start_width if start else 0
        border, whole = width + len(context), width + len(context) + len(continuation)
        echoed = self._echo(start + context + continuation)
        offsets = [int(offset) for offset in echoed["text_offset"]]
        logprob, greedy, num_tokens = 0.0, True, 0
        for i, (offset, value) in enumerate(zip(offsets, echoed["token_logprobs"], strict=True)):
            end = offsets[i + 1] if i + 1 < len(offsets) else whole
            if offset >= whole or end <= border or value is None:
                continue  # a generated token, the context, or a first token that nothing precedes
            likeliest = echoed["top_logprobs"][i] or {}
            logprob += float(value)
            greedy = greedy and value >= max(likeliest.values(), default=value) - 1e-6
            num_tokens += 1
        return Likelihood(logprob, greedy, num_tokens)

    def _echo(self, text: str) -> dict[str, Any]:
        body = {"prompt": text, "echo": True, "logprobs": 1, "temperature": 0}
        try:
            answer = self._post("/completions", {**body, "max_tokens": self._echo_tokens})
        except RefusedError as error:
            if self._echo_tokens:
                raise self._no_logprobs(str(error)) from error
            self._echo_tokens = 1
            return self._echo(text)
        logprobs = answer["choices"][0].get("logprobs") or {}
        if not logprobs.get("token_logprobs") or len(answer["choices"][0].get("text", "")) < len(text) - len(
            END_OF_TEXT
        ):
            raise self._no_logprobs("the answer holds none")
        return dict(logprobs)

    def _no_logprobs(self, reason: str) -> EvalError:
        return EvalError(
            f"this suite needs log-probabilities of the prompt (completions with echo and logprobs), which "
            f"{self._deployment} at {self._base} does not give ({reason}): choose suites that only generate "
            f"({GENERATION_SUITES}), or examine the model's folder in process"
        )

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One request, again after a pause when the server is busy or away. Raises EvalError."""
        data = json.dumps({"model": self._deployment, **body}).encode()
        headers = {"content-type": "application/json"}
        if self._key:
            headers |= {"authorization": f"Bearer {self._key}", "api-key": self._key}
        request = urllib.request.Request(self._base + path, data, headers)
        for attempt in range(TRIES):
            try:
                with self._opener.open(request, timeout=SECONDS) as response:
                    answer: dict[str, Any] = json.load(response)
                    return answer
            except urllib.error.HTTPError as error:
                message = _message(error)
                if error.code not in (408, 409, 429, 500, 502, 503, 504) or attempt == TRIES - 1:
                    if error.code in (400, 404, 422):
                        raise RefusedError(f"{error.code}: {message}") from error
                    raise EvalError(f"{self._base}{path} answered {error.code}: {message}") from error
                pause = error.headers.get("retry-after", "")
                time.sleep(min(60.0, float(pause) if pause.replace(".", "", 1).isdigit() else 0.5 * 2**attempt))
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                if attempt == TRIES - 1:
                    raise EvalError(
                        f"{self._base} does not answer ({error}): is the server up, the URL right?"
                    ) from error
                time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


class RefusedError(EvalError):
    """The deployment understood, and said no: 400, 404 or 422."""


def _message(error: urllib.error.HTTPError) -> str:
    text = error.read().decode("utf-8", "replace")
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return text[:300]
