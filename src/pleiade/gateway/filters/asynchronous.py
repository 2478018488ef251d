"""A stream that is not held up: it is looked at beside, and told of by offsets (wire-contract §5.6)."""

import asyncio
from typing import Any

import msgspec

from pleiade.gateway.filters.buffered import DONE, OVERLAP, wanted_choices
from pleiade.gateway.filters.filtered import AllFilteredError, FilteredAnswer, event, last_chunk
from pleiade.gateway.filters.texts import answer_text
from pleiade.safety.judging import Judgement
from pleiade.safety.protected import RECALL

MOST_UNSEEN = 900  # characters that may pass before the judgement is waited for: a violation is told within 1000


class _Choice:
    """What is known of one choice of the answer; offsets are characters, the prompt's first is 0."""

    def __init__(self, start: int) -> None:
        self.text = ""
        self.start = start  # where the answer begins
        self.checked = 0  # characters of the text that were judged
        self.asked = 0  # and that are being judged
        self.looking: asyncio.Task[Judgement] | None = None
        self.filtered = False


class AsynchronousAnswer(FilteredAnswer):
    """Lets tokens pass at once. Judgements follow as events of their own, and one that blocks ends its choice."""

    _choices: dict[int, _Choice]
    _last: dict[str, Any]
    prompt_characters = 0

    async def begin(self, *args: Any, **more: Any) -> None:
        """The head of a stream."""
        self._choices, self._last = {}, {}
        await super().begin(*args, **more)

    async def write(self, data: bytes) -> None:
        """More of the stream. Raises AllFilteredError once nothing of it may be said any more."""
        out = []
        for each in data.split(b"\n\n"):
            if each.startswith(b"data: {"):
                out += await self._pass(msgspec.json.decode(each[6:]))
            elif each == DONE and not self._all_filtered():  # else whoever catches that writes the end
                out.append(DONE + b"\n\n")
        if joined := b"".join(out):
            await self._inner.write(joined)
        if self._all_filtered():
            raise AllFilteredError

    def _all_filtered(self) -> bool:
        """Whether the filter has ended all choices that were asked for."""
        filtered = [choice.filtered for choice in self._choices.values()]
        return bool(filtered) and all(filtered) and len(filtered) >= wanted_choices(self._call.body)

    def break_off(self) -> None:
        """Drop the reader at once, and whatever is being looked at."""
        self.stop()
        super().break_off()

    def stop(self) -> None:
        """Look at nothing any more."""
        for choice in getattr(self, "_choices", {}).values():
            if choice.looking is not None:
                choice.looking.cancel()

    @property
    def last(self) -> dict[str, Any]:
        """A chunk of the stream, after which its last ones are made."""
        return self._last

    async def _pass(self, chunk: dict[str, Any]) -> list[bytes]:
        """The events that a chunk becomes: itself, and what is known by now of what went before."""
        out: list[bytes] = []
        kept = []
        for choice in chunk.get("choices") or ():
            self._last = chunk
            index = choice.get("index", 0)
            known = self._choices.setdefault(index, _Choice(self.prompt_characters))
            if known.filtered:
                continue
            known.text += answer_text(choice)
            ends = choice.get("finish_reason") is not None
            out += await self._look(index, known, whole=ends)
            if not known.filtered:
                kept.append(choice)
        if kept or not (chunk.get("choices") or self._all_filtered()):  # a cut stream is told its usage at its end
            out.append(event({**chunk, "choices": kept}))
        return out

    async def _look(self, index: int, known: _Choice, *, whole: bool) -> list[bytes]:
        """Ask for what is new where it is enough and tell what was answered; wait where too much has passed."""
        out: list[bytes] = []
        while True:
            if known.looking is not None:
                must_wait = whole or len(known.text) - known.checked > MOST_UNSEEN
                if not known.looking.done() and not must_wait:
                    return out
                judgement = await known.looking
                known.looking = None
                out += self._tell(index, known, judgement)
            unseen = len(known.text) - known.checked
            if known.filtered or not unseen or (unseen < self._policy.window and not whole):
                return out
            piece = known.text[max(0, known.checked - OVERLAP) :]
            recalled = known.text[max(0, known.checked - RECALL) :]
            known.asked = len(known.text)
            known.looking = asyncio.create_task(self.judged(piece, recalled))

    def _tell(self, index: int, known: _Choice, judgement: Judgement) -> list[bytes]:
        start, known.checked = known.checked, known.asked
        known.filtered = judgement.blocked
        if not self._annotates:
            return [event(last_chunk(self._last, index, {}))] if judgement.blocked else []
        offsets = {
            "check_offset": known.start + known.checked,
            "start_offset": known.start + start,
            "end_offset": known.start + known.checked,
        }
        choice: dict[str, Any] = {
            "index": index,
            "finish_reason": "content_filter" if judgement.blocked else None,
            **judgement.annotation,
            "content_filter_offsets": offsets,
        }
        return [event({"id": "", "object": "", "created": 0, "model": "", "choices": [choice], "usage": None})]
