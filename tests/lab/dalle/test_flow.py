"""The way from noise to a picture, known pixels on it, and what a model practises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toypix import toy_pix

from pleiade.lab.dalle.averages import POWERS, Averages
from pleiade.lab.dalle.config import PixConfig
from pleiade.lab.dalle.flow import euler, on_the_way, times
from pleiade.lab.dalle.masks import draw_masks
from pleiade.lab.dalle.model import Pix, init_pix
from pleiade.lab.dalle.presets import pix_presets
from pleiade.lab.dalle.sample import PictureModel, sample

unit = st.floats(0, 0.99)


@given(now=unit, part=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_step_towards_the_truth_stays_on_the_straight_line(now: float, part: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    clean, noise = (torch.randn(1, 2, 2, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    then = now + part * (1 - now)

    def at(t: float) -> torch.Tensor:
        return on_the_way(clean, noise, torch.full((1, 2, 2), t, dtype=torch.float64), 1.5)

    assert torch.allclose(euler(at(now), clean, now, then), at(then), atol=1e-9)


@given(steps=st.integers(1, 50))
def test_a_way_begins_in_noise_and_ends_in_the_picture(steps: int) -> None:
    moments = times(steps)
    assert (moments[0], moments[-1], len(moments)) == (0, 1, steps + 1)
    assert moments == sorted(moments)


def test_known_pixels_are_the_same_after_drawing_and_others_are_not() -> None:
    pix, rng = toy_pix(), np.random.default_rng(1)
    known = rng.uniform(-1, 1, (2, 16, 16, 4)).astype(np.float32)
    mask = draw_masks(rng, 2, 16, share=1.0)
    drawn = sample(pix, ["a cat", "a dog"], steps=3, guidance=2.0, seed=1, known=known, mask=mask)
    assert np.array_equal(drawn[~mask], known[~mask])
    assert (drawn[mask] != known[mask]).any(-1).all()


def test_a_picture_depends_on_its_seed_alone_and_not_on_its_neighbours() -> None:
    pix = toy_pix()
    pair = sample(pix, ["a cat", "a dog"], steps=2, guidance=2.0, seed=7)
    alone = sample(pix, ["a dog"], steps=2, guidance=2.0, seed=8)
    assert np.allclose(pair[1], alone[0], atol=1e-5)


def test_guidance_one_is_the_caption_alone_and_zero_none() -> None:
    pix = toy_pix()

    def draw(caption: str, guidance: float, steps: int = 1) -> np.ndarray:
        return sample(pix, [caption], steps=steps, guidance=guidance, seed=1)

    assert np.allclose(draw("a cat", 0.0), draw("", 1.0), atol=1e-5)
    assert not np.allclose(draw("a cat", 1.0), draw("", 1.0), atol=1e-3)
    assert not np.allclose(draw("a cat", 0.0, steps=2), draw("", 1.0, steps=2), atol=1e-3), "late steps follow words"


@given(seed=st.integers(0, 10_000), size=st.sampled_from([16, 64]))
@settings(max_examples=30, deadline=None)
def test_masks_hide_something_and_those_asked_for_leave_something(seed: int, size: int) -> None:
    masks = draw_masks(np.random.default_rng(seed), 8, size, share=1.0)
    assert masks.any((1, 2)).all()
    assert (~masks).any((1, 2)).all()
    assert draw_masks(np.random.default_rng(seed), 8, size, share=0.0).all()


def test_an_untrained_model_predicts_nothing_and_has_the_size_that_its_shape_says() -> None:
    for preset in pix_presets().values():
        assert sum(weight.numel() for weight in Pix(preset.model).parameters()) == preset.model.num_params
    toy = PictureModel(Pix(pix_presets()["pix-toy"].model), toy_pix().tokenizer)
    init_pix(toy.network, seed=1)
    assert np.abs(sample(toy, ["a cat"], steps=1, guidance=1.0, seed=1)).max() == 0


def test_a_patch_that_does_not_divide_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="size=20 is not a multiple of patch=8"):
        PixConfig(size=20)


def test_averages_weigh_step_t_by_t_to_a_power() -> None:
    module, averages = torch.nn.Linear(1, 1, bias=False), Averages()
    for step in range(1, 31):
        torch.nn.init.constant_(module.weight, step)
        averages.follow(module)
    for kind, power in POWERS.items():
        steps = np.arange(1, 31)
        # The weight of step s: its share when it came in, times what later steps left of it.
        shares = 1 - (1 - 1 / steps) ** (power + 1)
        left = np.array([np.prod(1 - shares[s:]) for s in steps])
        assert averages.weights[kind]["weight"].item() == pytest.approx((shares * left * steps).sum(), rel=1e-4)
        assert (shares * left) / (shares * left)[-1] == pytest.approx((steps / 30) ** power, abs=0.35 * power / 30)
