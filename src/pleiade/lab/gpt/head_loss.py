"""The head and its cross-entropy as one operation that never holds all logits.

Logits are made, turned into probabilities and into both gradients slice by slice, while they are in the cache. The
compiler's own version of this backward pass walks the logits column by column: with 8,192 tokens in the vocabulary
it took about half of a pico's step on a CPU. Same idea as Liger's fused linear cross-entropy.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pleiade.lab.gpt.divided import VocabularyPart, copy_to_ranks, vocabulary_part

SLICE_ROWS = 1024  # 1,024 rows of 8,192 bfloat16 logits are 16 MB

PIECE_NUMBERS = 2**18  # 1 MB of float32: four passes over it stay in a core's own cache (1.7 times faster together)


def _to_gradient(logits_LV: Tensor, targets_L: Tensor) -> Tensor:
    """Turn logits into the gradient of their summed cross-entropy, in place; returns that sum, in float32."""
    counts = (targets_L >= 0).float()[:, None]
    index = targets_L.clamp(min=0)[:, None]
    probabilities = torch.softmax(logits_LV, dim=-1, dtype=torch.float32)
    chosen = probabilities.gather(1, index)
    probabilities.scatter_(1, index, chosen - 1.0)
    if not bool(counts.all()):
        probabilities *= counts
    logits_LV.copy_(probabilities)
    return -(chosen.clamp(min=1e-30).log() * counts).sum()


class HeadLoss(torch.autograd.Function):
    """sum over rows of -log softmax(x_LD @ head_VD.T)[target]; a target below zero adds nothing."""

    @staticmethod
    def forward(ctx: Any, x_LD: Tensor, head_VD: Tensor, targets_L: Tensor) -> Tensor:
        """The loss in float32; both gradients are computed here, because the logits are at hand."""
        head = head_VD.to(x_LD.dtype)
        loss = torch.zeros((), device=x_LD.device)
        grad_x, grad_head = torch.empty_like(x_LD), torch.zeros_like(head_VD, dtype=torch.float32)
        piece = SLICE_ROWS if x_LD.is_cuda else max(32, PIECE_NUMBERS // len(head))
        for first in range(0, len(x_LD), SLICE_ROWS):
            part, targets = x_LD[first : first + SLICE_ROWS], targets_L[first : first + SLICE_ROWS]
            logits = part @ head.T
            for low in range(0, len(part), piece):
                loss += _to_gradient(logits[low : low + piece], targets[low : low + piece])
            grad_x[first : first + SLICE_ROWS] = logits @ head
            grad_head += logits.T @ part
        ctx.save_for_backward(grad_x, grad_head)
        return loss

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor, Tensor, None]:
        """Scale what forward computed."""
        grad_x, grad_head = ctx.saved_tensors
        return grad_x * grad_loss.to(grad_x.dtype), grad_head * grad_loss, None


class DividedHeadLoss(torch.autograd.Function):
    """The same where each rank holds the head's rows of some tokens: what it computes is this rank's part of them.

    Three numbers a row are exchanged: the largest logit, the sum of exponentials and the target's probability. The loss
    is whole on each rank, the gradient of `x_LD` only this rank's share.
    """

    @staticmethod
    def forward(ctx: Any, x_LD: Tensor, weight: Tensor, targets_L: Tensor, part: VocabularyPart) -> Tensor:
        """The loss in float32, with both gradients at hand."""
        head = weight.to(x_LD.dtype)
        loss = torch.zeros((), device=x_LD.device)
        grad_x, grad_head = torch.empty_like(x_LD), torch.zeros_like(weight, dtype=torch.float32)
        for first in range(0, len(x_LD), SLICE_ROWS):
            rows, targets = x_LD[first : first + SLICE_ROWS], targets_L[first : first + SLICE_ROWS]
            counts = (targets >= 0).float()[:, None]
            index, is_here = (found[:, None] for found in part.find(targets))
            logits = (rows @ head.T).float()
            largest = logits.amax(-1, keepdim=True)
            dist.all_reduce(largest, dist.ReduceOp.MAX, part.group)
            probabilities = (logits - largest).exp_()
            total = probabilities.sum(-1, keepdim=True)
            dist.all_reduce(total, group=part.group)
            probabilities /= total
            chosen = probabilities.gather(1, index) * is_here
            dist.all_reduce(chosen, group=part.group)
            loss -= (chosen.clamp(min=1e-30).log() * counts).sum()
            grad_logits = (probabilities.scatter_add_(1, index, -is_here.float()) * counts).to(x_LD.dtype)
            grad_x[first : first + SLICE_ROWS] = grad_logits @ head
            grad_head += grad_logits.T @ rows
        ctx.save_for_backward(grad_x, grad_head)
        return loss

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Scale what forward computed."""
        return (*HeadLoss.backward(ctx, grad_loss), None)


def head_loss_sum(x_LD: Tensor, head_VD: Tensor, targets_L: Tensor) -> Tensor:
    """Summed cross-entropy in nats of rows `x_LD` against `targets_L` (negative = ignored)."""
    part = vocabulary_part(head_VD)
    loss: Tensor
    if part is None:
        loss = HeadLoss.apply(x_LD, head_VD, targets_L)  # type: ignore[no-untyped-call]
    else:
        x_LD = copy_to_ranks(x_LD, part.group)
        loss = DividedHeadLoss.apply(x_LD, part.weight, targets_L, part)  # type: ignore[no-untyped-call]
    return loss
