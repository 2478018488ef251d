"""The stream deals the same pictures again, from any place, and tells the truth about what it changed."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.lab.dalle.data.augment import augmented, may_change_hue, may_mirror, turn_hue
from pleiade.lab.dalle.data.colours import NAMED, nearest_index
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import premultiplied, to_rgba
from pleiade.lab.dalle.data.processes import DrawnByProcesses
from pleiade.lab.dalle.data.resample import resample, resampling
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.data.styles import STYLES, style_id


def stream(drawings: Drawings, seed: int = 1) -> PictureStream:
    return PictureStream(drawings, None, size=32, seed=seed)


def test_a_resumed_stream_deals_what_the_other_would_have(drawings: Drawings) -> None:
    whole, first = stream(drawings), stream(drawings)
    expected = whole.next_batch(24)
    first.next_batch(9)
    resumed = stream(drawings)
    resumed.load_state_dict(first.state_dict())
    batch = resumed.next_batch(15)
    assert batch.captions == expected.captions[9:]
    assert np.array_equal(batch.x_BHWC, expected.x_BHWC[9:])
    assert np.array_equal(batch.style_B, expected.style_B[9:])


def test_processes_draw_the_same_pictures_and_their_place_is_the_streams(drawings: Drawings) -> None:
    expected = stream(drawings)
    one, two = expected.next_batch(5), expected.next_batch(7)
    with DrawnByProcesses(stream(drawings), 2) as drawn:
        first = drawn.next_batch(5)
        second = drawn.next_batch(7)
        state = drawn.state_dict()
        drawn.next_batch(7)
        drawn.load_state_dict(state)
        assert drawn.next_batch(3).captions == expected.next_batch(3).captions
    for made, wanted in ((first, one), (second, two)):
        assert made.captions == wanted.captions
        assert np.array_equal(made.x_BHWC, wanted.x_BHWC)
        assert np.array_equal(made.style_B, wanted.style_B)


def test_another_seed_deals_other_pictures_and_refuses_the_place(drawings: Drawings) -> None:
    assert stream(drawings, 1).next_batch(8).captions != stream(drawings, 2).next_batch(8).captions
    with pytest.raises(ValueError, match="other pictures"):
        stream(drawings, 2).load_state_dict(stream(drawings, 1).state_dict())


def test_nothing_held_out_is_ever_dealt(drawings: Drawings) -> None:
    captions = [words.lower() for words in stream(drawings).next_batch(400).captions]
    assert not any("kite" in words or "cerf" in words for words in captions)
    assert any("ball" in words for words in captions)


def test_pictures_are_floats_that_a_picture_can_be(drawings: Drawings) -> None:
    x = stream(drawings).next_batch(64).x_BHWC
    assert x.dtype == np.float32
    assert x.min() >= -1
    assert x.max() <= 1.0001
    assert (x[..., :3] <= x[..., 3:] + 1e-4).all()


def test_an_unknown_split_is_named(drawings: Drawings) -> None:
    with pytest.raises(ValueError, match="'h9'"):
        PictureStream(drawings, None, size=32, seed=1, split="h9")


def test_the_told_fill_and_ground_are_the_ones_in_the_picture(drawings: Drawings) -> None:
    index = next(i for i, row in enumerate(drawings.rows) if row.mono and row.name == "ball")
    for seed in range(60):
        x, look = augmented(drawings.rows[index], drawings.pixels[index], Random(seed), 32)
        rgba = to_rgba(x * 2 - 1)
        assert NAMED[nearest_index(rgba[16, 16, :3])] is look.colours[0]
        if len(look.ground) == 1:
            assert NAMED[nearest_index(rgba[0, 0, :3])] is look.ground[0]
        assert (rgba[0, 0, 3] == 0) == (not look.ground)


def test_flags_are_neither_mirrored_nor_recoloured_and_named_colours_stay(drawings: Drawings) -> None:
    for row in drawings.rows:
        if row.is_flag:
            assert not may_mirror(row)
            assert not may_change_hue(row)
        if row.mono:
            assert not may_change_hue(row)


def test_turning_hues_keeps_greys_and_alpha() -> None:
    grey = premultiplied(np.array([[[90, 90, 90, 200], [0, 0, 0, 0], [255, 255, 255, 255]]], np.uint8))
    assert np.allclose(turn_hue(grey, 0.37), grey, atol=2e-3)
    red = premultiplied(np.array([[[222, 32, 36, 255]]], np.uint8))
    assert np.allclose(turn_hue(red, 1.0), red, atol=1e-5)
    assert turn_hue(red, 0.5)[0, 0, 0] < red[0, 0, 0]


@settings(max_examples=30)
@given(st.integers(4, 24), st.integers(0, 6), st.booleans())
def test_resampling_moves_by_whole_pixels_without_a_change(size: int, shift: int, mirrored: bool) -> None:
    x = np.random.default_rng(size).random((size, size, 4), np.float32)
    x[..., :3] *= x[..., 3:]
    shift = min(shift, size - 1)
    columns = resampling(size, size, float(size), float(shift), mirrored)
    moved = resample(x, resampling(size, size, float(size), 0.0), columns)
    expected = np.zeros_like(x)
    expected[:, shift:] = (x[:, ::-1] if mirrored else x)[:, : size - shift]
    assert np.allclose(moved, expected, atol=1e-5)


@settings(max_examples=30)
@given(st.integers(8, 40), st.integers(8, 40))
def test_resampling_keeps_an_even_area_even(inside: int, length: int) -> None:
    matrix = resampling(inside, length, float(length), 0.0)
    reach = 2 * max(1, inside / length)  # of the widest weights, in pixels of the input
    away = int(np.ceil(reach * length / inside)) + 1
    if length > 2 * away:
        assert np.allclose(matrix.sum(1)[away:-away], 1, atol=0.03)


def test_styles_have_numbers_that_never_change() -> None:
    assert len(STYLES) == len(set(STYLES)) == 31
    assert (style_id("outline"), style_id("scene"), style_id("my own")) == (1, 31, 0)
