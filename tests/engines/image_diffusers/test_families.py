"""Other families than Stable Diffusion 1 paint, show partial pictures and keep what is masked, by the same code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pleiade.engines.image_diffusers.jobs import Job, next_batch


@pytest.mark.parametrize("family", ["stable_diffusion_xl", "flux"])
def test_a_family_paints_shows_and_keeps(family: str, tmp_path: Path) -> None:
    from engines.image_diffusers import tiny_pipelines
    from pleiade.engines.image_diffusers.painter import Painter

    build: Callable[[Path], Path] = getattr(tiny_pipelines, family)
    painter = Painter(build(tmp_path), device="cpu", steps=3)
    shown: list[tuple[int, tuple[int, ...]]] = []

    def job(seed: int, **more: Any) -> Job:
        return Job(
            prompt="a b",
            negative="",
            seed=seed,
            size=(32, 16),
            quality="medium",
            partials=lambda steps: {1: 0},
            on_partial=lambda number, seen: None,
            **more,
        )

    def show(job: Job, number: int, rgba_HWC: Any) -> None:
        shown.append((number, rgba_HWC.shape))

    first, second = painter.paint([job(1), job(2)], show)
    assert first.shape == second.shape == (16, 32, 4)
    assert (first != second).any()
    assert shown == [(0, (16, 32, 4))] * 2
    photo = Image.effect_noise((32, 16), 90).convert("RGB")
    assert painter.can("Img2Img")
    assert painter.can("Inpaint")
    (varied,) = painter.paint([job(1, image=photo)], show)
    (inside,) = painter.paint([job(1, image=photo, mask=Image.new("L", (32, 16), 255))], show)
    assert varied.shape == inside.shape == (16, 32, 4)
    gone = job(1, cancelled=True)
    assert painter.paint([gone], show) == []


def test_only_like_jobs_share_a_run() -> None:
    def job(**more: Any) -> Job:
        return Job(**{"prompt": "a", "negative": "", "seed": 1, "size": (8, 8), "quality": "low", **more})

    photo = Image.new("RGB", (8, 8))
    oldest = job(prompt="x")
    others = [job(size=(16, 8)), job(quality="high"), job(image=photo), job(negative="n"), job(prompt="b"), job(seed=9)]
    assert next_batch([oldest, *others], 8) == [oldest, others[4], others[5]]
    assert next_batch([oldest, *others], 2) == [oldest, others[4]]
    assert next_batch([], 8) == []
