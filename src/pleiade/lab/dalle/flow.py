"""The rectified flow between noise (t = 0) and pictures (t = 1) on a straight line, told by the clean end of it."""

from __future__ import annotations

import torch
from torch import Tensor

# How a picture is drawn: docs/decisions/2026-11-23-picture-noise.md
GUIDED_UNTIL = 0.5  # the time after which words are followed as they are, without guidance
CLEAR_BELOW = 0.1  # the opacity below which a pixel is clear, and as much below 1 opaque
LEAST_LEFT = 0.05  # of the way, where a prediction is divided by what is left of it (arXiv:2511.13720)


def on_the_way(clean_BHWC: Tensor, noise_BHWC: Tensor, level_BHW: Tensor, noise_scale: float) -> Tensor:
    """x_t = t x1 + (1 - t) noise, with a t for every pixel."""
    level_BHWI = level_BHW[..., None]
    return level_BHWI * clean_BHWC + (1 - level_BHWI) * noise_scale * noise_BHWC


def euler(x_BHWC: Tensor, predicted_BHWC: Tensor, now: float, then: float) -> Tensor:
    """One step along the line from x_t towards the prediction: v = (x^ - x_t) / (1 - t); x_s = x_t + (s - t) v."""
    return x_BHWC + (then - now) / (1 - now) * (predicted_BHWC - x_BHWC)


def times(steps: int) -> list[float]:
    """The moments from 0 to 1 between which `steps` equal steps are taken."""
    return [k / steps for k in range(steps + 1)]


def draw_times(num: int, generator: torch.Generator, mean: float, deviation: float) -> Tensor:
    """(B,) in (0, 1): the logistic function of normal numbers, mostly noisy ones (a mean below 0)."""
    return torch.sigmoid(mean + deviation * torch.randn(num, generator=generator, device=generator.device))
