"""Deals out preference pairs: both answers of a pair pass through the model in one batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pleiade.lab.objectives.base import IGNORED, examples_fingerprint, refuse_other_examples
from pleiade.lab.preferences.pair import Answer, RenderedPair


@dataclass(frozen=True)
class PairBatch:
    """P pairs: the first P rows are the chosen answers, the last P the rejected ones.

    `ids`, `targets` (2P, T) as in MicroBatch, only the answer's tokens being targets; `last` (2P,) the place of each
    row's last token; `reference` (2P,) log-probabilities under the model before training, zeros where nobody asks.
    """

    ids: Tensor
    targets: Tensor
    last: Tensor
    reference: Tensor

    @property
    def num_targets(self) -> int:
        """Pairs."""
        return len(self.ids) // 2

    @property
    def num_tokens(self) -> int:
        """All tokens of both answers, padding too."""
        return self.ids.numel()

    def to(self, device: torch.device) -> PairBatch:
        """The same on a device."""
        return PairBatch(*(part.to(device) for part in (self.ids, self.targets, self.last, self.reference)))


def answer_rows(answers: Sequence[Answer], pad_id: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """ids, targets (B, width) and last (B,) of some answers, padded on the right."""
    ids = torch.full((len(answers), width), pad_id)
    targets = torch.full((len(answers), width), IGNORED)
    for row, answer in enumerate(answers):
        tokens = torch.tensor(answer.ids)
        ids[row, : len(tokens)] = tokens
        targets[row, answer.start - 1 : len(tokens) - 1] = tokens[answer.start :]
    return ids, targets, torch.tensor([len(answer.ids) - 1 for answer in answers])


def judged(
    answers: Sequence[Answer], judge: Callable[[Tensor, Tensor, Tensor], Tensor], device: torch.device, rows: int = 32
) -> list[float]:
    """A number for each answer: `judge` takes ids, targets and last of a batch on `device`; answers of similar length
    share one.
    """
    order = sorted(range(len(answers)), key=lambda i: len(answers[i].ids))
    numbers = [0.0] * len(answers)
    for first in range(0, len(order), rows):
        part = order[first : first + rows]
        batch = [t.to(device) for t in answer_rows([answers[i] for i in part], 0, len(answers[part[-1]].ids))]
        for i, number in zip(part, judge(*batch), strict=True):
            numbers[i] = float(number)
    return numbers


class PairDealer:
    """Every pair once an epoch, in a new order. Pairs longer than `seq_len` are left out (`num_left_out`).

    Rows are always padded to `seq_len`: one shape for the compiler.
    """

    def __init__(
        self,
        pairs: Sequence[RenderedPair],
        pad_id: int,
        seq_len: int,
        rows: int,
        micro_rows: int,
        seed: int,
        references: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        if rows % micro_rows:
            raise ValueError(f"rows={rows} must be a multiple of micro_rows={micro_rows}")
        kept = [i for i, pair in enumerate(pairs) if pair.longest <= seq_len]
        if not kept:
            raise ValueError(f"none of {len(pairs)} pairs fits {seq_len} tokens: raise seq_len or give shorter answers")
        self.pairs = [pairs[i] for i in kept]
        self.references = [references[i] if references else (0.0, 0.0) for i in kept]
        self.num_left_out = len(pairs) - len(kept)
        self.pad_id, self.seq_len, self.rows, self.micro_rows, self.seed = pad_id, seq_len, rows, micro_rows, seed
        self.fingerprint = examples_fingerprint(
            answer.ids for pair in self.pairs for answer in (pair.chosen, pair.rejected)
        )
        self.epoch, self.position = 0, 0
        self.order = self._order(0)

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every pair was seen once."""
        return -(-len(self.pairs) // self.rows)

    def next_step(self) -> list[PairBatch]:
        """The next `rows` pairs, `micro_rows` at a time."""
        return [
            self._batch([self._next() for _ in range(self.micro_rows)]) for _ in range(self.rows // self.micro_rows)
        ]

    def _next(self) -> int:
        if self.position == len(self.order):
            self.epoch, self.position = self.epoch + 1, 0
            self.order = self._order(self.epoch)
        self.position += 1
        return self.order[self.position - 1]

    def _order(self, epoch: int) -> list[int]:
        order = list(range(len(self.pairs)))
        random.Random(f"{self.seed}/{epoch}").shuffle(order)
        return order

    def _batch(self, members: list[int]) -> PairBatch:
        answers = [self.pairs[i].chosen for i in members] + [self.pairs[i].rejected for i in members]
        reference = [self.references[i][0] for i in members] + [self.references[i][1] for i in members]
        return PairBatch(*answer_rows(answers, self.pad_id, self.seq_len), torch.tensor(reference))

    def state_dict(self) -> dict[str, Any]:
        """The place in the epoch, and in which pairs."""
        return {"epoch": self.epoch, "position": self.position, "examples": self.fingerprint}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place; raises ValueError if it is one in other pairs."""
        refuse_other_examples(self.fingerprint, state)
        self.epoch, self.position = state["epoch"], state["position"]
        self.order = self._order(self.epoch)
