"""The suite of exact checks: colour, count and position on procedural prompts, and how often the checks are right."""

from __future__ import annotations

from random import Random
from typing import get_args

import msgspec
import numpy as np

from pleiade.lab.dalle.data.colours import named
from pleiade.lab.dalle.data.pixels import Rgba, to_rgba
from pleiade.lab.dalle.data.scenes import exact_prompts
from pleiade.lab.dalle.data.sprites import paste, shape_sprite, sized
from pleiade.lab.dalle.data.truth import Truth
from pleiade.lab.dalle.evals.checks import Check, Kind, Relation
from pleiade.lab.dalle.evals.results import Line, PictureSuite
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.statistics import Estimate, mean
from pleiade.lab.dalle.evals.tasks import SCENE_STYLE, Task

SEED = 64
FEW = 3  # counted up to here the number is one that people see at a glance
GRIDS = {1: (1, 1), 2: (1, 2), 3: (2, 2), 4: (2, 2), 5: (2, 3)}  # rows and columns of cells
PLACES = {"left": (0.5, 0.25), "right": (0.5, 0.75), "above": (0.25, 0.5), "below": (0.75, 0.5)}  # row, column
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
PROTOCOL = (
    "Shapes in plain colours on a flat ground, half of the combinations never shown in training. Colour: most of what "
    "is not ground is nearest (in L*a*b*) to a colour of that plain name. Count: connected pieces. Position: between "
    "the centroids of the two colours. No model judges. `real`: the prompts drawn by program, which shows how often "
    "the checks are right. `other prompt`: the model's picture of another prompt, which is chance. `nearest icon`: "
    "the training drawing with most of the words."
)


def check_exactly(setting: Setting) -> PictureSuite:
    """Shares of pictures that show what was asked, by kind."""
    lines = []
    for kind in get_args(Kind):
        prompts = exact_prompts(kind, setting.limit // 4 or 1, SEED, True) + exact_prompts(
            kind, setting.limit // 4 or 1, SEED, False
        )
        checks = [check_of(truth) for _, truth in prompts]
        tasks = [Task(kind, prompt, style=SCENE_STYLE) for prompt, _ in prompts]
        made = setting.made(tasks, kind)
        pictures = {
            "model": made,
            "real": np.stack([drawn(truth, setting.drawings.size, seed) for seed, (_, truth) in enumerate(prompts)]),
            "nearest icon": setting.drawings.pixels[[setting.search.nearest_icon(task) for task in tasks]],
            "other prompt": np.roll(made, len(made) // 3 + 1, axis=0),
        }
        lines.append(Line(kind, "share", "higher", _shares(pictures, checks)))
        if kind == "count":
            few = [place for place, check in enumerate(checks) if check.count <= FEW]
            some = {name: rgba[few] for name, rgba in pictures.items()}
            lines.append(Line(f"count to {FEW}", "share", "higher", _shares(some, [checks[place] for place in few])))
    return PictureSuite("Exact checks", PROTOCOL, lines)


def check_of(truth: Truth) -> Check:
    """What must be true of a picture of a scene."""
    colours = tuple(named(thing.colour).base for thing in truth.things if thing.colour)
    if truth.kind == "position" and truth.relation:
        return Check("position", colours, relation=msgspec.convert(truth.relation, Relation))
    if truth.kind == "count":
        return Check("count", colours[:1], truth.count)
    return Check("colour", colours[:1])


def drawn(truth: Truth, size: int, seed: int) -> Rgba:
    """An exact prompt as a picture (S, S, 4), drawn by program."""
    rng = Random(seed)
    canvas = np.ones((size, size, 4), np.float32)
    canvas[..., :3] = np.array(named(truth.ground_colours[0]).rgb, np.float32) / 255
    for thing, (row, column, room) in zip(truth.things, _places(truth), strict=True):
        sprite = shape_sprite(thing.noun, named(thing.colour or "black"), rng)
        pixels = sized(sprite.x, int(size * room * rng.uniform(0.6, 0.8)))
        height, width = pixels.shape[:2]
        paste(canvas, pixels, round(size * row - height / 2), round(size * column - width / 2))
    return to_rgba(canvas * 2 - 1)


def _places(truth: Truth) -> list[tuple[float, float, float]]:
    """Centre (row, column) and room of each thing, in parts of the picture."""
    if truth.relation:
        return [(*PLACES[each], 0.5) for each in (truth.relation, OPPOSITE[truth.relation])]
    rows, columns = GRIDS[truth.count]
    cells = [((row + 0.5) / rows, (column + 0.5) / columns) for row in range(rows) for column in range(columns)]
    return [(*cell, 1 / max(rows, columns)) for cell in cells[: truth.count]]


def _shares(pictures: dict[str, Rgba], checks: list[Check]) -> dict[str, Estimate]:
    return {
        name: mean([check.holds(rgba) for check, rgba in zip(checks, pictures[name], strict=True)]) for name in pictures
    }
