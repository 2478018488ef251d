"""Few steps instead of many: a student learns where its teacher's guided way leads over a whole step at once.

The student predicts x^ so that u = (x^ - x_t) / (1 - t) is the mean velocity from t to s = t + h, under a guidance that
it is told. Two ways to what u should be, which docs/decisions compares:
- MeanFlow (arXiv:2505.13447): u = v + (s - t) du/dt, the derivative along the way by a forward-mode product.
- halves: the teacher walks from t to s in a few small steps, and the student learns to be there in one
  (progressive distillation, arXiv:2202.00512, without its rounds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import jvp

from pleiade.lab.dalle.averages import Averages
from pleiade.lab.dalle.blocks import Attention
from pleiade.lab.dalle.flow import LEAST_LEFT, draw_times, on_the_way
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.objective import PictureDealer, PictureRows, aligned
from pleiade.lab.dalle.presets import MEANFLOW, FewStepConfig

GRIDS = (1, 2, 4, 8)  # numbers of steps that are asked of it


@dataclass(frozen=True)
class Told:
    """What both networks are told beside place and time."""

    guidance_B: Tensor
    style_B: Tensor
    picture_BE: Tensor
    ids_BT: Tensor


class FewSteps:
    """Distils `teacher` (its guided way, no longer trained) into the model that the loop trains.

    `compiled`: the teacher's passes, most of the work, take half of the time (measured: pix-6m on a CPU).
    """

    def __init__(self, dealer: PictureDealer, teacher: Pix, config: FewStepConfig, *, compiled: bool = False) -> None:
        self.dealer, self.config = dealer, config
        self.teacher = teacher.requires_grad_(False).eval()
        self.ask = torch.compile(self.teacher.forward, dynamic=False) if compiled else self.teacher.forward
        self.averages = Averages()
        self.next_step = dealer.next_step

    def loss_sum(self, hidden: Callable[..., Tensor], model: Pix, batch: PictureRows, dtype: torch.dtype) -> Tensor:
        """The weighted squared error of the mean velocity, summed over pictures."""
        device, config = batch.x_BHWC.device, self.config
        generator = torch.Generator(device).manual_seed(batch.seed)
        t_B, s_B = self._draw_steps(len(batch.x_BHWC), generator)
        strength_B = torch.rand(len(t_B), generator=generator, device=device)
        told = Told(config.most_guidance**strength_B, batch.style_B, batch.picture_BE, batch.ids)
        noise_BHWC = torch.randn(batch.x_BHWC.shape, generator=generator, device=device)
        unknown_BHW = batch.unknown_BHW.float()
        x_BHWC = on_the_way(batch.x_BHWC, noise_BHWC, levels(unknown_BHW, t_B), model.config.noise_scale)
        with torch.no_grad():
            wanted_BHWC = self.wanted(model, x_BHWC, unknown_BHW, t_B, s_B, told, dtype)
        inputs = (x_BHWC, levels(unknown_BHW, t_B), t_B, s_B - t_B, told.guidance_B)
        clean_BHWC = hidden(*inputs, told.style_B, told.picture_BE, told.ids_BT, dtype)
        error_BHW = (velocity(clean_BHWC, x_BHWC, t_B) - wanted_BHWC).square().mean(-1) * unknown_BHW
        error_B = error_BHW.sum((1, 2)) / unknown_BHW.sum((1, 2)).clamp(min=1)
        loss: Tensor = (error_B * (error_B.detach() + 1e-3) ** -config.adaptive).sum()
        return loss

    def _draw_steps(self, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Beginnings and ends of steps, each (B,)."""
        flow, device = self.dealer.flow, generator.device
        times_B2 = draw_times(2 * num, generator, flow.time_mean, flow.time_deviation).view(num, 2)
        t_B, s_B = times_B2.amin(1), times_B2.amax(1)
        kind_B = torch.rand(num, generator=generator, device=device)
        steps_B = torch.tensor(GRIDS, device=device)[
            torch.randint(len(GRIDS), (num,), generator=generator, device=device)
        ]
        place_B = (torch.rand(num, generator=generator, device=device) * steps_B).floor()
        on_grid_B = kind_B < self.config.on_grid
        t_B = torch.where(on_grid_B, place_B / steps_B, t_B)
        s_B = torch.where(on_grid_B, (place_B + 1) / steps_B, s_B)
        return t_B, torch.where(kind_B > 1 - self.config.instant, t_B, s_B)

    def wanted(
        self, model: Pix, x_BHWC: Tensor, unknown_BHW: Tensor, t_B: Tensor, s_B: Tensor, told: Told, dtype: torch.dtype
    ) -> Tensor:
        """The mean velocity from t to s that the student should have, by the configured way."""
        if self.config.method == MEANFLOW:
            return self.mean_velocity(model, x_BHWC, unknown_BHW, t_B, s_B, told, dtype)
        return self.walked(x_BHWC, unknown_BHW, t_B, s_B, told, dtype)

    def guided(self, x_BHWC: Tensor, unknown_BHW: Tensor, t_B: Tensor, told: Told, dtype: torch.dtype) -> Tensor:
        """The teacher's velocity under guidance; zero where pixels are known."""
        none_B, one_B = torch.zeros_like(t_B), torch.ones_like(t_B)
        inputs = (x_BHWC, levels(unknown_BHW, t_B), t_B, none_B, one_B, told.style_B, told.picture_BE)
        with_BHWC = self.ask(*inputs, told.ids_BT, dtype)
        nothing_BT = torch.zeros(len(t_B), aligned(1, self.teacher.config), dtype=torch.int64, device=t_B.device)
        without_BHWC = self.ask(*inputs, nothing_BT, dtype)
        guidance_B = torch.where(t_B < self.config.guided_until, told.guidance_B, one_B)
        clean_BHWC = without_BHWC + guidance_B[:, None, None, None] * (with_BHWC - without_BHWC)
        return velocity(clean_BHWC, x_BHWC, t_B) * unknown_BHW[..., None]

    def walked(
        self, x_BHWC: Tensor, unknown_BHW: Tensor, t_B: Tensor, s_B: Tensor, told: Told, dtype: torch.dtype
    ) -> Tensor:
        """The mean velocity of the teacher's small steps from t to s; a step of no length has the teacher's own."""
        steps = self.config.teacher_steps
        moved_BHWC, total_BHWC = x_BHWC, torch.zeros_like(x_BHWC)
        for k in range(steps):
            now_B = t_B + (s_B - t_B) * k / steps
            v_BHWC = self.guided(moved_BHWC, unknown_BHW, now_B, told, dtype)
            moved_BHWC = moved_BHWC + ((s_B - t_B) / steps)[:, None, None, None] * v_BHWC
            total_BHWC = total_BHWC + v_BHWC / steps
        return total_BHWC

    def mean_velocity(
        self, model: Pix, x_BHWC: Tensor, unknown_BHW: Tensor, t_B: Tensor, s_B: Tensor, told: Told, dtype: torch.dtype
    ) -> Tensor:
        """v + (s - t) du/dt of the student's own u, along the teacher's velocity, s held fast."""
        v_BHWC = self.guided(x_BHWC, unknown_BHW, t_B, told, dtype)
        text_BTD, mask_BT = model.text(told.ids_BT, dtype)

        def mean(x_BHWC: Tensor, level_BHW: Tensor, t_B: Tensor, h_B: Tensor) -> Tensor:
            inputs = (x_BHWC, level_BHW, t_B, h_B, told.guidance_B, told.style_B, told.picture_BE)
            return velocity(model.predict(*inputs, text_BTD, mask_BT, dtype), x_BHWC, t_B)

        along = (v_BHWC, unknown_BHW, torch.ones_like(t_B), -torch.ones_like(t_B))
        with _plain_attention(model):
            change_BHWC: Tensor = jvp(mean, (x_BHWC, levels(unknown_BHW, t_B), t_B, s_B - t_B), along)[1]
        wanted: Tensor = v_BHWC + (s_B - t_B)[:, None, None, None] * change_BHWC * unknown_BHW[..., None]
        return wanted

    def after_step(self, model: Pix) -> None:
        """Take the new weights into the averages."""
        self.averages.follow(model)

    def state_dict(self) -> dict[str, Any]:
        """The place in the data, and the averages."""
        return self.dealer.state_dict() | {"averages": self.averages.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.dealer.load_state_dict(state)
        self.averages.load_state_dict(state["averages"])


def levels(unknown_BHW: Tensor, t_B: Tensor) -> Tensor:
    """Each pixel's time: 1 where it is known, the picture's elsewhere."""
    return 1 - unknown_BHW * (1 - t_B[:, None, None])


def velocity(clean_BHWC: Tensor, x_BHWC: Tensor, t_B: Tensor) -> Tensor:
    """What leads to a prediction in the time that is left."""
    return (clean_BHWC - x_BHWC) / (1 - t_B).clamp(min=LEAST_LEFT)[:, None, None, None]


@contextmanager
def _plain_attention(model: Pix) -> Iterator[None]:
    """Within it, attention is made of products: no fused kernel knows forward-mode differentiation."""
    attentions = [module for module in model.modules() if isinstance(module, Attention)]
    for attention in attentions:
        attention.plain = True
    try:
        yield
    finally:
        for attention in attentions:
            attention.plain = False
