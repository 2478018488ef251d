"""Running averages of weights over a share of the run, whatever its length: what is sampled from and exported."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

# Power-function averages (arXiv:2312.02696): the weight of step t is t^power, so that the average always covers the
# same last share of the run and a run may end at any step. 17 and 7 are widths of 5 % and 10 %.
POWERS = {"short": 16.97, "long": 6.94}


class Averages:
    """The averages of a model's parameters, by name; on the model's device."""

    def __init__(self) -> None:
        self.steps = 0
        self.weights: dict[str, dict[str, Tensor]] = {}

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
        for kind, power in POWERS.items():
            held = self.weights.get(kind) or {name: value.clone() for name, value in parameters.items()}
            self.weights[kind] = held = {name: held[name].to(value.device) for name, value in parameters.items()}
            share = 1 - (1 - 1 / self.steps) ** (power + 1)
            torch._foreach_lerp_(list(held.values()), list(parameters.values()), share)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {"steps": self.steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there; the tensors move to the model with the next step."""
        self.steps = state["steps"]
        self.weights = {
            kind: {name: value.clone() for name, value in held.items()} for kind, held in state["weights"].items()
        }
