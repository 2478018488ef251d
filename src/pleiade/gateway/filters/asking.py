"""Asks the classifier's engine for scores. What it does not answer is an outage: calls go on, and say so."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from pleiade.domain import ModelKind
from pleiade.domain.policy import FilterPolicy
from pleiade.gateway.directory import Target
from pleiade.gateway.filters.guarding import ask_guard
from pleiade.gateway.filters.lost import JudgeLostError
from pleiade.safety.judging import Judgement, Text, judge

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

MOST_TEXTS, MOST_CHARACTERS = 1024, 400_000  # in one question: half of what the engine takes
PIECE = 100_000  # characters; a longer text is asked in pieces
_SECONDS, _SECONDS_PER_MILLION = 3.0, 20.0
_WARN_EVERY_S = 60.0

log = logging.getLogger(__name__)


class _Result(msgspec.Struct):
    harms: dict[str, float]


class _Answer(msgspec.Struct):
    results: list[_Result]


_answer = msgspec.json.Decoder(_Answer)


class Judge:
    """One for each gateway. Nothing is remembered of what it asked."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._warned_at = float("-inf")

    async def judge(self, texts: Sequence[Text], policy: FilterPolicy, *, prompt: bool, whole: str = "") -> Judgement:
        """The judgement of texts that belong together. Nothing is raised: an outage is in it.

        `whole`: of an answer what is new with enough of what came before, to be looked through for protected text.
        """
        screen, blocklists = policy.prompt if prompt else policy.output, policy.blocklists
        scores, outage = None, ""
        if screen.needs_model and texts:
            try:
                scores = await self.scores([each.text for each in texts], policy, prompt=prompt)
            except JudgeLostError as error:
                outage = str(error)
                self._warn(policy.judge, outage)
        elif not texts:
            scores = []
        repeats = None
        if not prompt and screen.protected_text != "off":
            repeats = self.repeats(whole)
            if repeats is None:
                outage = outage or "protected texts cannot be read"
        if not blocklists:
            return judge(texts, scores, screen, (), prompt=prompt, outage=outage, repeats=repeats)
        # An expression of a blocklist may take its whole time: not in the loop that serves everybody.
        return await asyncio.to_thread(
            judge, texts, scores, screen, blocklists, prompt=prompt, outage=outage, repeats=repeats
        )

    def repeats(self, text: str) -> bool | None:
        """Whether a text repeats a protected one; None where that cannot be told now."""
        protected = self._gateway.protected
        return protected.value.repeats(text) if protected is not None and protected.loaded else None

    async def scores(self, texts: Sequence[str], policy: FilterPolicy, *, prompt: bool) -> list[dict[str, float]]:
        """Scores of each text, by harm: of a long one the worst of its pieces. Raises JudgeLostError."""
        target = self._gateway.directory.find(policy.judge)
        if target is not None and target.endpoint.kind == ModelKind.TEXT:
            return await ask_guard(self._gateway.session, target, texts, policy.judge_form, prompt=prompt)
        if target is None or target.endpoint.kind != ModelKind.MODERATION:
            raise JudgeLostError(f"no moderation model and no guard is deployed as {policy.judge}")
        pieces = [(row, text[at : at + PIECE]) for row, text in enumerate(texts) for at in _starts(text)]
        found: list[dict[str, float]] = [{} for _ in texts]
        start = 0
        while start < len(pieces):
            end, size = start, 0
            while end < min(len(pieces), start + MOST_TEXTS) and size + len(pieces[end][1]) <= MOST_CHARACTERS:
                size += len(pieces[end][1])
                end += 1
            asked = pieces[start:end]
            for (row, _), result in zip(asked, await self._ask([text for _, text in asked], target), strict=True):
                known = found[row]
                found[row] = {name: max(score, known.get(name, 0.0)) for name, score in result.harms.items()}
            start = end
        return found

    async def _ask(self, texts: list[str], target: Target) -> list[_Result]:
        endpoint = target.endpoint
        deployment = endpoint.deployment
        body: dict[str, Any] = {"input": texts, "model": endpoint.send_model or endpoint.model, "harms": True}
        seconds = _SECONDS + _SECONDS_PER_MILLION * sum(map(len, texts)) / 1e6
        try:
            async with self._gateway.session.post(
                endpoint.url + "/moderations" + (f"?{endpoint.query}" if endpoint.query else ""),
                data=msgspec.json.encode(body),
                headers=target.headers,
                timeout=aiohttp.ClientTimeout(seconds),
            ) as response:
                data = await response.read()
                if response.status != 200:
                    raise JudgeLostError(f"{deployment} answered with the status {response.status}")
            results = _answer.decode(data).results
        except (aiohttp.ClientError, TimeoutError, ConnectionError, msgspec.DecodeError) as error:
            raise JudgeLostError(f"{deployment} does not answer ({type(error).__name__})") from error
        if len(results) != len(texts):
            raise JudgeLostError(f"{deployment} judged {len(results)} of {len(texts)} texts")
        return results

    def _warn(self, deployment: str, outage: str) -> None:
        """Say that nothing is filtered: not for each call, but as long as it is so."""
        now = time.monotonic()
        if now - self._warned_at > _WARN_EVERY_S:
            self._warned_at = now
            log.warning("answers pass unfiltered: %s. Start it again: pleiade restart %s", outage, deployment)


def _starts(text: str) -> range:
    return range(0, max(len(text), 1), PIECE)
