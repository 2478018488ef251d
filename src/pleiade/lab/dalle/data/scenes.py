"""Procedural scenes: things in numbers, colours and places on a ground, never the same twice, with the exact truth.

Also the prompts whose pictures can be checked without any model, because the scenes say the same in the same words.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Literal

from pleiade.lab.dalle.data.arrangements import ARRANGEMENTS
from pleiade.lab.dalle.data.colours import PLAIN, Colour, distance, named
from pleiade.lab.dalle.data.grounds import READABLE
from pleiade.lab.dalle.data.noise import as_typed
from pleiade.lab.dalle.data.phrases import OPPOSITE, relation_en, things_en
from pleiade.lab.dalle.data.shapes import SHAPES
from pleiade.lab.dalle.data.sprites import Sprites
from pleiade.lab.dalle.data.truth import Scene, Thing, Truth, is_held_out

ExactKind = Literal["colour", "count", "position"]
GROUNDS = ("white", "black", "light grey", "cream")
MOST_COUNTED = 5


def draw_scene(rng: Random, sprites: Sprites, size: int) -> Scene:
    """One scene with its caption in English or French; combinations that are held out (H3) do not come."""
    makers, shares = zip(*ARRANGEMENTS, strict=True)
    while True:
        scene: Scene = rng.choices(makers, shares)[0](rng, sprites, size)
        if not is_held_out(scene.truth):
            return replace(scene, caption=as_typed(scene.caption, rng))


def exact_prompts(
    kind: ExactKind, n: int, seed: int, held_out: bool | None = None, most: int = MOST_COUNTED
) -> list[tuple[str, Truth]]:
    """`n` English prompts with what a right picture shows: shapes in plain colours on one flat ground.

    "colour": one thing; "count": 1 to `most` of them; "position": two in a relation. `held_out` True gives only
    combinations that training never shows, False only those that it may, None both. No place is given in the truth.
    """
    rng = Random(f"{kind}|{seed}")
    made: list[tuple[str, Truth]] = []
    while len(made) < n:
        prompt, truth = _exact(kind, rng, most)
        if held_out is None or is_held_out(truth) == held_out:
            made.append((prompt, truth))
    return made


def _exact(kind: ExactKind, rng: Random, most: int) -> tuple[str, Truth]:
    ground = named(rng.choice(GROUNDS))
    one, first = rng.choice(tuple(SHAPES)), _readable(rng, ground)
    noun = SHAPES[one][0]
    on_it = f" on a {ground.en} background"
    if kind == "position":
        other, second = rng.choice(tuple(SHAPES)), _readable(rng, ground, first)
        relation = rng.choice(tuple(OPPOSITE))
        words = relation_en(things_en(noun, first, 1), relation, things_en(SHAPES[other][0], second, 1))
        pair = (Thing(one, first.en), Thing(other, second.en))
        return words + on_it, Truth(kind, pair, "flat", (ground.en,), relation)
    count = rng.randint(1, most) if kind == "count" else 1
    things = (Thing(one, first.en),) * count
    return things_en(noun, first, count) + on_it, Truth(kind, things, "flat", (ground.en,))


def _readable(rng: Random, *others: Colour) -> Colour:
    """A plain colour that reads well beside these."""
    good = [colour for colour in map(named, PLAIN) if all(distance(colour, other) >= READABLE for other in others)]
    return rng.choice(good)
