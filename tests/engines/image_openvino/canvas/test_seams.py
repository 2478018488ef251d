import numpy as np
import pytest
from picture_files import scene

from pleiade.engines.image_openvino.canvas.seams import seam_score


def painted(width: int = 96, height: int = 64) -> np.ndarray:
    where_HW = np.zeros((height, width), np.bool_)
    where_HW[16:48, 24:60] = True
    return where_HW


def test_a_picture_of_one_piece_scores_about_one() -> None:
    assert seam_score(scene(), painted()) == pytest.approx(1, abs=0.3)
    rough = np.random.default_rng(0).integers(0, 256, (64, 96, 4), np.uint8)
    assert seam_score(rough, painted()) == pytest.approx(1, abs=0.2)
    assert seam_score(np.full((64, 96, 4), 77, np.uint8), painted()) == 1


def test_the_score_rises_with_the_step_at_the_border() -> None:
    scores = []
    for step in (0, 10, 30, 90):
        rgba_HWC = np.full((64, 96, 4), (80, 80, 80, 255), np.uint8)
        rgba_HWC[painted(), :3] += np.uint8(step)
        scores.append(seam_score(rgba_HWC, painted()))
    assert scores == sorted(set(scores))
    assert scores[0] == 1
    assert scores[-1] > 30


def test_only_the_border_of_what_was_painted_counts() -> None:
    rgba_HWC = np.full((64, 96, 4), (80, 80, 80, 255), np.uint8)
    rgba_HWC[30:34, 40:44] = 0  # a thing in the middle, further in than is compared
    assert seam_score(rgba_HWC, painted()) == 1


def test_without_a_border_the_score_is_one() -> None:
    assert seam_score(scene(), np.ones((64, 96), np.bool_)) == 1
