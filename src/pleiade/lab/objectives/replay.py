"""A stage's lessons with some of the base's text in every step, so that the language is not forgotten.

InstructGPT mixes pretraining gradients into what comes after (Ouyang et al., arXiv:2203.02155, "PPO-ptx").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import Hidden, MicroBatch, next_token_loss_sum
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.objectives.sft import InstructionTuning


@dataclass(frozen=True)
class ReplayedBatch(MicroBatch):
    """Rows of the base's text, as long as the base reads them."""


class Replay:
    """Conversations and text in one step; a token of either weighs the same. Epochs are the conversations'."""

    def __init__(self, lessons: InstructionTuning, text: NextToken) -> None:
        self.lessons, self.text = lessons, text

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every conversation was seen once."""
        return self.lessons.steps_per_epoch

    def next_step(self) -> list[MicroBatch]:
        """The next rows of both."""
        replayed = [ReplayedBatch(batch.ids, batch.targets) for batch in self.text.next_step()]
        return [*self.lessons.next_step(), *replayed]

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
        """Cross-entropy of the assistant's tokens and of all tokens of the text, in nats."""
        return next_token_loss_sum(hidden, model, batch, dtype)

    def state_dict(self) -> dict[str, Any]:
        """The place in both."""
        return {"lessons": self.lessons.state_dict(), "text": self.text.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place."""
        self.lessons.load_state_dict(state["lessons"])
        self.text.load_state_dict(state["text"])
