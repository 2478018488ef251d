"""Reinforcement learning without a critic: several answers to a prompt, each judged against the others (RLOO).

Leave-one-out REINFORCE (Ahmadian et al., arXiv:2402.14740): an answer's advantage is its reward minus the mean reward
of the other answers to the same prompt. Every answer is sampled from the weights that learn from it, so no ratio is
clipped; as in Dr. GRPO (arXiv:2503.20783) nothing is divided by a standard deviation or by a length.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import IGNORED, Hidden, row_logprobs
from pleiade.lab.objectives.dpo import answer_logprobs
from pleiade.lab.objectives.pairs import answer_rows
from pleiade.lab.preferences.on_policy import Prompt, sample_shared
from pleiade.lab.preferences.pair import Answer, render_answer
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT

Judge = Callable[[Sequence[Prompt], Sequence[Sequence[str]]], list[list[float]]]


@dataclass(frozen=True)
class AnswerBatch:
    """Answers (B, T) with the advantage (B,) of each; `num_targets` counts the answers' tokens."""

    ids: Tensor
    targets: Tensor
    advantages: Tensor

    @property
    def num_targets(self) -> int:
        """Tokens of the answers: long and short answers weigh by what they say."""
        return max(1, int((self.targets != IGNORED).sum()))

    @property
    def num_tokens(self) -> int:
        """All tokens, padding too."""
        return self.ids.numel()

    def to(self, device: torch.device) -> AnswerBatch:
        """The same on a device."""
        return AnswerBatch(*(part.to(device) for part in (self.ids, self.targets, self.advantages)))


def leave_one_out(rewards_PN: Tensor) -> Tensor:
    """(P, N) rewards of N answers to P prompts -> each one's lead over the mean of the others."""
    others_PN = (rewards_PN.sum(1, keepdim=True) - rewards_PN) / (rewards_PN.shape[1] - 1)
    return rewards_PN - others_PN


class PolicyGradient:
    """Each step asks `prompts_per_step` prompts `num_answers` times and learns from what `judge` says of the answers.

    Prompts come in a new order each epoch. `rewards` keeps every step's mean reward. With a `reference` model an answer
    pays `kl` for each nat by which it is likelier now than there, out of its reward (Ahmadian et al., section 3).
    """

    def __init__(
        self,
        model: Gpt,
        tokenizer: Tokenizer,
        prompts: Sequence[Prompt],
        judge: Judge,
        *,
        prompts_per_step: int,
        num_answers: int,
        max_tokens: int,
        seq_len: int,
        micro_rows: int,
        temperature: float = 1.0,
        seed: int = 1,
        reference: Gpt | None = None,
        kl: float = 0.0,
    ) -> None:
        if num_answers < 2:
            raise ValueError(f"num_answers={num_answers}: an answer is judged against others, so at least 2")
        if not prompts:
            raise ValueError("there are no prompts to learn from")
        self.model, self.tokenizer, self.prompts, self.judge = model, tokenizer, list(prompts), judge
        self.prompts_per_step, self.num_answers, self.max_tokens = prompts_per_step, num_answers, max_tokens
        self.seq_len, self.micro_rows, self.temperature, self.seed = seq_len, micro_rows, temperature, seed
        self.reference, self.kl = reference, kl
        self.step = 0
        self.rewards: list[float] = []

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every prompt was asked once."""
        return -(-len(self.prompts) // self.prompts_per_step)

    def next_step(self) -> list[AnswerBatch]:
        """Sample, judge, and deal out what fits `seq_len`."""
        prompts = self._next_prompts()
        answers = sample_shared(
            self.model,
            self.tokenizer,
            prompts,
            num_answers=self.num_answers,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            seed=self.seed * 1_000_003 + self.step,
        )
        rewards_PN = torch.tensor(self.judge(prompts, answers))
        self.rewards.append(float(rewards_PN.mean()))
        self.step += 1
        rendered = [
            render_answer(p, text, self.tokenizer) for p, texts in zip(prompts, answers, strict=True) for text in texts
        ]
        if self.reference is not None and self.kl:
            rewards_PN -= self.kl * self._distance(rendered, self.reference).view(rewards_PN.shape)
        advantages = leave_one_out(rewards_PN).flatten().tolist()
        kept = [(r, a) for r, a in zip(rendered, advantages, strict=True) if len(r.ids) <= self.seq_len]
        pad_id = token_id(self.tokenizer, END_OF_TEXT)
        batches = []
        for first in range(0, len(kept), self.micro_rows):
            part = kept[first : first + self.micro_rows]
            ids, targets, _ = answer_rows([answer for answer, _ in part], pad_id, self.seq_len)
            batches.append(AnswerBatch(ids, targets, torch.tensor([advantage for _, advantage in part])))
        if not batches:
            raise ValueError(f"no prompt leaves room for an answer in {self.seq_len} tokens: raise seq_len")
        return batches

    def _distance(self, answers: Sequence[Answer], reference: Gpt) -> Tensor:
        """log p(answer) now minus then, in nats: its mean over samples is the KL divergence."""
        now, then = (torch.tensor(answer_logprobs(model, answers)) for model in (self.model, reference))
        return now - then

    def _next_prompts(self) -> list[Prompt]:
        chosen = []
        for number in range(self.step * self.prompts_per_step, (self.step + 1) * self.prompts_per_step):
            epoch, place = divmod(number, len(self.prompts))
            order = list(range(len(self.prompts)))
            random.Random(f"{self.seed}/{epoch}").shuffle(order)
            chosen.append(self.prompts[order[place]])
        return chosen

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: AnswerBatch, dtype: torch.dtype) -> Tensor:
        """-advantage x log p(answer | prompt), summed: its gradient is the policy's."""
        return -(batch.advantages * row_logprobs(hidden, model, batch.ids, batch.targets, dtype)).sum()

    def state_dict(self) -> dict[str, Any]:
        """The step: what is sampled follows from it and the weights."""
        return {"step": self.step, "rewards": self.rewards}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a step."""
        self.step, self.rewards = state["step"], list(state["rewards"])
