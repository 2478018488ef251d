"""Colours are named as they are seen, and pictures keep their colours through the model's floats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.lab.dalle.data.colours import NAMED, PLAIN, lab, named, nearest, nearest_index, palette
from pleiade.lab.dalle.data.pixels import to_float, to_rgba

LEVEL = st.integers(0, 255)


def test_lab_agrees_with_published_values() -> None:
    # Lindbloom's sRGB (D65) conversions.
    given_rgb = np.array([(255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)])
    expected = np.array([(100, 0, 0), (53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86)])
    assert np.abs(lab(given_rgb) - expected).max() < 0.05


@pytest.mark.parametrize("colour", NAMED, ids=lambda colour: colour.en)
def test_the_centre_of_a_name_has_that_name(colour: object) -> None:
    assert nearest(colour.rgb) is colour  # type: ignore[attr-defined]
    assert NAMED[nearest_index(np.array(colour.rgb, np.uint8))] is colour  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((255, 0, 0), "red"),
        ((0, 128, 0), "green"),
        ((255, 255, 0), "yellow"),
        ((150, 75, 0), "brown"),
        ((0, 0, 128), "blue"),
        ((0, 0, 255), "blue"),
        ((0, 255, 0), "green"),
        ((128, 0, 128), "purple"),
        ((255, 192, 203), "pink"),
        ((255, 165, 0), "orange"),
        ((128, 128, 128), "grey"),
    ],
)
def test_common_colours_have_the_base_that_people_say(rgb: tuple[int, int, int], name: str) -> None:
    assert nearest(rgb).base == name


def test_plain_names_are_their_own_base() -> None:
    assert {named(name).base for name in PLAIN} == set(PLAIN)


def test_the_palette_counts_only_what_is_seen() -> None:
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[:, :] = (*named("blue").rgb, 0)
    picture[:2] = (*named("red").rgb, 255)
    picture[2] = (*named("white").rgb, 255)
    assert [NAMED[i].en for i in palette(picture)] == ["red", "white"]
    assert palette(np.zeros((4, 4, 4), np.uint8)) == ()


@given(LEVEL, LEVEL, LEVEL, st.integers(1, 255))
def test_pixels_come_back_as_exactly_as_their_alpha_allows(r: int, g: int, b: int, a: int) -> None:
    pixel = np.array([[[r, g, b, a]]], np.uint8)
    x = to_float(pixel)
    assert x.min() >= -1
    assert x.max() <= 1
    back = to_rgba(x)[0, 0].astype(int)
    assert np.abs(back - (r, g, b, a)).max() <= 1


def test_what_no_picture_can_be_is_cut_off() -> None:
    assert (to_rgba(np.full((1, 1, 4), 3.0)) == 255).all()
    assert (to_rgba(np.full((1, 1, 4), -3.0)) == 0).all()
