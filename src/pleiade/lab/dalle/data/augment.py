"""One drawing as one training picture, and how it then looks: fill, ground, hue and place change, and are told."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.captions import Look
from pleiade.lab.dalle.data.colours import NAMED, Colour, palette
from pleiade.lab.dalle.data.drawings import Drawing
from pleiade.lab.dalle.data.grounds import over, plain_ground, readable_on, shade
from pleiade.lab.dalle.data.pixels import Floats, Rgba, premultiplied, to_rgba
from pleiade.lab.dalle.data.resample import resample, resampling

FLAT_GROUND, GRADIENT = {True: 0.45, False: 0.3}, 0.12  # shares of one-colour and of colour drawings
HUE_SHIFT, MIRROR, SCALED = 0.2, 0.25, 0.35
BLACK_FILL = 0.15  # one-colour drawings that stay as they were drawn
SHIFT = 3  # pixels of 64
PIXEL_ART = frozenset({"crawl", "serenity", "pixel-mono"})
COLOUR_WORDS = frozenset(word for colour in NAMED for word in colour.en.split()) | {"gold", "silver", "bronze", "gray"}
ONE_SIDED = frozenset(
    {
        "left",
        "right",
        "arrow",
        "east",
        "west",
        "clockwise",
        "anticlockwise",
        "counterclockwise",
        "clock",
        "text",
        "letter",
        "number",
        "sign",
        "keyboard",
        "first",
        "last",
        "next",
        "previous",
        "back",
        "forward",
        "abc",
        "input",
        "font",
        "spell",
        "note",
        "music",
        "percent",
        "question",
        "calendar",
    }
)


def may_mirror(drawing: Drawing) -> bool:
    """Whether its mirror image shows the same: no text, no flag, nothing that has a side."""
    words = set(f"{drawing.name} {drawing.concept.replace('-', ' ')}".lower().split())
    lone = any(len(word) == 1 or word.isdigit() for word in words)
    return not (drawing.is_flag or lone or words & ONE_SIDED or drawing.group.startswith("Symbols"))


def may_change_hue(drawing: Drawing) -> bool:
    """Whether other colours leave its name true: no flag, no colour in the name, no skin."""
    words = set(drawing.name.lower().replace("-", " ").split())
    return not (drawing.mono or drawing.is_flag or words & COLOUR_WORDS or drawing.group.startswith("People"))


def augmented(drawing: Drawing, rgba: Rgba, rng: Random, size: int) -> tuple[Floats, Look]:
    """A training picture, premultiplied (size, size, 4) in [0, 1], and how it looks now."""
    x = _placed(drawing, premultiplied(rgba), rng, size)
    if drawing.mono:
        fill = NAMED[0] if rng.random() < BLACK_FILL else rng.choice(NAMED)
        x[..., :3] = x[..., 3:] * np.array(shade(fill, rng), np.float32)
        colours: tuple[Colour, ...] = (fill,)
    elif rng.random() < HUE_SHIFT and may_change_hue(drawing):
        x = turn_hue(x, rng.uniform(0.15, 0.85))
        colours = tuple(NAMED[i] for i in palette(to_rgba(x * 2 - 1)))
    else:
        colours = tuple(NAMED[i] for i in drawing.palette)
    chance = rng.random()
    if chance >= FLAT_GROUND[drawing.mono] + GRADIENT:
        return x, Look(colours, filled=drawing.mono)
    choices = readable_on(colours)
    ground = (
        (rng.choice(choices),) if chance < FLAT_GROUND[drawing.mono] else (rng.choice(choices), rng.choice(choices))
    )
    return over(x, plain_ground(ground, size, rng)), Look(colours, ground, drawing.mono)


def turn_hue(x: Floats, turns: float) -> Floats:
    """Turn every hue by a part of the circle; lightness and greys stay (a rotation in the YIQ plane)."""
    cos, sin = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    matrix = (np.linalg.inv(to_yiq) @ turn @ to_yiq).astype(np.float32)
    out = x.copy()
    # Linear and blind to grey, so that it holds for premultiplied colours too.
    out[..., :3] = np.clip(x[..., :3] @ matrix.T, 0, x[..., 3:])
    return out


def _shift(covered: NDArray[np.int64], size: int, rng: Random) -> int:
    """A step by which nothing is cut off; `covered` are the places of rows or columns with something in them."""
    before, after = (int(covered[0]), size - 1 - int(covered[-1])) if len(covered) else (0, 0)
    return rng.randint(-min(SHIFT, before), min(SHIFT, after))


def _placed(drawing: Drawing, x: Floats, rng: Random, size: int) -> Floats:
    """The drawing moved a little, now and then scaled by up to 8 % or mirrored. Pixel art moves by whole pixels."""
    mirrored = rng.random() < MIRROR and may_mirror(drawing)
    inside, unit = len(x), size / 64
    length = float(size)
    if drawing.style not in PIXEL_ART and rng.random() < SCALED:
        length = float(round(size * rng.uniform(0.85, 1.06)))
    covered = x[..., 3] > 0
    top, left = (
        (size - length) // 2 + _shift(np.flatnonzero(covered.any(axis)), inside, rng) * unit
        if rng.random() < 0.6
        else (size - length) // 2
        for axis in (1, 0)
    )
    rows = resampling(inside, size, length, float(top))
    columns = resampling(inside, size, length, float(left), mirrored)
    return resample(x, rows, columns)
