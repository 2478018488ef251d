"""Reward modelling: the better answer of a pair shall score higher.

Bradley and Terry's model of paired comparisons, as InstructGPT trains it (arXiv:2203.02155, section 3.5), with the
scores of a pair kept around zero, because the loss sees only their difference (Eisenstein et al., arXiv:2312.09244).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import Hidden
from pleiade.lab.objectives.pairs import PairBatch, PairDealer, judged
from pleiade.lab.preferences.pair import Answer

CENTRING = 0.01


class RewardModelling(PairDealer):
    """The dealer's pairs under the Bradley-Terry loss."""

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: PairBatch, dtype: torch.dtype) -> Tensor:
        """-log sigmoid(chosen - rejected) + 0.01 (chosen + rejected)^2, summed over pairs."""
        chosen_P, rejected_P = last_rewards(hidden, model, batch.ids, batch.last, dtype).chunk(2)
        centre_P = (chosen_P + rejected_P).square()
        return (-F.logsigmoid(chosen_P - rejected_P) + CENTRING * centre_P).sum()


def last_rewards(hidden: Hidden, model: Gpt, ids_BT: Tensor, last_B: Tensor, dtype: torch.dtype) -> Tensor:
    """The reward of each row at its last token, a float32 (B,). Raises ValueError for a model without reward head."""
    if model.reward_head is None:
        raise ValueError("this model has no reward head: train one with `pleiade train reward`")
    x_BD = hidden(ids_BT, dtype)[torch.arange(len(ids_BT), device=ids_BT.device), last_B]
    rewards_B1: Tensor = model.reward_head(x_BD)
    return rewards_B1[:, 0].float()


@torch.no_grad()
def answer_rewards(model: Gpt, answers: Sequence[Answer]) -> list[float]:
    """The reward of each answer, in float32."""

    def judge(ids: Tensor, _: Tensor, last: Tensor) -> Tensor:
        return last_rewards(model.hidden, model, ids, last, torch.float32)

    return judged(answers, judge, model.device)
