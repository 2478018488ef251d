"""What a few-step student is to learn: the mean of its teacher's guided velocity over a step."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from toypix import toy_pix

from pleiade.lab.dalle.distil import FewSteps, Told, levels, velocity
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.objective import PictureDealer
from pleiade.lab.dalle.presets import HALVES, MEANFLOW, FewStepConfig, FlowConfig

METHODS = (MEANFLOW, HALVES)


@dataclass(frozen=True)
class Pictures:
    x_BHWC: Any
    ids_BT: Any
    style_B: Any


class SamePictures:
    """A stream that deals the same four pictures for ever."""

    def next_batch(self, rows: int) -> Pictures:
        rng = np.random.default_rng(1)
        x_BHWC = rng.uniform(-1, 1, (rows, 16, 16, 4)).astype(np.float32)
        return Pictures(x_BHWC, rng.integers(300, 512, (rows, 16)), np.arange(rows) % 3)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        del state


def few_steps(teacher: Pix, **changes: Any) -> FewSteps:
    dealer = PictureDealer(SamePictures(), teacher.config, FlowConfig(), rows=4, micro_rows=4, seed=1)
    return FewSteps(dealer, teacher, replace(FewStepConfig(), **changes))


def situation(teacher: Pix) -> tuple[torch.Tensor, torch.Tensor, Told]:
    """Noised pictures, half of each unknown, and what the networks are told; in float64."""
    generator = torch.Generator().manual_seed(3)
    x_BHWC = torch.randn(2, 16, 16, 4, generator=generator, dtype=torch.float64)
    unknown_BHW = torch.ones(2, 16, 16, dtype=torch.float64)
    unknown_BHW[:, :8] = 0
    picture_BE = torch.zeros(2, teacher.config.image_embedding, dtype=torch.float64)
    ids_BT = torch.tensor([[300, 301, 0], [44, 0, 0]])
    return x_BHWC, unknown_BHW, Told(torch.tensor([1.0, 3.0]).double(), torch.tensor([0, 2]), picture_BE, ids_BT)


def test_the_derivative_along_the_way_is_what_small_differences_say() -> None:
    teacher, student = toy_pix().network.double(), toy_pix().network.double()
    objective, dtype = few_steps(teacher, method=MEANFLOW), torch.float64
    x_BHWC, unknown_BHW, told = situation(teacher)
    t_B, s_B = torch.tensor([0.2, 0.5]).double(), torch.tensor([0.9, 0.7]).double()
    with torch.no_grad():
        v_BHWC = objective.guided(x_BHWC, unknown_BHW, t_B, told, dtype)
        wanted_BHWC = objective.mean_velocity(student, x_BHWC, unknown_BHW, t_B, s_B, told, dtype)

        def mean_at(delta: float) -> torch.Tensor:
            x, t = x_BHWC + delta * v_BHWC, t_B + delta
            inputs = (x, levels(unknown_BHW, t), t, s_B - t, told.guidance_B, told.style_B, told.picture_BE)
            return velocity(student(*inputs, told.ids_BT, dtype), x, t)

        change_BHWC = (mean_at(1e-4) - mean_at(-1e-4)) / 2e-4 * unknown_BHW[..., None]
    assert torch.allclose(wanted_BHWC, v_BHWC + (s_B - t_B)[:, None, None, None] * change_BHWC, atol=0.002)


def test_small_steps_of_the_teacher_add_up_to_the_one_asked_for() -> None:
    teacher = toy_pix().network.double()
    objective, dtype = few_steps(teacher, method=HALVES, teacher_steps=3), torch.float64
    x_BHWC, unknown_BHW, told = situation(teacher)
    t_B, s_B = torch.tensor([0.0, 0.25]).double(), torch.tensor([0.6, 1.0]).double()
    with torch.no_grad():
        mean_BHWC = objective.walked(x_BHWC, unknown_BHW, t_B, s_B, told, dtype)
        length_B = ((s_B - t_B) / 3)[:, None, None, None]
        walked_BHWC = x_BHWC
        for k in range(3):
            now_B = t_B + (s_B - t_B) * k / 3
            walked_BHWC = walked_BHWC + length_B * objective.guided(walked_BHWC, unknown_BHW, now_B, told, dtype)
    assert torch.allclose(x_BHWC + 3 * length_B * mean_BHWC, walked_BHWC, atol=1e-9)
    assert (mean_BHWC[unknown_BHW == 0] == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_no_length_is_the_teachers_own(method: str) -> None:
    teacher = toy_pix().network.double()
    objective, dtype = few_steps(teacher, method=method), torch.float64
    x_BHWC, unknown_BHW, told = situation(teacher)
    t_B = torch.tensor([0.3, 0.6]).double()
    with torch.no_grad():
        wanted_BHWC = objective.wanted(teacher, x_BHWC, unknown_BHW, t_B, t_B, told, dtype)
        assert torch.allclose(wanted_BHWC, objective.guided(x_BHWC, unknown_BHW, t_B, told, dtype), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_student_comes_nearer(method: str) -> None:
    pix = toy_pix()
    student = Pix(pix.network.config)
    student.load_state_dict(pix.network.state_dict())
    objective = few_steps(pix.network, method=method)
    optimizer = torch.optim.Adam(student.parameters(), 2e-3)
    (batch,) = objective.next_step()
    losses = []
    for _ in range(12):
        loss = objective.loss_sum(student.hidden, student, batch, torch.float32)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_way_to_distil_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="choose meanflow or halves"):
        FewStepConfig(method="magic")
