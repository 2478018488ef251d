"""A stream in vetted pieces: what was not looked at yet is held back (wire-contract §5.5)."""

from typing import Any

import msgspec

from pleiade.gateway.filters.filtered import AllFilteredError, FilteredAnswer, event, last_chunk
from pleiade.gateway.filters.texts import answer_text
from pleiade.safety.judging import Judgement
from pleiade.safety.protected import RECALL

OVERLAP = 120  # characters of what went before that are looked at again: harm may lie across two pieces
DONE = b"data: [DONE]"


class _Choice:
    """What is known of one choice of the answer."""

    def __init__(self) -> None:
        self.seen = ""  # the end of what was looked at
        self.new = ""  # held back
        self.ended = False
        self.filtered = False


class BufferedAnswer(FilteredAnswer):
    """Holds events back until a window's worth of text, or the end of a choice, has been judged."""

    _held: list[dict[str, Any]]
    _choices: dict[int, _Choice]
    _last: dict[str, Any]

    async def begin(self, *args: Any, **more: Any) -> None:
        """The head of a stream; nothing is held yet."""
        self._held, self._choices, self._last = [], {}, {}
        await super().begin(*args, **more)

    async def write(self, data: bytes) -> None:
        """More of the stream. Raises AllFilteredError once nothing of it may be said any more."""
        out = []
        for each in data.split(b"\n\n"):
            if each == DONE:
                out.append(await self._release())
                if not self._all_filtered():  # else whoever catches that writes the end
                    out.append(DONE + b"\n\n")
            elif each.startswith(b"data: {"):
                chunk = msgspec.json.decode(each[6:])
                self._hold(chunk)
                if self._is_due():
                    out.append(await self._release())
        if joined := b"".join(out):
            await self._inner.write(joined)
        if self._all_filtered():
            raise AllFilteredError

    async def end(self) -> None:
        """The stream is complete; an end without [DONE] lets nothing out that was not looked at."""
        if self._held:
            await self._inner.write(await self._release())
        await super().end()

    @property
    def last(self) -> dict[str, Any]:
        """A chunk of the stream, after which its last ones are made."""
        return self._last

    def _all_filtered(self) -> bool:
        """Whether the filter has ended all choices that were asked for."""
        filtered = [choice.filtered for choice in self._choices.values()]
        return bool(filtered) and all(filtered) and len(filtered) >= wanted_choices(self._call.body)

    def _hold(self, chunk: dict[str, Any]) -> None:
        self._held.append(chunk)
        self._last = chunk if chunk.get("choices") else self._last
        for choice in chunk.get("choices") or ():
            known = self._choices.setdefault(choice.get("index", 0), _Choice())
            known.new += answer_text(choice)
            known.ended |= choice.get("finish_reason") is not None

    def _is_due(self) -> bool:
        texts = [choice for choice in self._choices.values() if not choice.filtered]
        waits = any(choice.new for choice in texts)
        return not waits or any(len(c.new) >= self._policy.window or (c.new and c.ended) for c in texts)

    async def _release(self) -> bytes:
        judgements: dict[int, Judgement] = {}
        for index, choice in self._choices.items():
            if choice.new and not choice.filtered:
                whole = choice.seen + choice.new
                judgements[index] = await self.judged(choice.seen[-OVERLAP:] + choice.new, whole)
                choice.seen, choice.new = whole[-RECALL:], ""
        out = []
        for chunk in self._held:
            if not chunk.get("choices"):
                if not self._all_filtered():  # else the usage is told where the stream is ended
                    out.append(event(chunk))
                continue
            kept = []
            for choice in chunk["choices"]:
                index = choice.get("index", 0)
                known, judgement = self._choices[index], judgements.get(index)
                if known.filtered:
                    continue
                if judgement is not None and judgement.blocked and (answer_text(choice) or choice.get("finish_reason")):
                    known.filtered = True
                    annotation = judgement.annotation if self._annotates else {}
                    kept += last_chunk(chunk, index, annotation)["choices"]
                    continue
                if self._annotates:
                    said = judgement if judgement is not None and answer_text(choice) else Judgement({})
                    choice.update(said.annotation)
                kept.append(choice)
            if kept:
                out.append(event({**chunk, "choices": kept}))
        self._held = []
        return b"".join(out)


def wanted_choices(body: dict[str, msgspec.Raw]) -> int:
    """How many choices a request asks for: `n`, times its prompts. The engine has taken it: odd values mean one."""
    try:
        count = int(msgspec.json.decode(body["n"])) if "n" in body else 1
        prompt = msgspec.json.decode(body["prompt"]) if "prompt" in body else ""
    except (msgspec.DecodeError, TypeError, ValueError):
        return 1
    several = isinstance(prompt, list) and bool(prompt) and not isinstance(prompt[0], int)
    return max(count, 1) * (len(prompt) if several else 1)
