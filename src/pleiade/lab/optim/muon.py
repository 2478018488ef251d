"""Muon (momentum, orthogonalised by Newton-Schulz) and AdamW as one optimizer over named groups.

Muon: Keller Jordan, "Muon: an optimizer for hidden layers" (2024). Matrices of one shape are stacked and
orthogonalised together, because a few batched products beat many small ones (nanochat). Several ranks share the
orthogonalisation out (parallel/matrices.py); all else each does for what it holds of the parameters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pleiade.lab.gpt.divided import fill, here, is_divided

if TYPE_CHECKING:
    from pleiade.lab.parallel.matrices import CopiedMatrices, DividedMatrices


@dataclass(frozen=True)
class OptimConfig:
    """Peak learning rates and constants; the schedule multiplies the rates."""

    muon_lr: float = 0.015
    muon_momentum: float = 0.95
    muon_weight_decay: float = 0.05
    embedding_lr: float = 0.01
    head_lr: float = 0.004
    gain_lr: float = 0.005
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-10
    max_grad_norm: float = 1.0
    muon_precision: str = "bfloat16"


def orthogonalise(matrices_GRC: Tensor, num_steps: int = 5, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Push every singular value of a stack of matrices (G, rows, columns) towards one, computing in `dtype`.

    The quintic's constants are Jordan's: steep at zero, values end between about 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrices_GRC.to(dtype)
    is_tall = x.shape[1] > x.shape[2]
    if is_tall:
        x = x.mT.contiguous()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(num_steps):
        gram = x @ x.mT
        # a x + (b gram + c gram²) x with the sums inside the products: half of the time on a CPU.
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).float()


class MuonAdamW:
    """Owns the optimizer state of a model's parameters; `step(scale)` applies one update at `scale` x peak rates."""

    def __init__(self, named_parameters: Iterable[tuple[str, nn.Parameter]], config: OptimConfig) -> None:
        self.config = config
        self.num_steps = 0
        self.parameters = dict(named_parameters)
        self.matrices = {n: p for n, p in self.parameters.items() if _is_block_matrix(n, p)}
        self.others = {n: p for n, p in self.parameters.items() if n not in self.matrices}
        self.momentum = {n: torch.zeros_like(p) for n, p in self.matrices.items()}
        self.first_moment = {n: torch.zeros_like(p) for n, p in self.others.items()}
        self.second_moment = {n: torch.zeros_like(p) for n, p in self.others.items()}
        self.dtype: torch.dtype = getattr(torch, config.muon_precision)
        self.shared = _shared_out(list(self.matrices.values()))
        by_shape: dict[torch.Size, list[str]] = defaultdict(list)
        for name, parameter in self.matrices.items():
            by_shape[parameter.shape].append(name)
        # What is shared out travels together, and is stacked where it is worked on.
        self.stacks = [list(self.matrices)] if self.shared else list(by_shape.values())

    @torch.no_grad()
    def step(self, scale: float) -> float:
        """Clip, update every parameter, clear gradients; returns the gradient norm before clipping."""
        gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        norm = norm.full_tensor() if is_divided(norm) else norm  # type: ignore[attr-defined]
        torch.nn.utils.clip_grads_with_norm_(list(self.parameters.values()), self.config.max_grad_norm, norm)
        self.num_steps += 1
        for names in self.stacks:
            self._muon(names, scale)
        for name in self.others:
            self._adamw(name, scale)
        for parameter in self.parameters.values():
            parameter.grad = None
        return float(norm)

    def _muon(self, names: list[str], scale: float) -> None:
        # Momentum warms up from 0.85: early gradients point elsewhere and should not linger.
        momentum = 0.85 + (self.config.muon_momentum - 0.85) * min(1.0, self.num_steps / 300)
        directions = []
        for name in names:
            gradient, buffer = _gradient(self.matrices[name]), here(self.momentum[name])
            buffer.lerp_(gradient, 1 - momentum)
            directions.append(gradient.lerp(buffer, momentum))  # Nesterov
        lr = self.config.muon_lr * scale
        for name, update in zip(names, self._orthogonalised(directions), strict=True):
            (rows, columns), parameter = self.matrices[name].shape, here(self.matrices[name])
            parameter.mul_(1 - lr * self.config.muon_weight_decay)
            parameter.add_(update, alpha=-lr * max(1.0, rows / columns) ** 0.5)

    def _orthogonalised(self, directions: list[Tensor]) -> Iterable[Tensor]:
        if self.shared is not None:
            return self.shared.orthogonalise(directions, partial(orthogonalise, dtype=self.dtype))
        return orthogonalise(torch.stack(directions), dtype=self.dtype)

    def _adamw(self, name: str, scale: float) -> None:
        config, whole = self.config, self.others[name]
        gradient, parameter = _gradient(whole), here(whole)
        first, second = here(self.first_moment[name]), here(self.second_moment[name])
        first.lerp_(gradient, 1 - config.beta1)
        second.lerp_(gradient.square(), 1 - config.beta2)
        peak = config.gain_lr if whole.dim() == 1 else (config.head_lr if "head" in name else config.embedding_lr)
        first_unbiased = first / (1 - config.beta1**self.num_steps)
        second_unbiased = second / (1 - config.beta2**self.num_steps)
        parameter.add_(first_unbiased / (second_unbiased.sqrt() + config.eps), alpha=-peak * scale)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "num_steps": self.num_steps,
            "momentum": self.momentum,
            "first_moment": self.first_moment,
            "second_moment": self.second_moment,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave; raises KeyError if a parameter is missing from it."""
        self.num_steps = state["num_steps"]
        for mine, theirs in (
            (self.momentum, state["momentum"]),
            (self.first_moment, state["first_moment"]),
            (self.second_moment, state["second_moment"]),
        ):
            for name, tensor in mine.items():
                fill(tensor, theirs[name])


def _shared_out(matrices: list[nn.Parameter]) -> DividedMatrices | CopiedMatrices | None:
    """Who orthogonalises which, where there are several ranks; None where this one does them all."""
    is_alone = not dist.is_initialized() or dist.get_world_size() == 1
    if not matrices or (is_alone and not any(map(is_divided, matrices))):
        return None
    from pleiade.lab.parallel.matrices import CopiedMatrices, DividedMatrices

    return DividedMatrices(matrices) if any(map(is_divided, matrices)) else CopiedMatrices(matrices)


def _is_block_matrix(name: str, parameter: nn.Parameter) -> bool:
    return parameter.dim() == 2 and "embed" not in name and "head" not in name


def _gradient(parameter: nn.Parameter) -> Tensor:
    return here(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
