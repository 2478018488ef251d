"""The grounds of scenes, up to the edge: plain, landscapes, rooms and patterns, each with the words for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data import english
from pleiade.lab.dalle.data.captions import ground_en, ground_fr
from pleiade.lab.dalle.data.colours import NAMED, Colour, named
from pleiade.lab.dalle.data.grounds import plain_ground, readable_on, shade
from pleiade.lab.dalle.data.pixels import Floats

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Ground:
    """A painted ground: `rgb` (S, S, 3) in [0, 1] or None where it is transparent, and how captions tell it.

    `alone_*` are the words when nothing stands on it; `horizon` is where things stand, a part of the height.
    """

    kind: str
    rgb: Floats | None
    en: str
    fr: str
    alone_en: str
    alone_fr: str
    horizon: float = 0.0
    colours: tuple[str, ...] = ()


def _bands(size: int, heights: NDArray[np.floating], above: Floats, below: Floats) -> Floats:
    """`above` over `below`, parted at a height (0 to 1, a number for each column), with a soft edge of one pixel."""
    y = (np.arange(size, dtype=np.float32)[:, None] + 0.5) - heights[None].astype(np.float32) * size
    share = np.clip(y + 0.5, 0, 1)[..., None]
    out: Floats = (above * (1 - share) + below * share).astype(np.float32)
    return out


def _fade(size: int, top: Rgb, bottom: Rgb) -> Floats:
    t = ((np.arange(size) + 0.5) / size)[:, None, None]
    faded = (np.array(top) * (1 - t) + np.array(bottom) * t).astype(np.float32)
    return np.broadcast_to(faded, (size, size, 3))


def _hills(size: int, rng: Random, middle: float, height: float) -> NDArray[np.float64]:
    x = np.arange(size) / size
    waves, phase = rng.uniform(0.5, 1.6), rng.uniform(0, 6.3)
    return middle + height * np.sin(2 * math.pi * waves * x + phase)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    r, g, b = (a * (1 - part) + c * part for a, c in zip(one, other, strict=True))
    return r, g, b


def _of(name: str, rng: Random) -> Rgb:
    return shade(named(name), rng)


def _sky(size: int, rng: Random) -> Floats:
    return _fade(size, _of("sky blue", rng), _mixed(_of("light blue", rng), (1, 1, 1), rng.uniform(0, 0.6)))


def _meadow(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.5, 0.72)
    grass = _fade(size, _of("light green", rng), _of("green", rng))
    rgb = _bands(size, _hills(size, rng, horizon, rng.uniform(0, 0.06)), _sky(size, rng), grass)
    if rng.random() < 0.4:
        _disc(rgb, rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.25), rng.uniform(0.06, 0.11), _of("yellow", rng))
    return Ground(
        "meadow", rgb, "on green grass under a blue sky", "sur l'herbe verte sous un ciel bleu",
        "a green meadow under a blue sky", "une prairie verte sous un ciel bleu", horizon,
    )  # fmt: skip


def _sea(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.4, 0.65)
    water = _fade(size, _of("blue", rng), _of("navy blue", rng))
    water = water.copy()
    for _ in range(rng.randrange(4, 12)):
        y, x, long = rng.uniform(horizon + 0.05, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.2)
        row, left = min(size - 1, int(y * size)), int(x * size)
        water[row, left : left + max(1, int(long * size))] = _mixed(_of("blue", rng), (1, 1, 1), 0.4)
    rgb = _bands(size, np.full(size, horizon), _sky(size, rng), water)
    return Ground(
        "sea", rgb, "on the sea", "sur la mer", "the sea under a blue sky", "la mer sous un ciel bleu", horizon
    )


def _night(size: int, rng: Random) -> Ground:
    rgb = _fade(size, _mixed(_of("navy blue", rng), (0, 0, 0), 0.4), _of("navy blue", rng)).copy()
    for _ in range(rng.randrange(12, 40)):
        rgb[rng.randrange(size), rng.randrange(size)] = rng.uniform(0.6, 1)
    moon = rng.random() < 0.5
    if moon:
        _disc(rgb, rng.uniform(0.12, 0.88), rng.uniform(0.1, 0.3), rng.uniform(0.07, 0.12), _of("cream", rng))
    with_en, with_fr = (" with a moon", " avec la lune") if moon else ("", "")
    return Ground(
        "night", rgb, f"under a starry night sky{with_en}", f"sous un ciel étoilé{with_fr}",
        f"a starry night sky{with_en}", f"un ciel étoilé la nuit{with_fr}",
    )  # fmt: skip


def _desert(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.5, 0.7)
    sky = _fade(size, _of("sky blue", rng), _of("cream", rng))
    sand = _fade(size, _of("golden yellow", rng), _mixed(_of("golden yellow", rng), _of("light brown", rng), 0.6))
    far = _bands(size, _hills(size, rng, horizon, 0.06), sky, _fade(size, _of("light brown", rng), _of("beige", rng)))
    rgb = _bands(size, _hills(size, rng, horizon + 0.08, 0.06), far, sand)
    return Ground(
        "desert",
        rgb,
        "in the desert",
        "dans le désert",
        "a desert with sand dunes",
        "un désert avec des dunes",
        horizon,
    )


def _snow(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.5, 0.72)
    snow = _fade(size, (0.97, 0.98, 1.0), (0.86, 0.91, 0.97))
    sky = _fade(size, _of("grey", rng), _of("light grey", rng)) if rng.random() < 0.4 else _sky(size, rng)
    rgb = _bands(size, _hills(size, rng, horizon, 0.05), sky, snow)
    return Ground("snow", rgb, "in the snow", "dans la neige", "a snowy field", "un champ de neige", horizon)


def _sunset(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.6, 0.78)
    sky = _fade(size, _of("purple", rng), _of("orange", rng)).copy()
    _disc(sky, rng.uniform(0.25, 0.75), horizon - 0.02, rng.uniform(0.1, 0.17), _of("yellow", rng))
    land = _fade(size, _of("dark brown", rng), _of("black", rng))
    rgb = _bands(size, _hills(size, rng, horizon, rng.uniform(0, 0.05)), sky, land)
    return Ground(
        "sunset", rgb, "at sunset", "au coucher du soleil", "a sunset over dark hills", "un coucher de soleil", horizon
    )


def _room(size: int, rng: Random) -> Ground:
    horizon = rng.uniform(0.62, 0.8)
    wall, floor = (
        rng.choice(NAMED),
        rng.choice([named(n) for n in ("brown", "light brown", "beige", "grey", "dark brown")]),
    )
    lower = np.broadcast_to(np.array(shade(floor, rng), np.float32), (size, size, 3))
    rgb = _bands(size, np.full(size, horizon), plain_ground((wall,), size, rng), lower)
    told = english.with_article(f"{wall.en} wall")
    en = f"in a room with {told} and {english.with_article(f'{floor.en} floor')}"
    fr = f"dans une pièce avec un mur {wall.fr} et un sol {floor.fr}"
    return Ground(
        "room", rgb, en, fr, f"an empty room{en[9:]}", f"une pièce vide{fr[14:]}", horizon, (wall.en, floor.en)
    )


def _striped(size: int, rng: Random) -> Ground:
    one = rng.choice(NAMED)
    other = rng.choice(readable_on((one,)))
    kind, period = rng.choice(("stripes", "dots", "checks")), rng.choice((8, 10.7, 12.8, 16)) * size / 64
    y, x = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5, indexing="ij")
    turned = rng.choice((x, y, x + y))
    if kind == "stripes":
        share = np.clip(abs((turned / period) % 1 - 0.5) * 2 * period / 2 - period / 4 + 0.5, 0, 1)
    elif kind == "dots":
        row = np.floor(y / period)
        dx, dy = (x / period + 0.5 * (row % 2)) % 1 - 0.5, (y / period) % 1 - 0.5
        share = np.clip((0.28 - np.hypot(dx, dy)) * period + 0.5, 0, 1)
    else:
        share = (np.floor(x / period) + np.floor(y / period)) % 2
    a, b = np.array(shade(one, rng), np.float32), np.array(shade(other, rng), np.float32)
    rgb = (a + share[..., None].astype(np.float32) * (b - a)).astype(np.float32)
    words_en = {"stripes": "striped", "dots": "polka dot", "checks": "chequered"}[kind]
    words_fr = {"stripes": "rayé", "dots": "à pois", "checks": "à damier"}[kind]
    en = f"{words_en} {one.en} and {other.en} background"
    fr = f"fond {words_fr} {one.fr} et {other.fr}"
    return Ground(
        kind, rgb, f"on {english.with_article(en)}", f"sur un {fr}", f"a {en}", f"un {fr}", 0, (one.en, other.en)
    )


def _plain(size: int, rng: Random, colours: tuple[Colour, ...]) -> Ground:
    rgb = plain_ground(colours, size, rng) if colours else None
    kind = ("transparent", "flat", "gradient")[len(colours)]
    en, fr = ground_en(colours, rng), ground_fr(colours, rng)
    bare_en, bare_fr = en.removeprefix("on "), fr.removeprefix("sur ")
    return Ground(kind, rgb, en, fr, bare_en, bare_fr, 0, tuple(colour.en for colour in colours))


def _disc(rgb: Floats, x: float, y: float, radius: float, colour: Rgb) -> None:
    size = len(rgb)
    down, right = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5, indexing="ij")
    share = np.clip((radius * size - np.hypot(right - x * size, down - y * size)) + 0.5, 0, 1)[..., None]
    rgb += share.astype(np.float32) * (np.array(colour, np.float32) - rgb)


LANDSCAPES: tuple[Callable[[int, Random], Ground], ...] = (
    _meadow, _sea, _night, _desert, _snow, _sunset, _room, _striped,
)  # fmt: skip


def flat(colour: Colour | None, size: int, rng: Random) -> Ground:
    """A ground of one colour; transparent where there is none."""
    return _plain(size, rng, (colour,) if colour else ())


def any_ground(size: int, rng: Random, fills: tuple[Colour, ...] = (), plain: float = 0.6) -> Ground:
    """Some ground: with probability `plain` one on which these fills read well, else a landscape, room or pattern."""
    if rng.random() >= plain:
        return rng.choice(LANDSCAPES)(size, rng)
    choices = readable_on(fills)
    count = rng.choices((0, 1, 2), (0.25, 0.55, 0.2))[0]
    return _plain(size, rng, tuple(rng.choice(choices) for _ in range(count)))
