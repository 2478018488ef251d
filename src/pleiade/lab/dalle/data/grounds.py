"""Plain grounds below a drawing: one named colour, or a gradient between two."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import numpy as np

from pleiade.lab.dalle.data.colours import NAMED, Colour, distance, nearest_index
from pleiade.lab.dalle.data.pixels import Floats

READABLE = 40.0  # distance in L*a*b* at which a fill reads well on its ground
NEAR_CENTRE = 9  # levels that a colour may differ from its name's centre


def shade(colour: Colour, rng: Random) -> tuple[float, float, float]:
    """A colour near the centre of its name, as floats in [0, 1]: two reds are not the same red."""
    r, g, b = (min(255, max(0, level + rng.randint(-NEAR_CENTRE, NEAR_CENTRE))) for level in colour.rgb)
    if NAMED[nearest_index(np.array((r, g, b), np.uint8))] is not colour:
        r, g, b = colour.rgb
    return r / 255, g / 255, b / 255


@lru_cache(maxsize=4096)
def readable_on(fills: tuple[Colour, ...]) -> tuple[Colour, ...]:
    """The named colours on which all these fills read well; those furthest away where there are none."""
    least = {colour: min((distance(colour, fill) for fill in fills), default=READABLE) for colour in NAMED}
    good = tuple(colour for colour in NAMED if least[colour] >= READABLE)
    return good or tuple(sorted(NAMED, key=lambda colour: -least[colour])[:3])


@lru_cache(maxsize=64)
def _ramp(size: int, direction: int) -> Floats:
    """From 0 to 1 across a square: down, to the right, or to a corner; (size, size, 1)."""
    t = ((np.arange(size) + 0.5) / size).astype(np.float32)
    down, right = np.broadcast_to(t[:, None], (size, size)), np.broadcast_to(t[None], (size, size))
    corner = ((down + right) / 2).astype(np.float32)
    return (down, right, corner)[direction][..., None]


def plain_ground(colours: tuple[Colour, ...], size: int, rng: Random) -> Floats:
    """A flat ground, or a gradient from the first colour to the second; (size, size, 3) in [0, 1]."""
    first = np.array(shade(colours[0], rng), np.float32)
    if len(colours) == 1:
        return np.broadcast_to(first, (size, size, 3))
    second = np.array(shade(colours[1], rng), np.float32)
    return first + _ramp(size, rng.randrange(3)) * (second - first)


def over(x: Floats, ground: Floats) -> Floats:
    """A premultiplied picture (H, W, 4) laid on an opaque ground (H, W, 3)."""
    out = np.empty_like(x)
    out[..., :3] = x[..., :3] + (1 - x[..., 3:]) * ground
    out[..., 3] = 1
    return out
