"""What every filtered answer shares: the wrapped answer, the prompt's judgements, and how output is judged."""

from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.domain.policy import FilterPolicy
from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header
from pleiade.gateway.filters.asking import Judge
from pleiade.gateway.filters.texts import answer_text
from pleiade.gateway.filters.wording import annotates, prompt_field, prompt_results
from pleiade.gateway.runs.notes import notes_of
from pleiade.safety.judging import Judgement, Text


class AllFilteredError(Exception):
    """Every choice of a stream was filtered: the engine need not go on."""


class FilteredAnswer:
    """An answer that is looked at on its way out. Whole ones are filtered here, streams by those who inherit."""

    def __init__(
        self, inner: Answer, call: Call, policy: FilterPolicy, judge: Judge, prompts: Sequence[Judgement]
    ) -> None:
        self._inner = inner
        self._call = call
        self._policy = policy
        self._judge = judge
        self._prompts = list(prompts)
        self._annotates = annotates(call)

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._inner.started

    @property
    def finished(self) -> bool:
        """Whether its end has been sent."""
        return self._inner.finished

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """The complete answer at once; nothing of it is changed where nothing has to be told."""
        if status == 200 and content_type == JSON:
            body = await self._filtered(body)
        await self._inner.whole(status, body, headers, content_type)

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """The head of a stream, and Azure's first event: the prompt's annotations (wire-contract §5.5)."""
        await self._inner.begin(status, headers, content_type)
        if self._annotates and content_type == EVENT_STREAM:
            first: dict[str, Any] = {"id": "", "object": "", "created": 0, "model": ""}
            first[prompt_field(self._call)] = prompt_results(self._prompts)
            await self._inner.write(event({**first, "choices": [], "usage": None}))

    async def write(self, data: bytes) -> None:
        """More of the stream."""
        await self._inner.write(data)

    async def end(self) -> None:
        """The stream is complete."""
        await self._inner.end()

    async def finish(self, data: bytes) -> None:
        """The last events of a stream that the filter cut: they need no look."""
        await self._inner.write(data)
        await self._inner.end()

    def break_off(self) -> None:
        """Drop the reader at once."""
        self._inner.break_off()

    async def judged(self, text: str, whole: str) -> Judgement:
        """What the policy says of a piece of the answer. `whole`: the piece with `RECALL` characters before it."""
        judgement = await self._judge.judge([Text(text)] if text else [], self._policy, prompt=False, whole=whole)
        if (notes := notes_of(self._call)) is not None:
            notes.judged("completion", judgement)
        return judgement

    async def _filtered(self, body: bytes) -> bytes:
        try:
            answer = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return body
        choices = answer.get("choices")
        if not isinstance(choices, list):
            return body
        blocked = False
        for choice in choices:
            judgement = await self.judged(text := answer_text(choice), text)
            blocked |= judgement.blocked
            if judgement.blocked:
                empty_choice(choice, absent=self._annotates)
            if self._annotates:
                choice.update(judgement.annotation)
        if self._annotates:
            answer[prompt_field(self._call)] = prompt_results(self._prompts)
        return msgspec.json.encode(answer) if blocked or self._annotates else body


def empty_choice(choice: dict[str, Any], *, absent: bool) -> None:
    """A filtered choice: ended by the filter, without what it said. Azure leaves the content out (§5.4)."""
    choice["finish_reason"] = "content_filter"
    if "text" in choice:
        choice["text"] = ""
    if choice.get("logprobs") is not None:
        choice["logprobs"] = None
    message = choice.get("message")
    if isinstance(message, dict):
        kept: dict[str, Any] = {"role": message.get("role", "assistant")}
        choice["message"] = kept if absent else {**kept, "content": None}


def event(value: dict[str, Any]) -> bytes:
    """One event of a stream."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def last_chunk(chunk: dict[str, Any], index: int, annotation: dict[str, Any]) -> dict[str, Any]:
    """The chunk by which the filter ends a choice, made after another chunk of the stream."""
    chat = "chat" in str(chunk.get("object", ""))
    said: dict[str, Any] = {"delta": {}} if chat else {"text": "", "logprobs": None}
    choice = {"index": index, **said, "finish_reason": "content_filter", **annotation}
    return {**{name: value for name, value in chunk.items() if name != "usage"}, "choices": [choice]}
