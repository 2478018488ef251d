"""A scene shows exactly what its caption and truth say; held-out combinations never come."""

from random import Random

import numpy as np
import pytest

from pleiade.lab.dalle.data.colours import NAMED, named, nearest_index
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.parts import count_parts, label_parts
from pleiade.lab.dalle.data.scenes import draw_scene, exact_prompts
from pleiade.lab.dalle.data.shapes import SHAPES, shape
from pleiade.lab.dalle.data.sprites import Sprites
from pleiade.lab.dalle.data.truth import Scene, Truth, is_held_out

SIZE = 64


@pytest.fixture(scope="module")
def scenes(drawings: Drawings) -> list[Scene]:
    rng, sprites = Random(3), Sprites(drawings)
    return [draw_scene(rng, sprites, SIZE) for _ in range(600)]


def of_colour(scene: Scene, name: str) -> np.ndarray:
    rgba = scene.rgba
    return (nearest_index(rgba[..., :3]) == NAMED.index(named(name))) & (rgba[..., 3] > 127)


def shapes_on_plain(scenes: list[Scene], kind: str) -> list[Scene]:
    return [
        scene
        for scene in scenes
        if scene.truth.kind == kind
        and scene.truth.ground in ("flat", "transparent")
        and all(thing.colour and thing.noun in SHAPES for thing in scene.truth.things)
    ]


def test_there_are_as_many_things_of_that_colour_as_the_truth_says(scenes: list[Scene]) -> None:
    counted = shapes_on_plain(scenes, "count")
    assert {scene.truth.count for scene in counted} == {1, 2, 3, 4, 5}
    for scene in counted:
        assert count_parts(of_colour(scene, str(scene.truth.things[0].colour))) == scene.truth.count, scene.caption


def test_what_is_told_to_be_on_the_left_is_on_the_left(scenes: list[Scene]) -> None:
    placed = shapes_on_plain(scenes, "position")
    assert {scene.truth.relation for scene in placed} == {"left", "right", "above", "below"}
    for scene in placed:
        (y1, x1), (y2, x2) = (np.argwhere(of_colour(scene, str(thing.colour))).mean(0) for thing in scene.truth.things)
        seen = {"left": x1 < x2, "right": x1 > x2, "above": y1 < y2, "below": y1 > y2}
        assert seen[str(scene.truth.relation)], scene.caption
        assert np.allclose(scene.truth.things[0].centre, (x1 / SIZE, y1 / SIZE), atol=0.12)


def test_colours_can_be_blended_as_premultiplied(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.x.min() >= 0
        assert scene.x[..., 3].max() <= 1.0001
        assert (scene.x[..., :3] <= scene.x[..., 3:] + 1e-4).all()


def test_landscapes_and_patterns_fill_the_picture_to_its_edges(scenes: list[Scene]) -> None:
    grounds = {scene.truth.ground for scene in scenes}
    assert {"meadow", "sea", "night", "desert", "snow", "sunset", "room", "stripes", "dots", "checks"} <= grounds
    for scene in scenes:
        if scene.truth.ground != "transparent":
            assert (scene.rgba[..., 3] == 255).all()


def test_held_out_combinations_are_never_drawn(scenes: list[Scene]) -> None:
    assert not any(is_held_out(scene.truth) for scene in scenes)
    # A tenth of all combinations is held out, so among 600 scenes many would be.
    share = np.mean([is_held_out(truth) for _, truth in exact_prompts("count", 2000, 1)])
    assert 0.05 < share < 0.15


def test_a_relation_is_held_out_whichever_thing_is_told_first() -> None:
    for _, truth in exact_prompts("position", 50, 2, held_out=True):
        first, second = truth.things
        opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}[str(truth.relation)]
        assert is_held_out(Truth("position", (second, first), truth.ground, truth.ground_colours, opposite))


@pytest.mark.parametrize("kind", ["colour", "count", "position"])
def test_exact_prompts_say_what_their_truth_says(kind: str) -> None:
    made = exact_prompts(kind, 100, 5)  # type: ignore[arg-type]
    assert made == exact_prompts(kind, 100, 5)  # type: ignore[arg-type]
    for prompt, truth in made:
        assert all(str(thing.colour) in prompt for thing in truth.things)
        assert prompt.endswith(f"on a {truth.ground_colours[0]} background")
        assert truth.count == {"colour": 1, "position": 2}.get(kind, truth.count)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_one_piece_inside_its_square(name: str) -> None:
    coverage = shape(name)
    assert count_parts(coverage > 0.5) == 1
    assert 0.15 < coverage.mean() < 0.9


def test_pieces_that_touch_at_a_corner_are_one() -> None:
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    labels = label_parts(mask)
    assert labels.max() == 3
    assert labels[0, 0] == labels[1, 1] != labels[0, 3]
    assert not labels[~mask].any()


def test_a_ring_and_a_u_are_one_piece_each() -> None:
    ring = np.ones((5, 5), bool)
    ring[1:4, 1:4] = False
    u = np.zeros((5, 7), bool)
    u[:, 0] = u[:, 6] = u[4] = True
    assert label_parts(ring).max() == label_parts(u).max() == 1
