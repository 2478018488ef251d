"""Plain shapes drawn by rule: the objects whose colour, number and place can be checked without any model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.pixels import Floats

Plane = NDArray[np.float64]
FINE = 4  # points across a pixel that its coverage is averaged over


@dataclass(frozen=True)
class Noun:
    """What a thing is called; `feminine` is of the French word."""

    en: str
    fr: str
    feminine: bool


def _circle(x: Plane, y: Plane) -> Plane:
    return 1 - np.hypot(x, y)


def _square(x: Plane, y: Plane) -> Plane:
    return 0.9 - np.maximum(abs(x), abs(y))


def _rectangle(x: Plane, y: Plane) -> Plane:
    return np.minimum(1 - abs(x), 0.55 - abs(y))


def _oval(x: Plane, y: Plane) -> Plane:
    return 1 - np.hypot(x, y / 0.62)


def _diamond(x: Plane, y: Plane) -> Plane:
    return 1 - abs(x) * 1.25 - abs(y)


def _ring(x: Plane, y: Plane) -> Plane:
    r = np.hypot(x, y)
    within: Plane = np.minimum(1 - r, r - 0.55)
    return within


def _cross(x: Plane, y: Plane) -> Plane:
    return np.maximum(np.minimum(0.3 - abs(x), 0.95 - abs(y)), np.minimum(0.3 - abs(y), 0.95 - abs(x)))


def _crescent(x: Plane, y: Plane) -> Plane:
    within: Plane = np.minimum(1 - np.hypot(x, y), np.hypot(x - 0.45, y) - 0.8)
    return within


def _drop(x: Plane, y: Plane) -> Plane:
    below = 0.62 - np.hypot(x, y - 0.36)
    above = np.minimum(0.512 * (y + 1) - abs(x), 0.0775 - y)  # the tangents from the tip (0, -1)
    return np.maximum(below, above)


def _heart(x: Plane, y: Plane) -> Plane:
    u, v = x * 1.25, -y * 1.2 + 0.1
    return -((u**2 + v**2 - 1) ** 3 - u**2 * v**3)


def _polygon(corners: int) -> Callable[[Plane, Plane], Plane]:
    step = 2 * math.pi / corners

    def inside(x: Plane, y: Plane) -> Plane:
        from_edge = np.arctan2(x, -y) % step - step / 2  # a corner is up
        return math.cos(step / 2) - np.hypot(x, y) * np.cos(from_edge)

    return inside


def _star(x: Plane, y: Plane) -> Plane:
    step = 2 * math.pi / 5
    angle = abs((np.arctan2(x, -y) + math.pi / 5) % step - math.pi / 5)
    r, inner = np.hypot(x, y), 0.45
    # The straight edge from a tip (radius 1, angle 0) to an inner corner (radius `inner`, angle 36 degrees).
    px, py, qx, qy = 0.0, 1.0, inner * math.sin(step / 2), inner * math.cos(step / 2)
    u, v = r * np.sin(angle), r * np.cos(angle)
    return (qy - py) * (u - px) - (qx - px) * (v - py)


SHAPES: dict[str, tuple[Noun, Callable[[Plane, Plane], Plane]]] = {
    "circle": (Noun("circle", "cercle", False), _circle),
    "square": (Noun("square", "carré", False), _square),
    "triangle": (Noun("triangle", "triangle", False), _polygon(3)),
    "star": (Noun("star", "étoile", True), _star),
    "heart": (Noun("heart", "cœur", False), _heart),
    "diamond": (Noun("diamond", "losange", False), _diamond),
    "ring": (Noun("ring", "anneau", False), _ring),
    "cross": (Noun("cross", "croix", True), _cross),
    "crescent": (Noun("crescent", "croissant", False), _crescent),
    "drop": (Noun("drop", "goutte", True), _drop),
    "rectangle": (Noun("rectangle", "rectangle", False), _rectangle),
    "oval": (Noun("oval", "ovale", False), _oval),
    "pentagon": (Noun("pentagon", "pentagone", False), _polygon(5)),
    "hexagon": (Noun("hexagon", "hexagone", False), _polygon(6)),
}


@cache
def shape(name: str, size: int = 64) -> Floats:
    """The coverage of a shape that fills size x size pixels; (size, size) float32 in [0, 1]."""
    points = (np.arange(size * FINE) + 0.5) / (size * FINE) * 2 - 1
    x, y = np.meshgrid(points, points)
    inside = SHAPES[name][1](x, y) > 0
    coverage: Floats = inside.reshape(size, FINE, size, FINE).mean((1, 3)).astype(np.float32)
    coverage.setflags(write=False)
    return coverage
