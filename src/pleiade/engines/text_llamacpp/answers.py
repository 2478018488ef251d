"""Followed sequences as OpenAI's answers: the choices of chunks, and of whole chats and completions."""

from collections.abc import Mapping
from typing import Any

from pleiade.engines.text_llamacpp.dialect import Step, legacy_logprobs
from pleiade.engines.text_llamacpp.sequences import Sequence
from pleiade.engines.wire.answer import CHAT, COMPLETION


class ChatAnswer:
    """Chat completions of sequences."""

    kind = CHAT

    def __init__(self, logprobs: bool) -> None:
        self._logprobs = logprobs

    def chunks(self, sequence: Sequence, step: Step) -> list[dict[str, Any]]:
        """The choices of the chunks for one step."""
        choice: dict[str, Any] = {
            "index": sequence.index,
            "delta": step.delta,
            "logprobs": None,
            "finish_reason": None,
        }
        found = []
        if step.delta and not (sequence.silent and "role" not in step.delta):
            delta = {**step.delta, "content": step.delta.get("content") or ""} if "role" in step.delta else step.delta
            found.append({**choice, "delta": delta, "logprobs": self._logprobs_of(step.logprobs)})
        if step.finish:
            found.append({**choice, "delta": {}, "finish_reason": sequence.finish})
        return found

    def _logprobs_of(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if not self._logprobs or not given:
            return None
        return {"content": [_entry(e) for e in given.get("content") or ()], "refusal": None}

    def whole(self, sequences: list[Sequence]) -> list[dict[str, Any]]:
        """The choices of a whole answer."""
        return [
            {
                "index": sequence.index,
                "message": {**sequence.message, "content": _content(sequence.message)},
                "logprobs": self._logprobs_of({"content": sequence.logprobs}) if self._logprobs else None,
                "finish_reason": sequence.finish,
            }
            for sequence in sequences
        ]


def _content(message: Mapping[str, Any]) -> str | None:
    content: str | None = message["content"]
    return content if content is not None or "tool_calls" in message else ""


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A log-probability entry without llama.cpp's own keys."""
    own = {name: entry.get(name) for name in ("token", "logprob", "bytes")}
    tops = entry.get("top_logprobs") or ()
    return {**own, "top_logprobs": [{n: top.get(n) for n in ("token", "logprob", "bytes")} for top in tops]}


class CompletionAnswer:
    """Text completions of sequences; of `grown` candidates per prompt the `n` likeliest."""

    kind = COMPLETION

    def __init__(self, echoed: list[str], *, n: int, grown: int, logprobs: bool) -> None:
        self._echoed = echoed
        self._n = n
        self._grown = grown
        self._logprobs = logprobs
        self._begun: set[int] = set()

    def chunks(self, sequence: Sequence, step: Step) -> list[dict[str, Any]]:
        """The choices of the chunks for one step."""
        text = "" if sequence.silent else step.text
        if sequence.index not in self._begun:
            self._begun.add(sequence.index)
            text = self._echoed[sequence.index // self._grown] + text
        if not text and not step.finish:
            return []
        found = None
        if self._logprobs and step.logprobs:
            offset = len(sequence.text) - len(step.text)
            found = legacy_logprobs(step.logprobs.get("content") or (), offset)
        return [{"index": sequence.index, "text": text, "logprobs": found, "finish_reason": step.finish}]

    def whole(self, sequences: list[Sequence]) -> list[dict[str, Any]]:
        """The choices of a whole answer."""
        kept: list[dict[str, Any]] = []
        for place, echoed in enumerate(self._echoed):
            candidates = sequences[place * self._grown : (place + 1) * self._grown]
            if self._grown > self._n:
                candidates = sorted(candidates, key=lambda s: -s.mean_logprob())
            for sequence in candidates[: self._n]:
                found = legacy_logprobs(sequence.logprobs, 0) if self._logprobs else None
                kept.append(
                    {
                        "index": len(kept),
                        "text": echoed + sequence.text,
                        "logprobs": found,
                        "finish_reason": sequence.finish,
                    }
                )
        return kept
