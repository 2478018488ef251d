"""Scores a model in this process, with torch: likelihoods in padded batches, generation by its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.dialogues.conversation import Message
from pleiade.lab.evals.scorer import EvalError, Likelihood, cut, scored_ids
from pleiade.lab.tokenizer.special_tokens import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX

# Of one batch, in float32. Larger blocks go back to the kernel after each use and are faulted in again.
LOGITS_BYTES = 16 << 20
ROWS = 32


class Network(Protocol):
    """A model as tensors, with the tokenizer that belongs to it."""

    name: str
    tokenizer: Tokenizer
    vocab_size: int
    max_positions: int
    start: str | None  # the token before every text
    stop_ids: set[int]
    facts: Mapping[str, str]

    def logits_at(self, ids_BT: Tensor, where_BT: Tensor) -> Tensor:
        """(B, T) -> (N, V) in float32 at the N true places of `where_BT`, row by row; padding stands at the right."""
        ...

    def generate(self, prompts: Sequence[list[int]], max_tokens: int, stop: Sequence[str]) -> list[list[int]]:
        """Greedy continuations up to a stop id; it may end a row early once its text holds one of `stop`."""
        ...

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt that asks for the assistant's answer. Raises EvalError if the model has no chat template."""
        ...


@dataclass(frozen=True)
class _Row:
    """One text: its ids, and from which of them on they are scored."""

    place: int
    ids: list[int]
    scored_from: int
    truncated: bool


class LocalScorer:
    """A `Scorer` in this process."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def name(self) -> str:
        """The model's."""
        return self._network.name

    @property
    def facts(self) -> Mapping[str, str]:
        """Where it runs, and what stands before a text."""
        start = self._network.start
        return {"runs": "in process (torch)", "before each text": start or "nothing", **self._network.facts}

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """See `Scorer`. Texts of like length share a batch."""
        rows = sorted((self._row(place, *pair) for place, pair in enumerate(pairs)), key=lambda row: -len(row.ids))
        found: dict[int, Likelihood] = {}
        while rows:
            longest = max(len(row.ids) - row.scored_from for row in rows[:ROWS])
            count = min(ROWS, max(1, LOGITS_BYTES // (4 * self._network.vocab_size * max(1, longest))))
            batch, rows = rows[:count], rows[count:]
            found |= {row.place: likelihood for row, likelihood in zip(batch, self._score(batch), strict=True)}
        return [found[place] for place in range(len(pairs))]

    def complete(self, prompts: Sequence[str], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """See `Scorer`."""
        return self._generate([(self._network.start or "") + prompt for prompt in prompts], max_tokens, stop)

    def chat(self, conversations: Sequence[Sequence[Message]], max_tokens: int) -> list[str]:
        """See `Scorer`; by the model's own chat template."""
        return self._generate([self._network.render(messages) for messages in conversations], max_tokens, ())

    def infill(self, holes: Sequence[tuple[str, str]], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """See `Scorer`; prefix, suffix, middle, with Qwen's marks."""
        if any(self._network.tokenizer.token_to_id(mark) is None for mark in (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE)):
            raise EvalError(f"{self.name} has no fill-in-the-middle tokens ({FIM_PREFIX} …): leave out the suite fim")
        prompts = [f"{FIM_PREFIX}{prefix}{FIM_SUFFIX}{suffix}{FIM_MIDDLE}" for prefix, suffix in holes]
        return self._generate(prompts, max_tokens, stop)

    def _row(self, place: int, context: str, continuation: str) -> _Row:
        ids, scored_from = scored_ids(self._network.tokenizer, self._network.start or "", context, continuation)
        too_many = max(0, len(ids) - 1 - self._network.max_positions)
        if scored_from < too_many:
            raise EvalError(
                f"a continuation of {len(ids) - scored_from} tokens exceeds the {self._network.max_positions} "
                f"positions of {self.name}"
            )
        return _Row(place, ids[too_many:], max(1, scored_from - too_many), too_many > 0)

    @torch.no_grad()
    def _score(self, rows: Sequence[_Row]) -> list[Likelihood]:
        width = len(rows[0].ids) - 1
        if width < 1:
            return [Likelihood(0.0, True, 0, row.truncated) for row in rows]
        ids_BT = torch.zeros(len(rows), width + 1, dtype=torch.long)
        where_BT = torch.zeros(len(rows), width, dtype=torch.bool)
        for i, row in enumerate(rows):
            ids_BT[i, : len(row.ids)] = torch.tensor(row.ids)
            where_BT[i, row.scored_from - 1 : len(row.ids) - 1] = True
        logits_NV = self._network.logits_at(ids_BT[:, :-1], where_BT)
        targets_N = ids_BT[:, 1:][where_BT]
        logprobs_N = logits_NV.gather(-1, targets_N[:, None])[:, 0] - logits_NV.logsumexp(-1)
        greedy_N = logits_NV.argmax(-1) == targets_N
        counts = where_BT.sum(-1).tolist()
        return [
            Likelihood(float(logprobs.double().sum()), bool(greedy.all()), count, row.truncated)
            for row, count, logprobs, greedy in zip(
                rows, counts, torch.split(logprobs_N, counts), torch.split(greedy_N, counts), strict=True
            )
        ]

    def _generate(self, texts: Sequence[str], max_tokens: int, stop: Sequence[str]) -> list[str]:
        tokenizer = self._network.tokenizer
        room = self._network.max_positions - max_tokens
        if room < 1:
            raise EvalError(f"{max_tokens} new tokens leave no room for a prompt in {self.name}")
        # As in `likelihoods`, what does not fit loses its beginning.
        prompts = [tokenizer.encode(text, add_special_tokens=False).ids[-room:] for text in texts]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        written: dict[int, str] = {}
        for first in range(0, len(order), ROWS):
            places = order[first : first + ROWS]
            ids = self._network.generate([prompts[i] for i in places], max_tokens, stop)
            written |= {i: cut(str(tokenizer.decode(new)), stop) for i, new in zip(places, ids, strict=True)}
        return [written[i] for i in range(len(texts))]
