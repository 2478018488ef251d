"""Matrices turn orthogonally, rates rise and fall as planned, and a deadline moves the end, not the shape."""

import itertools

import pytest
import torch
from torch import nn

from pleiade.lab.optim.muon import MuonAdamW, OptimConfig, orthogonalise
from pleiade.lab.optim.schedule import (
    Decay,
    ScheduleConfig,
    decay_for_steps,
    decay_to_go_on_with,
    learning_rate_scale,
    revise_decay,
)

WSD = ScheduleConfig(warmup_steps=10, decay_fraction=0.5)


@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 64, 32), (2, 32, 80)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape) * 1e-3))
    assert 0.5 < float(values.median()) < 1.3
    assert float(values.max()) < 1.4


def test_both_kinds_of_parameters_reach_the_minimum() -> None:
    torch.manual_seed(0)
    target = torch.randn(8, 8)
    parameters = [("layer.weight", nn.Parameter(torch.zeros(8, 8))), ("embed.weight", nn.Parameter(torch.zeros(8, 8)))]
    optimizer = MuonAdamW(parameters, OptimConfig(muon_lr=0.05, embedding_lr=0.05, muon_weight_decay=0.0))
    for step in range(300):
        sum((p - target).square().sum() for _, p in parameters).backward()  # type: ignore[union-attr]
        optimizer.step(1 - step / 300)
    for _, parameter in parameters:
        assert float((parameter.detach() - target).abs().mean()) < 0.05


def test_rates_warm_up_stay_and_fall_to_the_end() -> None:
    decay = decay_for_steps(100, WSD)
    scales = [learning_rate_scale(step, WSD, decay) for step in range(101)]
    assert scales[0] == 0.1
    assert scales[9:51] == [1.0] * 42
    assert scales[75] == pytest.approx(0.5)
    assert scales[100] == 0.0
    assert all(a >= b for a, b in itertools.pairwise(scales[9:]))


def test_before_its_time_a_deadline_decides_nothing() -> None:
    assert revise_decay(100, 1.0, 100.0, 500.0, WSD, None) is None
    assert revise_decay(100, 1.0, 100.0, 100.0, WSD, None) == Decay(100, 200, 1.0)


def test_a_slower_machine_ends_sooner_in_steps_without_a_jump_in_the_rate() -> None:
    decay = Decay(100, 200, 1.0)
    assert revise_decay(120, 1.0, 120.0, 79.0, WSD, decay) is decay
    revised = revise_decay(150, 2.0, 150.0, 60.0, WSD, decay)
    assert revised == Decay(150, 180, 0.5)
    assert learning_rate_scale(150, WSD, revised) == learning_rate_scale(150, WSD, decay)


def test_a_run_with_a_deadline_is_warm_after_a_tenth_of_it_however_few_steps_that_were() -> None:
    slow = [learning_rate_scale(step, WSD, None, used=step / 20) for step in range(5)]
    assert slow[:3] == [1 / WSD.warmup_steps, 0.5, 1.0]
    assert learning_rate_scale(0, WSD, None, used=0.0) == 1 / WSD.warmup_steps


def test_a_run_resumed_with_another_kind_of_length_ends_and_falls_where_that_one_says() -> None:
    by_steps, longer, shorter = (decay_for_steps(steps, WSD) for steps in (200, 400, 60))
    assert decay_to_go_on_with(None, by_steps, 100) == by_steps, "begun with minutes"
    assert decay_to_go_on_with(by_steps, None, 99) is None, "a deadline decides anew what has not begun"
    assert decay_to_go_on_with(by_steps, None, 100) == by_steps, "it only moves the end of what has"
    assert decay_to_go_on_with(by_steps, longer, 100) == longer
    for decided, wanted in ((None, shorter), (by_steps, shorter), (Decay(31, 60), longer)):
        with pytest.raises(ValueError, match=rf"at step 40 .*too late for {wanted.last} steps"):
            decay_to_go_on_with(decided, wanted, 40)
