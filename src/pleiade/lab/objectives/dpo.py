"""Direct preference optimisation: the model itself becomes surer of the better answer (arXiv:2305.18290).

The reference model's log-probabilities are computed once, before the first step: no second model stays in memory.
A share of ordinary loss on the chosen answer keeps its likelihood from falling together with the rejected one's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import IGNORED, Hidden, row_logprobs
from pleiade.lab.objectives.pairs import PairBatch, PairDealer, judged
from pleiade.lab.preferences.pair import Answer, RenderedPair


class PreferenceOptimisation(PairDealer):
    """The dealer's pairs under DPO's loss; `beta` is how far the model may move, `sft_weight` the ordinary share."""

    beta: float = 0.5
    sft_weight: float = 0.2

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: PairBatch, dtype: torch.dtype) -> Tensor:
        """-log sigmoid(beta (chosen's gain - rejected's)), plus the chosen tokens' mean loss, summed over pairs."""
        logprobs_2P = row_logprobs(hidden, model, batch.ids, batch.targets, dtype)
        gain_chosen, gain_rejected = (logprobs_2P - batch.reference).chunk(2)
        chosen_P = logprobs_2P[: batch.num_targets]
        lengths_P = (batch.targets[: batch.num_targets] != IGNORED).sum(-1)
        preference_P = -F.logsigmoid(self.beta * (gain_chosen - gain_rejected))
        return (preference_P - self.sft_weight * chosen_P / lengths_P).sum()


@torch.no_grad()
def answer_logprobs(model: Gpt, answers: Sequence[Answer]) -> list[float]:
    """log p(answer | prompt) of each, in nats and float32."""

    def judge(ids: Tensor, targets: Tensor, _: Tensor) -> Tensor:
        return row_logprobs(model.hidden, model, ids, targets, torch.float32)

    return judged(answers, judge, model.device)


def pair_logprobs(model: Gpt, pairs: Sequence[RenderedPair]) -> list[tuple[float, float]]:
    """(chosen, rejected) of each pair."""
    flat = answer_logprobs(model, [answer for pair in pairs for answer in (pair.chosen, pair.rejected)])
    return list(zip(flat[::2], flat[1::2], strict=True))
