"""The engine's arithmetic is the lab's, whichever runtime computes the network."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toypix import toy_pix

from pleiade.engines.image_openvino.folder import read_config
from pleiade.engines.image_openvino.networks import Networks
from pleiade.engines.image_openvino.prompts import load_tokenizer, read_prompt
from pleiade.engines.image_openvino.quality import survivors
from pleiade.engines.image_openvino.sampler import Caption, Known, Row, Start, Task, Trajectory, noise_of
from pleiade.lab.dalle.sample import sample

PROMPTS = ("a red cat", "two blue stars on a green tree")
NEGATIVE = "a yellow house"
STEPS, GUIDANCE = 5, 2.5
NOTHING = Caption(np.zeros((2, 3), np.float32), np.ones(2, np.float32))

Predict = Callable[[list[Row]], np.ndarray]


class OnnxRuntime:
    """The same graphs on another runtime."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._text, self._picture = (
            onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
            for name in ("text", "picture")
        )

    def read_caption(self, ids_T: np.ndarray) -> Caption:
        text_BTC, mask_BT = self._text.run(None, {"ids_BT": ids_T[None]})
        return Caption(text_BTC[0], mask_BT[0])

    def predict(self, rows: list[Row]) -> np.ndarray:
        values: dict[str, Any] = {
            "x_BHWC": [row.x_HWC for row in rows],
            "level_BHW": [row.level_HW for row in rows],
            "t_B": [row.t for row in rows],
            "h_B": [row.h for row in rows],
            "guidance_B": [row.guidance for row in rows],
            "style_B": [row.style for row in rows],
            "picture_BE": [row.embedding_E for row in rows],
            "text_BTC": [row.caption.text_TC for row in rows],
            "mask_BT": [row.caption.mask_T for row in rows],
        }
        arrays = {k: np.array(v, np.int64 if k == "style_B" else np.float32) for k, v in values.items()}
        return self._picture.run(None, arrays)[0]


def drawn(trajectory: Trajectory, predict: Predict) -> np.ndarray:
    while not trajectory.done:
        trajectory.advance(predict(trajectory.rows()))
    return trajectory.clean_HWC


@pytest.mark.parametrize("few_step", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_three_runtimes_draw_the_same_picture(
    few_step: bool, inside: bool, base_pix: Path, base_networks: Networks, few_pix: Path, few_networks: Networks
) -> None:
    folder = few_pix if few_step else base_pix
    config = read_config(folder)
    known = mask = None
    if inside:
        known = np.random.default_rng(3).uniform(-1, 1, (2, 16, 16, 4)).astype(np.float32)
        mask = np.zeros((2, 16, 16), np.bool_)
        mask[:, 4:12, 5:] = True
    negative = "" if few_step else NEGATIVE
    theirs = sample(
        toy_pix(few_step=few_step),
        PROMPTS,
        steps=STEPS,
        guidance=GUIDANCE,
        seed=7,
        style=[0, 3],
        known=known,
        mask=mask,
        negative=negative,
    )
    tokenizer = load_tokenizer(folder)
    theirs = theirs.clip(-1, 1)
    assert np.mean(np.abs(theirs) < 1) > 0.9, "were all of it clipped, agreement would be cheap"
    for runtime in (few_networks if few_step else base_networks, OnnxRuntime(folder)):
        for k, prompt in enumerate(PROMPTS):
            task = Task(
                caption=runtime.read_caption(read_prompt(tokenizer, prompt, config.max_text).ids_T),
                against=runtime.read_caption(read_prompt(tokenizer, negative, config.max_text).ids_T),
                steps=STEPS,
                guidance=GUIDANCE,
                style=(0, 3)[k],
                embedding_E=np.zeros(config.image_embedding, np.float32),
                known=Known(known[k], ~mask[k]) if known is not None and mask is not None else None,
                few_step=few_step,
                contrast=not few_step,
                noise_scale=config.noise_scale,
                guided_until=config.guided_until,
                clear_below=config.clear_below,
            )
            ours = drawn(Trajectory(task, noise_of((7 + k, 0, 0), (16, 16, 4))), runtime.predict)
            assert np.abs(ours - theirs[k]).max() < 2e-4, type(runtime).__name__


def task(steps: int, **more: Any) -> Task:
    fields = {"caption": NOTHING, "against": NOTHING, "guidance": 3.0, "embedding_E": np.zeros(1, np.float32)}
    return Task(steps=steps, **(fields | more))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.booleans())
@settings(max_examples=30, deadline=None)
def test_known_pixels_stay_and_the_last_step_arrives_at_what_was_predicted(
    seed: int, steps: int, contrast: bool
) -> None:
    rng = np.random.default_rng(seed)
    target, known = (rng.uniform(-0.9, 0.9, (4, 4, 4)).astype(np.float32) for _ in range(2))
    where = rng.random((4, 4)) < 0.5
    way = Trajectory(task(steps, known=Known(known, where), contrast=contrast), noise_of((seed,), (4, 4, 4)))
    taken = 0
    while not way.done:
        for row in way.rows():
            assert (row.x_HWC[where] == known[where]).all()
            assert (row.level_HW[where] == 1).all()
            assert (row.level_HW[~where] == np.float32(row.t)).all()
        way.advance(np.stack([target] * len(way.rows())))
        taken += 1
    assert taken == steps
    assert (way.clean_HWC[where] == known[where]).all()
    assert np.allclose(way.clean_HWC[~where], target[~where], atol=1e-5)


def test_a_few_step_model_is_told_how_far_each_step_goes_and_a_base_model_is_not() -> None:
    noise = noise_of((1,), (4, 4, 4))
    told = []
    way = Trajectory(task(4, few_step=True), noise)
    while not way.done:
        (row,) = way.rows()
        told.append((row.t, row.h, row.guidance))
        way.advance(np.zeros((1, 4, 4, 4), np.float32))
    assert told == [(0.0, 0.25, 3.0), (0.25, 0.25, 3.0), (0.5, 0.25, 3.0), (0.75, 0.25, 3.0)]
    with_caption, without = Trajectory(task(4, contrast=True), noise).rows()
    assert (with_caption.h, with_caption.guidance, without.guidance) == (0.0, 1.0, 1.0)


def test_guidance_ends_where_the_model_says_in_the_way_that_is_left() -> None:
    noise = noise_of((1,), (4, 4, 4))
    for start, first in ((None, 0.0), (Start(np.zeros((4, 4, 4), np.float32), 0.5), 0.5)):
        way, seen = Trajectory(task(4, start=start, guided_until=0.5, contrast=True), noise), []
        while not way.done:
            rows = way.rows()
            seen.append((rows[0].t, len(rows)))
            way.advance(np.zeros((len(rows), 4, 4, 4), np.float32))
        part = (1 - first) / 4
        assert seen == [(first, 2), (first + part, 2), (first + 2 * part, 1), (first + 3 * part, 1)]


def test_the_faintest_is_clear_the_strongest_opaque_and_known_pixels_are_as_they_were() -> None:
    opacity = np.array([0.0, 0.05, 0.5, 0.95, 1.0], np.float32)
    picture = np.stack([opacity * 0.5] * 3 + [opacity], axis=-1)[None] * 2 - 1  # all of one grey
    known = Known(picture, np.array([[False, False, False, False, True]]))
    way = Trajectory(task(1, clear_below=0.1, known=known), noise_of((1,), (1, 5, 4)))
    way.advance(picture[None])
    made = (way.clean_HWC + 1) / 2
    assert np.allclose(made[0, :, 3], [0, 0, 0.5, 1, 1], atol=1e-6)
    assert np.allclose(made[0, 2:, :3], made[0, 2:, 3:] * 0.5, atol=1e-6), "and of the same colour as before"
    assert (way.clean_HWC[0, 4] == picture[0, 4]).all()


def test_what_begins_at_a_picture_keeps_as_much_of_it_as_was_asked() -> None:
    picture, noise = np.full((4, 4, 4), 0.5, np.float32), noise_of((1,), (4, 4, 4))
    (row,) = Trajectory(task(3, start=Start(picture, 0.25)), noise).rows()
    assert row.t == 0.25
    assert np.allclose(row.x_HWC, 0.25 * picture + 0.75 * noise, atol=1e-6)


@given(st.integers(1, 10), st.integers(1, 40))
def test_candidates_only_fall_and_one_is_left_at_the_end(candidates: int, steps: int) -> None:
    left = [survivors(candidates, steps, step) for step in range(steps + 1)]
    assert left[0] == candidates or steps == 0
    assert left[-1] == 1
    assert all(1 <= later <= earlier for earlier, later in itertools.pairwise(left))
