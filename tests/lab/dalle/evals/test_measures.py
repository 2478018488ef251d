"""The measures say what they are said to, on sets whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.lab.dalle.evals.distribution import kid, precision, spread
from pleiade.lab.dalle.evals.edits import is_untouched, seam_score
from pleiade.lab.dalle.evals.memorisation import COPY_RATIO, nearest, pixel_distance, shrunk
from pleiade.lab.dalle.evals.retrieval import AMONG, ranks, recalled
from pleiade.lab.dalle.evals.statistics import mean

RNG = np.random.default_rng(0)


def directions(num: int, width: int = 16, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(num, width)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_an_interval_holds_its_mean_and_stays_within_the_values(marks: list[bool]) -> None:
    found = mean(marks)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.count == len(marks)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    draws = np.random.default_rng(3).random((200, 50)) < 0.3
    covered = sum(found.low <= 0.3 <= found.high for found in map(mean, draws))
    assert 175 <= covered <= 199


def test_no_items_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no items"):
        mean([])


def test_pictures_that_are_their_captions_are_always_found_and_equal_ones_as_by_chance() -> None:
    captions, concepts = directions(150), [f"c{i}" for i in range(150)]
    assert recalled(ranks(captions, captions, concepts, captions, concepts), 1).mean() == 1
    alike = np.repeat(captions[:1], 150, axis=0)
    assert np.allclose(ranks(alike, alike, concepts, alike, concepts), (AMONG - 1) / 2)
    by_chance = ranks(directions(150, seed=9), captions, concepts, captions, concepts)
    assert recalled(by_chance, 5).mean() == pytest.approx(0.05, abs=0.06)


def test_captions_of_the_same_concept_are_not_wrong_answers() -> None:
    captions = directions(40)
    captions[1] = captions[0]
    concepts = ["same", "same", *(f"c{i}" for i in range(38))]
    assert ranks(captions, captions, concepts, captions, concepts)[0] == 0
    with pytest.raises(ValueError, match="one concept"):
        ranks(captions[:2], captions[:2], concepts[:2], captions[:2], concepts[:2])


def test_kid_is_near_zero_within_a_set_and_grows_with_distance() -> None:
    x = RNG.normal(size=(400, 8)).astype(np.float32)
    halves = kid(x[:200], x[200:])
    near, far = kid(x[:200], x[200:] + 0.5), kid(x[:200], x[200:] + 1.5)
    assert abs(halves) < near < far
    with pytest.raises(ValueError, match="two pictures"):
        kid(x[:1], x)


def test_precision_is_lost_by_odd_pictures_and_recall_by_missing_ones() -> None:
    real = RNG.normal(size=(100, 4)).astype(np.float32)
    odd = real + 50
    assert precision(odd, real).mean() == 0
    assert precision(real, real).mean() == 1
    one = np.repeat(real[:1], 50, axis=0)
    assert precision(one, real).mean() == 1
    assert precision(real, one).mean() < 0.1
    assert spread(one) == pytest.approx(0, abs=1e-3)
    assert spread(real) > 1


def test_a_copy_among_others_is_found_by_the_ratio_and_a_new_picture_is_not() -> None:
    train = directions(300, width=64)
    copy = train[7] + 0.01 * directions(1, width=64, seed=5)[0]
    found = nearest(np.stack([copy / np.linalg.norm(copy), directions(1, width=64, seed=6)[0]]), train)
    assert found.rows_NK[0, 0] == 7
    assert found.ratio[0] < COPY_RATIO < found.ratio[1]
    assert (np.diff(found.distances_NK, axis=1) >= 0).all()


def test_pixels_moved_a_little_are_the_same_and_other_ones_are_not() -> None:
    picture = np.zeros((1, 64, 64, 4), np.uint8)
    picture[0, 20:40, 20:40] = (200, 30, 30, 255)
    moved = np.roll(picture, 4, axis=1)  # a pixel of 16 x 16
    other = np.zeros_like(picture)
    other[0, 8:56, 8:20] = (30, 30, 200, 255)
    to_moved, to_other = pixel_distance(shrunk(picture)[0], np.concatenate([shrunk(moved), shrunk(other)]))
    assert to_moved == pytest.approx(0, abs=1e-4)
    assert to_other > 10


def test_one_changed_pixel_outside_the_mask_is_seen() -> None:
    before = RNG.integers(0, 255, (16, 16, 4), dtype=np.uint8)
    unknown = np.zeros((16, 16), bool)
    unknown[4:8, 4:8] = True
    after = np.where(unknown[..., None], 0, before).astype(np.uint8)
    assert is_untouched(before, after, unknown)
    after[0, 0, 2] ^= 1
    assert not is_untouched(before, after, unknown)


def test_a_seam_shows_where_another_picture_was_pasted_and_not_in_a_whole_one() -> None:
    rows, columns = np.indices((64, 64))
    whole = np.stack([rows * 2 + 40, columns * 2 + 40, rows + columns, np.full_like(rows, 255)], -1).astype(np.uint8)
    unknown = np.zeros((64, 64), bool)
    unknown[:, 32:] = True
    pasted = np.where(unknown[..., None], whole[::-1, ::-1], whole)
    assert seam_score(whole, unknown) == pytest.approx(1, abs=0.05)
    assert seam_score(pasted, unknown) > 5
    with pytest.raises(ValueError, match="border"):
        seam_score(whole, np.zeros((64, 64), bool))
