"""Which pictures the next pass of the network goes on with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.engines.image_openvino.drawing import Drawing, next_pass
from pleiade.engines.image_openvino.sampler import Caption, Task

NOTHING = Caption(np.zeros((2, 3), np.float32), np.ones(2, np.float32))
UNIT = np.ones(1, np.float32)


def drawing(candidates: int = 1, steps: int = 4, *, contrast: bool = False) -> Drawing:
    task = Task(caption=NOTHING, against=NOTHING, steps=steps, guidance=3.0, embedding_E=UNIT, contrast=contrast)
    return Drawing(task, size=2, seed=(1,), candidates=candidates, target_E=UNIT)


def take(drawings: list[Drawing], room: int) -> list[int]:
    """Take one step of what the next pass holds; returns to which drawings it belongs."""
    chosen = next_pass(drawings, room)
    for _, way in chosen:
        way.advance(np.zeros((len(way.rows()), 2, 2, 4), np.float32))
    for one in {id(one): one for one, _ in chosen}.values():
        if one.abreast and one.left < len(one.alive):
            one.keep(one.alive)
    return [drawings.index(one) for one, _ in chosen]


ANY = st.builds(drawing, st.integers(1, 8), st.integers(1, 6), contrast=st.booleans())


@given(st.lists(ANY, min_size=1, max_size=6), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=60, deadline=None)
def test_every_picture_is_finished_and_no_pass_is_larger_than_it_may_be(drawings: list[Drawing], room: int) -> None:
    while drawings:
        chosen = next_pass(drawings, room)
        rows = sum(len(way.rows()) for _, way in chosen)
        assert 1 <= rows <= max(room, 2)  # a pair of rows is not divided
        assert len({id(way) for _, way in chosen}) == len(chosen)
        take(drawings, room)
        steps = [{way.step for way in one.alive} for one in drawings]
        assert all(max(of_one) - min(of_one) <= 1 for of_one in steps), "candidates are ranked side by side"
        drawings = [one for one in drawings if not one.done]


def test_a_draft_does_not_wait_behind_a_large_picture() -> None:
    large, draft = drawing(candidates=8, steps=20), drawing(candidates=1, steps=2)
    held = [take([large, draft], 4) for _ in range(2)]
    assert [pictures.count(1) for pictures in held] == [1, 1]
    assert draft.done


@pytest.mark.parametrize("room", [1, 2, 3, 4])
@pytest.mark.parametrize("contrast", [True, False])
def test_drafts_that_keep_coming_do_not_starve_a_large_picture(room: int, contrast: bool) -> None:
    large = drawing(candidates=4, steps=6, contrast=contrast)
    drafts: list[Drawing] = []
    for _ in range(60):
        drafts = [draft for draft in drafts if not draft.done] + [drawing(steps=1, contrast=contrast)]
        take([large, *drafts], room)
        if large.done:
            return
    raise AssertionError(f"step {large.step} of 6 after 60 passes")


def test_alone_a_picture_has_the_whole_pass() -> None:
    assert take([drawing(candidates=8)], 4) == [0, 0, 0, 0]


def test_waiting_pictures_hold_no_noise() -> None:
    first, second = drawing(candidates=4), drawing(candidates=4)
    next_pass([first, second], 2)
    assert first._alive
    assert not drawing()._alive
