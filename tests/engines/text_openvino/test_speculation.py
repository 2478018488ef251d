"""Drafts come from the text itself and stop where they do not pay."""

import numpy as np

from pleiade.engines.text_openvino.speculation import Drafter, latest_occurrence


def test_the_latest_earlier_occurrence_is_found() -> None:
    text = np.array([1, 2, 3, 9, 1, 2, 3, 8, 1, 2, 3])
    assert latest_occurrence(text, 3) == 7
    assert latest_occurrence(text, 2) == 7
    assert latest_occurrence(np.array([1, 2, 3]), 2) == -1


def test_an_overlapping_repetition_is_found() -> None:
    assert latest_occurrence(np.array([5, 5, 5, 5]), 2) == 3


def test_a_draft_is_what_followed_last_time_and_no_longer_than_allowed() -> None:
    text = np.array([1, 2, 3, 9, 8, 7, 6, 1, 2, 3])
    assert Drafter().propose(text, 10).tolist() == [9, 8, 7, 6, 1, 2]
    assert Drafter().propose(text, 2).tolist() == [9, 8]
    assert Drafter().propose(text, 0).tolist() == []
    assert Drafter().propose(np.arange(20), 5).tolist() == []


def test_drafts_that_miss_are_paused_and_tried_again_later() -> None:
    drafter, text = Drafter(), np.tile([1, 2, 3, 4], 50)
    for length in range(20, 60):
        if not drafter.propose(text[:length], 4).size:
            break
        drafter.learn(4, 0, length)
    else:
        raise AssertionError("never paused")
    assert length < 26
    assert drafter.propose(text, 4).size  # much later


def test_drafts_that_hit_go_on() -> None:
    drafter, text = Drafter(), np.tile([1, 2, 3, 4], 50)
    for length in range(20, 200):
        assert drafter.propose(text[:length], 4).size
        drafter.learn(4, 4, length)
