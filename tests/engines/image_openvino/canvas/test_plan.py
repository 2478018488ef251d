import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.engines.image_openvino.canvas.plan import CONTEXT, MAX_BOXES, Box, plan, view

SIDE = 16


def hole(width: int, height: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    unknown_HW = np.zeros((height, width), np.bool_)
    unknown_HW[top:bottom, left:right] = True
    return unknown_HW


def window(width: int, height: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    return ~hole(width, height, left, top, right, bottom)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.data(), st.booleans())
def test_every_unknown_pixel_is_in_a_box_and_boxes_reach_over_no_more_than_they_must(
    width: int, height: int, data: st.DataObject, inverted: bool
) -> None:
    left, right = sorted((data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, width - 1))))
    top, bottom = sorted((data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, height - 1))))
    unknown_HW = hole(width, height, left, top, right + 1, bottom + 1) ^ inverted
    if not unknown_HW.any():
        return
    boxes = plan(unknown_HW, smallest=SIDE)
    for box in boxes:
        view(unknown_HW, box)[...] = False
        for start, length in ((box.left, width), (box.top, height)):
            assert 0 <= start <= length - box.side or start == (length - box.side) // 2 < 0 or start == 0
    assert not unknown_HW.any()
    assert len(boxes) <= MAX_BOXES or boxes[0].side == max(width, height)


def test_a_hole_is_painted_in_one_box_with_its_surroundings() -> None:
    (box,) = plan(hole(400, 300, 180, 120, 220, 160), smallest=SIDE)
    assert box == Box(170, 110, round(CONTEXT * 40))


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"), [(128, 0, 256, 256), (0, 60, 256, 250), (20, 20, 236, 236)]
)
def test_a_large_part_of_a_square_is_one_thing_to_paint(left: int, top: int, right: int, bottom: int) -> None:
    assert plan(hole(256, 256, left, top, right, bottom), smallest=64) == [Box(0, 0, 256)]
    wide = plan(hole(300, 256, left, top, right, bottom), smallest=64)
    assert len(wide) == 1
    assert wide[0].side == 256


def test_around_a_picture_one_box_is_enough_only_where_enough_of_it_is_known() -> None:
    assert plan(window(512, 512, 128, 128, 384, 384), smallest=64) == [Box(0, 0, 512)]
    boxes = plan(window(512, 512, 156, 156, 356, 356), smallest=64)
    assert len(boxes) > 1
    assert {box.side for box in boxes} <= {200, 225, 250}


def test_a_hole_at_the_border_is_seen_in_a_box_inside_of_the_picture() -> None:
    (box,) = plan(hole(400, 300, 380, 0, 400, 20), smallest=SIDE)
    assert (box.left + box.side, box.top) == (400, 0)


def test_a_small_hole_is_seen_at_the_models_own_size() -> None:
    (box,) = plan(hole(400, 300, 200, 150, 203, 152), smallest=64)
    assert box.side == 64


def test_a_wholly_unknown_picture_is_one_box() -> None:
    assert plan(np.ones((30, 50), np.bool_), smallest=SIDE) == [Box(0, -10, 50)]


def test_half_as_much_to_the_left_is_one_frame_half_over_the_picture() -> None:
    assert plan(window(768, 512, 256, 0, 768, 512), smallest=64) == [Box(0, 0, 512)]


def test_frames_march_outward_each_half_over_what_is_known_by_then() -> None:
    unknown_HW = window(1536, 512, 1024, 0, 1536, 512)
    boxes = plan(unknown_HW, smallest=64)
    assert [box.left for box in boxes] == [768, 512, 256, 0]
    for box in boxes:
        assert view(unknown_HW, box).mean() == 0.5
        view(unknown_HW, box)[...] = False


@pytest.mark.parametrize("size", [(900, 700), (640, 1400), (2048, 640)])
def test_nearer_frames_come_first_and_each_sees_something_known(size: tuple[int, int]) -> None:
    width, height = size
    left, top = (width - 400) // 2, (height - 400) // 2
    unknown_HW = window(width, height, left, top, left + 400, top + 400)
    boxes = plan(unknown_HW, smallest=64)
    reaches = [
        max(left - box.left, top - box.top, box.left + box.side - left - 400, box.top + box.side - top - 400)
        for box in boxes
    ]
    assert reaches == sorted(reaches)
    for box in boxes:
        assert view(unknown_HW, box).mean() < 2 / 3
        view(unknown_HW, box)[...] = False
    assert not unknown_HW.any()


def test_a_sliver_of_a_picture_is_not_enlarged_in_hundreds_of_frames() -> None:
    assert len(plan(window(2000, 1000, 0, 500, 2000, 504), smallest=16)) <= MAX_BOXES
