"""The filter: a prompt before the engine sees it, and the answer before its reader does, by the deployment's policy."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pleiade.domain import Usage
from pleiade.domain.policy import FilterPolicy
from pleiade.gateway.body import read_field
from pleiade.gateway.call import Call
from pleiade.gateway.filters.asking import Judge
from pleiade.gateway.filters.asynchronous import AsynchronousAnswer
from pleiade.gateway.filters.buffered import BufferedAnswer
from pleiade.gateway.filters.filtered import AllFilteredError, FilteredAnswer, event
from pleiade.gateway.filters.texts import Unreadable, prompts_of
from pleiade.gateway.filters.wording import prompt_refused
from pleiade.gateway.runs.notes import notes_of
from pleiade.gateway.stages.forward import StreamOptions
from pleiade.safety.judging import Judgement

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

ANSWERS = ("/chat/completions", "/completions")  # whose answers are texts
PROMPTS = (*ANSWERS, "/images/generations", "/images/edits", "/images/outpaint")


class Screen:
    """Inside of the meter, so that what is filtered is charged (wire-contract §5.4); outside of every attempt.

    The policy is that of the deployment that was asked for: its canary is no way around it.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._judge = Judge(gateway)

    async def __call__(self, call: Call) -> None:
        """Raises ApiError 400 for a prompt that is filtered; the engine does not see it."""
        asked = call.diverted_from or call.target
        policy = asked.endpoint.policy if asked is not None else None
        if policy is None or call.engine_path not in PROMPTS:
            await self._next(call)
            return
        prompts = await self._prompts(call, policy)
        if call.engine_path not in ANSWERS:
            await self._next(call)
            return
        answer = self._wrapped(call, policy, prompts)
        inner, call.answer = call.answer, answer
        try:
            await self._next(call)
        except AllFilteredError:
            await _finish(call, answer)
        finally:
            call.answer = inner
            if isinstance(answer, AsynchronousAnswer):
                answer.stop()

    async def _prompts(self, call: Call, policy: FilterPolicy) -> list[Judgement]:
        judgements = []
        for texts in prompts_of(call):
            if isinstance(texts, Unreadable):
                judgement = Judgement({}, outage=texts.reason)
            else:
                judgement = await self._judge.judge(texts, policy, prompt=True)
            if (notes := notes_of(call)) is not None:
                notes.judged("prompt", judgement)
            if judgement.blocked:
                if call.engine_path in ANSWERS and call.estimate is not None:
                    call.usage = Usage(prompt_tokens=call.estimate.prompt)  # no engine counts what none has seen
                raise prompt_refused(call, judgement)
            judgements.append(judgement)
        return judgements

    def _wrapped(self, call: Call, policy: FilterPolicy, prompts: list[Judgement]) -> FilteredAnswer:
        if not call.stream:
            return FilteredAnswer(call.answer, call, policy, self._judge, prompts)
        if policy.streaming == "buffered":
            return BufferedAnswer(call.answer, call, policy, self._judge, prompts)
        answer = AsynchronousAnswer(call.answer, call, policy, self._judge, prompts)
        found = prompts_of(call)
        answer.prompt_characters = sum(len(each.text) for texts in found if isinstance(texts, list) for each in texts)
        return answer


async def _finish(call: Call, answer: FilteredAnswer) -> None:
    """The end of a stream that the filter cut: the usage that was asked for, and [DONE]."""
    out = b""
    options = read_field(call.body, "stream_options", StreamOptions, "an object") or StreamOptions()
    if options.include_usage and call.usage is not None and isinstance(answer, BufferedAnswer | AsynchronousAnswer):
        usage = call.usage
        told: dict[str, Any] = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        }
        out = event({**answer.last, "choices": [], "usage": told})
    await answer.finish(out + b"data: [DONE]\n\n")
