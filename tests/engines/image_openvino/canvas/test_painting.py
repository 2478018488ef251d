"""Edits and enlargements from end to end, painted by pure functions instead of a model."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from painters import colour_painter, noise_painter, paint, truth_painter
from picture_files import drawing, scene

from pleiade.engines.image_openvino.canvas.enlarge import enlarged
from pleiade.engines.image_openvino.canvas.frames import cut
from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.image_openvino.canvas.plan import Box
from pleiade.engines.image_openvino.canvas.seams import seam_score
from pleiade.engines.image_openvino.pictures.floats import Pixels, to_float

DRIFT = (0.12, -0.1, 0.08)

SIDES = st.integers(1, 40)
CANVASES = st.tuples(SIDES, SIDES).flatmap(
    lambda size: st.builds(
        Canvas,
        arrays(np.uint8, (*size, 4)),
        arrays(np.bool_, size),
        st.booleans(),
    )
)


@settings(max_examples=60, deadline=None)
@given(CANVASES, st.integers(0, 2**32 - 1), st.sampled_from([None, 0, 1, 7, 1000]))
def test_outside_the_mask_every_pixel_is_the_same(canvas: Canvas, seed: int, feather: int | None) -> None:
    if not canvas.unknown_HW.any():
        return
    before = canvas.rgba_HWC.copy()
    painted, _ = paint(canvas, noise_painter(seed), feather=feather)
    assert np.array_equal(painted.rgba_HWC[~canvas.unknown_HW], before[~canvas.unknown_HW])
    assert np.array_equal(canvas.rgba_HWC, before)  # the canvas itself was not written into
    assert not painted.unknown_HW.any()
    if canvas.opaque:
        assert (painted.rgba_HWC[canvas.unknown_HW][:, 3] == 255).all()


@pytest.mark.parametrize("hole", ["a part", "all of it"])
def test_a_photograph_is_painted_in_a_few_times_its_own_bytes(hole: str) -> None:
    whole_HWC = np.random.default_rng(0).integers(0, 255, (3000, 4000, 4), np.uint8)
    unknown_HW = np.full(whole_HWC.shape[:2], hole == "all of it")
    unknown_HW[500:2500, 500:3500] = True
    tracemalloc.start()
    paint(Canvas(whole_HWC, unknown_HW, opaque=True), colour_painter(10, 200, 30), size=64)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5 * whole_HWC.nbytes  # a copy, and bands of floats; whole floats were thirty times it


def edited(whole_HWC: Pixels, painter: object, feather: int | None = None) -> tuple[Pixels, np.ndarray]:
    """`whole_HWC` with a hole in its middle, painted again."""
    height, width = whole_HWC.shape[:2]
    unknown_HW = np.zeros((height, width), np.bool_)
    unknown_HW[height // 3 : height // 3 * 2, width // 3 : width // 2] = True
    torn_HWC = whole_HWC.copy()
    torn_HWC[unknown_HW] = 0
    canvas, _ = paint(Canvas(torn_HWC, unknown_HW, opaque=True), painter, size=64, feather=feather)  # type: ignore[arg-type]
    return canvas.rgba_HWC, unknown_HW


def grown(whole_HWC: Pixels, painter: object, feather: int | None = None) -> tuple[Pixels, np.ndarray]:
    """The middle of `whole_HWC`, enlarged to all of it."""
    height, width = whole_HWC.shape[:2]
    x, y = width // 4, height // 4
    canvas = enlarged(whole_HWC[y:-y, x:-x], left=x, right=x, top=y, bottom=y)
    painted, frames = paint(canvas, painter, size=64, feather=feather)  # type: ignore[arg-type]
    assert len(frames) > 4
    return painted.rgba_HWC, canvas.unknown_HW


@pytest.mark.parametrize("way", [edited, grown])
@pytest.mark.parametrize("keeps", [True, False], ids=["keeps what is known", "repaints what is known"])
def test_a_painter_whose_colours_drift_leaves_no_seam(way: object, keeps: bool) -> None:
    whole_HWC = scene(320, 240)
    painted_HWC, unknown_HW = way(whole_HWC, truth_painter(whole_HWC, DRIFT, keeps=keeps))  # type: ignore[operator]
    drifted_HWC = whole_HWC.copy()
    shifted_HWC = drifted_HWC[..., :3] + np.array(DRIFT) * 255
    drifted_HWC[unknown_HW, :3] = np.clip(shifted_HWC[unknown_HW], 0, 255)
    assert seam_score(drifted_HWC, unknown_HW) > 6  # as it would be, pasted plainly
    assert seam_score(painted_HWC, unknown_HW) < 2
    assert seam_score(whole_HWC, unknown_HW) < 1.5
    away = np.abs(painted_HWC[unknown_HW].astype(int) - whole_HWC[unknown_HW]).mean()
    assert away < np.mean(np.abs(DRIFT)) * 255 / 3


def test_without_drift_what_is_painted_is_what_was_there() -> None:
    whole_HWC = scene(320, 240)
    for way in (edited, grown):
        painted_HWC, _ = way(whole_HWC, truth_painter(whole_HWC))
        assert np.abs(painted_HWC.astype(int) - whole_HWC).mean() < 1


def test_a_thing_of_another_colour_keeps_its_colour_and_its_edge() -> None:
    painted_HWC, unknown_HW = edited(scene(320, 240), colour_painter(250, 250, 30))
    inside_N4 = painted_HWC[unknown_HW]
    assert np.median(np.abs(inside_N4[:, :3].astype(int) - (250, 250, 30))) < 70  # drift may take a part of it


def test_feather_says_how_far_corrections_reach() -> None:
    whole_HWC = np.full((120, 120, 4), (100, 120, 140, 255), np.uint8)
    whole_HWC[:60, :, :3] += 20  # the drift cannot be one for all
    painter = colour_painter(110, 130, 150)
    changed = []
    for feather in (0, 4, 16):
        painted_HWC, unknown_HW = edited(whole_HWC, painter, feather)
        changed.append(
            int((np.abs(painted_HWC[unknown_HW][:, :3].astype(int) - (110, 130, 150)).max(axis=1) > 2).sum())
        )
    assert changed[0] < changed[1] < changed[2]


def test_in_an_opaque_picture_what_the_painter_leaves_clear_shows_the_surroundings() -> None:
    whole_HWC = np.full((90, 90, 4), (40, 160, 220, 255), np.uint8)
    painted_HWC, _ = edited(whole_HWC, colour_painter(0, 0, 0, 0))
    assert np.abs(painted_HWC.astype(int) - whole_HWC).max() <= 2


def test_in_a_transparent_picture_it_stays_clear() -> None:
    canvas = enlarged(drawing(40, 40), left=20, right=20)
    painted, _ = paint(canvas, colour_painter(0, 0, 0, 0), size=32)
    assert (painted.rgba_HWC[:, :10, 3] == 0).all()


def test_a_frame_knows_only_pixels_that_are_wholly_known() -> None:
    rgba_HWC = scene(64, 64)
    unknown_HW = np.zeros((64, 64), np.bool_)
    unknown_HW[:, :33] = True  # one column into the ninth of 16
    frame = cut(Canvas(rgba_HWC, unknown_HW, opaque=True), Box(0, 0, 64), 16)
    assert not frame.where_HW[:, :9].any()
    assert frame.where_HW[:, 9:].all()
    expected = to_float(rgba_HWC)[:, 36:].reshape(16, 4, 7, 4, 4).mean(axis=(1, 3))
    assert np.allclose(frame.known_HWC[:, 9:], expected, atol=1e-4)


def test_a_frame_that_reaches_over_a_narrow_picture_knows_nothing_there() -> None:
    frame = cut(Canvas(scene(64, 32), np.zeros((32, 64), np.bool_), opaque=True), Box(0, -16, 64), 16)
    assert np.array_equal(frame.where_HW.all(axis=1), [4 <= row < 12 for row in range(16)])


def test_later_frames_know_what_earlier_ones_painted() -> None:
    canvas = enlarged(scene(64, 64), left=128)
    _, frames = paint(canvas, colour_painter(9, 200, 9), size=16)
    green = to_float(np.array([[[9, 200, 9, 255]]], np.uint8))[0, 0]
    known_N4 = frames[-1].known_HWC[frames[-1].where_HW]
    assert np.abs(known_N4 - green).max() < 0.6
    assert len(frames) == 4
