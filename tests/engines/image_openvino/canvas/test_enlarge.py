import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import drawing, scene

from pleiade.engines.image_openvino.canvas.enlarge import MAX_SIDE, enlarged, enlarged_to, fitted, shaped, squared
from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.wire.errors import ApiError

PIXELS = st.integers(0, 50)


@settings(max_examples=30, deadline=None)
@given(PIXELS, PIXELS, PIXELS, PIXELS)
def test_pixels_on_each_side_are_unknown_and_the_picture_is_where_it_was(a: int, b: int, c: int, d: int) -> None:
    canvas = enlarged(scene(20, 10), left=a, right=b, top=c, bottom=d)
    assert canvas.size == (a + 20 + b, c + 10 + d)
    inside = np.s_[c : c + 10, a : a + 20]
    assert np.array_equal(canvas.rgba_HWC[inside], scene(20, 10))
    assert not canvas.unknown_HW[inside].any()
    assert canvas.unknown_HW.sum() == canvas.unknown_HW.size - 200
    assert canvas.opaque


def test_a_target_size_has_the_picture_in_its_middle() -> None:
    canvas = enlarged_to(scene(20, 10), (41, 30))
    assert canvas.size == (41, 30)
    assert np.array_equal(canvas.rgba_HWC[10:20, 10:30], scene(20, 10))


@pytest.mark.parametrize("size", [(20, 10), (16, 30), (40, 8)])
def test_a_target_that_is_not_larger_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ApiError, match="20x10") as caught:
        enlarged_to(scene(20, 10), size)
    assert caught.value.param == "size"


def test_a_canvas_larger_than_the_limit_is_refused_before_it_is_made() -> None:
    with pytest.raises(ApiError, match=f"at most {MAX_SIDE}") as caught:
        enlarged(scene(20, 10), left=MAX_SIDE)
    assert caught.value.code == "image_too_large"


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 8), st.integers(1, 8))
def test_another_shape_keeps_every_pixel_and_adds_on_two_sides_at_most(w: int, h: int, wide: int, high: int) -> None:
    canvas = shaped(scene(w, h), (wide * 16, high * 16))
    width, height = canvas.size
    assert width == w or height == h
    assert abs(width * high - height * wide) <= max(wide, high)
    left, top = (width - w) // 2, (height - h) // 2
    assert np.array_equal(canvas.rgba_HWC[top : top + h, left : left + w], scene(w, h))


def test_a_plain_border_is_carried_on_and_any_other_is_left_to_be_painted() -> None:
    clear = shaped(drawing(40, 40), (80, 40))
    assert not clear.unknown_HW.any()
    assert (clear.rgba_HWC[:, :20, 3] == 0).all()
    blue = np.full((40, 40, 4), (0, 0, 200, 255), np.uint8)
    blue[10:30, 10:30] = 255
    plain = shaped(blue, (80, 40))
    assert not plain.unknown_HW.any()
    assert (plain.rgba_HWC[:, :20] == (0, 0, 200, 255)).all()
    assert shaped(scene(40, 40), (80, 40)).unknown_HW.sum() == 40 * 40


def test_a_square_holds_the_whole_picture() -> None:
    assert np.array_equal(squared(scene(21, 10), 21)[5:15], scene(21, 10))
    assert squared(scene(21, 10), 21).shape == (21, 21, 4)
    for width, height in ((900, 7), (7, 900), (3, 3), (64, 64)):
        assert squared(scene(width, height), 64).shape == (64, 64, 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 60), st.integers(1, 60), st.integers(0, 5))
def test_a_canvas_that_is_made_smaller_loses_no_hole(width: int, height: int, wide: int, high: int, holes: int) -> None:
    rng = np.random.default_rng(holes)
    unknown_HW = np.zeros((height, width), bool)
    unknown_HW[rng.integers(0, height, holes), rng.integers(0, width, holes)] = True
    small = fitted(Canvas(scene(width, height), unknown_HW, opaque=True), (wide, high))
    assert small.rgba_HWC.shape[:2] == small.unknown_HW.shape
    assert small.size[0] <= max(wide, 1)
    assert small.size[1] <= max(high, 1)
    assert small.unknown_HW.any() == unknown_HW.any()
    if width <= wide and height <= high:
        assert small.size == (width, height)
