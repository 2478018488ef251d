"""The exact checks are right about drawings whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.lab.dalle.data.colours import PLAIN, named
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.evals.checks import count, has_colour, is_placed
from pleiade.lab.dalle.evals.foreground import foreground, pieces

SIZE = 64
Disc = tuple[int, int, int, str]  # row, column, radius, colour


def drawn(discs: list[Disc], ground: str | None = None) -> Rgba:
    rgba = np.zeros((SIZE, SIZE, 4), np.uint8)
    if ground:
        rgba[:] = (*named(ground).rgb, 255)
    rows, columns = np.indices((SIZE, SIZE))
    for row, column, radius, colour in discs:
        rgba[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = (*named(colour).rgb, 255)
    return rgba


@pytest.mark.parametrize("ground", [None, "light blue", "black", "white"])
@given(places=st.sets(st.integers(0, 8), max_size=6), colour=st.sampled_from(["red", "green", "orange"]))
@settings(max_examples=20, deadline=None)
def test_as_many_discs_are_counted_as_were_drawn(ground: str | None, places: set[int], colour: str) -> None:
    discs = [(11 + 21 * (place // 3), 11 + 21 * (place % 3), 7, colour) for place in places]
    assert count(drawn(discs, ground)) == len(discs)


@pytest.mark.parametrize("asked", PLAIN)
def test_a_disc_has_its_own_plain_colour_and_no_other(asked: str) -> None:
    ground = "white" if asked not in ("white", "grey") else "navy blue"
    picture = drawn([(32, 32, 20, asked)], ground)
    assert [colour for colour in PLAIN if has_colour(picture, colour)] == [asked]


def test_nothing_drawn_has_no_colour_and_no_place() -> None:
    empty = drawn([], "white")
    assert not has_colour(empty, "white")
    assert count(empty) == 0
    assert not is_placed(empty, "red", "left", "blue")


@given(row=st.integers(12, 52), shift=st.integers(-3, 3))
@settings(max_examples=20, deadline=None)
def test_relations_follow_the_centroids(row: int, shift: int) -> None:
    picture = drawn([(row, 14, 9, "red"), (row + shift, 48, 9, "blue")], "cream")
    assert is_placed(picture, "red", "left", "blue")
    assert is_placed(picture, "blue", "right", "red")
    assert not is_placed(picture, "red", "right", "blue")
    assert not is_placed(picture, "red", "above", "blue")
    turned = picture.transpose(1, 0, 2)
    assert is_placed(turned, "red", "above", "blue")
    assert is_placed(turned, "blue", "below", "red")


def test_a_gradient_is_ground_even_where_a_thing_touches_the_border() -> None:
    picture = drawn([], "white")
    picture[..., 0] = np.linspace(40, 250, SIZE).astype(np.uint8)[:, None]
    assert not foreground(picture).any()
    picture[20:44, :20] = (*named("green").rgb, 255)
    assert foreground(picture).sum() == pytest.approx(24 * 20, rel=0.02)


def test_specks_are_no_pieces_and_corners_touch() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[10:20, 10:20] = mask[20:30, 20:30] = True
    mask[50, 50] = True
    (whole,) = pieces(mask)
    assert whole.sum() == 200


def test_a_ring_around_a_disc_is_two_pieces() -> None:
    rows, columns = np.indices((SIZE, SIZE)) - 32
    away = np.hypot(rows, columns)
    assert len(pieces((away < 8) | ((away > 14) & (away < 18)))) == 2
