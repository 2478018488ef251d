import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from picture_files import drawing, scene

from pleiade.engines.image_openvino.pictures.floats import (
    BAND,
    averaged,
    bands,
    flatten,
    resize,
    resize_float,
    to_float,
    to_rgba,
)
from pleiade.lab.dalle.data import pixels as lab

PICTURES = arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(4)))


@settings(max_examples=40, deadline=None)
@given(PICTURES)
def test_floats_and_back_keep_all_that_can_be_seen(rgba_HWC: np.ndarray) -> None:
    x_HWC = to_float(rgba_HWC)
    assert x_HWC.dtype == np.float32
    assert (np.abs(x_HWC) <= 1).all()
    assert (x_HWC[..., :3] <= x_HWC[..., 3:] + 1e-6).all()  # premultiplied
    back_HWC = to_rgba(x_HWC)
    assert np.array_equal(back_HWC[..., 3], rgba_HWC[..., 3])
    seen_HW = rgba_HWC[..., 3] > 0
    assert np.array_equal(back_HWC[seen_HW], rgba_HWC[seen_HW])


@settings(max_examples=40, deadline=None)
@given(PICTURES)
def test_the_engine_and_the_lab_mean_the_same_numbers(rgba_HWC: np.ndarray) -> None:
    assert np.allclose(to_float(rgba_HWC), lab.to_float(rgba_HWC), atol=1e-6)


def test_values_out_of_range_are_clipped_to_a_picture() -> None:
    wild_HWC = np.array([[[9, -9, 0, 1], [1, 1, 1, -1], [1, 0, 0, 0]]], np.float32)
    assert to_rgba(wild_HWC).tolist() == [[[255, 0, 128, 255], [0, 0, 0, 0], [255, 255, 255, 128]]]


def test_colours_under_transparency_do_not_bleed_when_a_picture_is_resized() -> None:
    for small_HWC in (resize(drawing(), (12, 10)), to_rgba(resize_float(to_float(drawing()), (12, 10)))):
        seen_HWC = small_HWC[small_HWC[..., 3] > 64]
        assert (np.abs(seen_HWC[:, :3].astype(int) - (200, 30, 40)) <= 24).all()  # Lanczos overshoots by a tenth


def test_plain_averages_keep_a_hard_border_where_it_is() -> None:
    x_HWC = to_float(np.where(np.arange(64)[None, :, None] < 32, np.uint8(0), np.uint8(255)).repeat(64, 0).repeat(4, 2))
    small_HWC = resize_float(x_HWC, (16, 16), sharp=False)
    assert np.array_equal(np.unique(small_HWC[:, :8]), [-1])
    assert np.array_equal(np.unique(small_HWC[:, 8:]), [1])


@pytest.mark.parametrize(
    ("width", "height", "size"), [(2100, 1900, (64, 64)), (300, 9000, (7, 209)), (9000, 300, (209, 7))]
)
def test_a_picture_that_is_read_in_bands_has_the_same_averages(width: int, height: int, size: tuple[int, int]) -> None:
    x_HWC = np.random.default_rng(0).random((height, width, 2), np.float32)
    read: list[int] = []

    def some(rows: slice) -> np.ndarray:
        read.append((rows.stop - rows.start) * width)
        return x_HWC[rows]

    assert np.array_equal(averaged(some, width, height, size), resize_float(x_HWC, size, sharp=False))
    assert len(read) > 1
    assert max(read) < 2 * BAND


@pytest.mark.parametrize(("width", "height"), [(3000, 2000), (1, 5), (1 << 21, 3)])
def test_bands_are_all_rows_in_their_order(width: int, height: int) -> None:
    rows = [row for band in bands(width, height) for row in range(band.start, band.stop)]
    assert rows == list(range(height))


def test_rows_enlarged_apart_are_those_of_the_whole() -> None:
    x_HWC = np.random.default_rng(0).random((64, 32, 3), np.float32)
    whole_HWC = resize_float(x_HWC, (500, 1000))
    apart = [resize_float(x_HWC, (500, 100), rows=(k * 6.4, (k + 1) * 6.4)) for k in range(10)]
    assert np.allclose(np.concatenate(apart), whole_HWC, atol=1e-5)


def test_a_flattened_picture_is_opaque_and_an_opaque_one_is_left_alone() -> None:
    flat_HWC = flatten(drawing())
    assert (flat_HWC[..., 3] == 255).all()
    assert flat_HWC[0, 0].tolist() == [255, 255, 255, 255]
    assert flat_HWC[20, 24].tolist() == [200, 30, 40, 255]
    assert np.array_equal(flatten(scene()), scene())
