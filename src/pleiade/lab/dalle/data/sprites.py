"""What stands in scenes: plain shapes and one-colour drawings in any named colour, and colour drawings as they are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from pleiade.lab.dalle.data import french
from pleiade.lab.dalle.data.colours import NAMED, PLAIN, Colour, named
from pleiade.lab.dalle.data.drawings import Drawing, Drawings
from pleiade.lab.dalle.data.grounds import shade
from pleiade.lab.dalle.data.pixels import Floats, premultiplied
from pleiade.lab.dalle.data.resample import resample, resampling
from pleiade.lab.dalle.data.shapes import SHAPES, Noun, shape

ONE_PIECE_STYLES = frozenset({"solid", "fluent-hc", "engraved"})
COLOUR_STYLES = (
    "fluent-3d", "fluent-color", "fluent-flat", "noto", "twemoji", "blob", "fx", "emojione", "color-flat",
)  # fmt: skip
GROUPS = ("Animals", "Food", "Travel", "Objects", "Activities")  # things, not faces, signs or flags
MOST_WORDS = 3
PLAIN_COLOURS = 0.65  # share of the colours that people ask for first


@dataclass(frozen=True)
class Sprite:
    """A thing to place: its noun, its trimmed premultiplied pixels (H, W, 4), its one colour, its style if it has one.

    A noun without French words has an empty `fr`.
    """

    noun: Noun
    x: Floats
    colour: Colour | None
    style: str | None


def pick_colour(rng: Random, other_than: tuple[Colour, ...] = ()) -> Colour:
    """A named colour, a plain one most often; never one whose plain word is that of another in the picture."""
    taken = {colour.base for colour in other_than}
    while True:
        colour = named(rng.choice(PLAIN)) if rng.random() < PLAIN_COLOURS else rng.choice(NAMED)
        if colour.base not in taken:
            return colour


def shape_sprite(name: str, colour: Colour, rng: Random) -> Sprite:
    """A plain shape in a colour."""
    return Sprite(SHAPES[name][0], _painted(_trimmed(shape(name)[..., None])[..., 0], colour, rng), colour, None)


class Sprites:
    """The drawings of one split that may stand in scenes."""

    def __init__(self, drawings: Drawings, split: str = "train") -> None:
        self._drawings = drawings
        self.one_colour: list[int] = []
        self.of_style: dict[str, list[int]] = {}
        for i in drawings.split(split):
            row = drawings.rows[i]
            if len(row.name.split()) > MOST_WORDS or ":" in row.name or row.is_flag:
                continue
            if row.mono and row.parts == 1 and row.style in ONE_PIECE_STYLES and row.group.startswith(GROUPS):
                self.one_colour.append(int(i))
            elif row.style in COLOUR_STYLES and row.group.startswith(GROUPS):
                self.of_style.setdefault(row.style, []).append(int(i))

    def shape(self, rng: Random, colour: Colour) -> Sprite:
        """Some shape in a colour."""
        return shape_sprite(rng.choice(tuple(SHAPES)), colour, rng)

    def in_colour(self, rng: Random, colour: Colour) -> Sprite:
        """Some one-colour drawing in a colour; a shape where there is none."""
        if not self.one_colour:
            return self.shape(rng, colour)
        i = rng.choice(self.one_colour)
        coverage = premultiplied(self._drawings.pixels[i])[..., 3:]
        return Sprite(_noun(self._drawings.rows[i]), _painted(_trimmed(coverage)[..., 0], colour, rng), colour, None)

    def coloured(self, rng: Random, style: str | None = None) -> Sprite:
        """Some colour drawing (of a style); a shape where there is none."""
        if not self.of_style:
            return self.shape(rng, pick_colour(rng))
        style = style if style in self.of_style else rng.choice(tuple(self.of_style))
        i = rng.choice(self.of_style[style])
        return Sprite(_noun(self._drawings.rows[i]), _trimmed(premultiplied(self._drawings.pixels[i])), None, style)


def _noun(drawing: Drawing) -> Noun:
    fr = drawing.name_fr.replace("’", "'")
    return Noun(drawing.name.replace("’", "'"), "" if ":" in fr else fr, french.is_feminine(fr))


def _painted(coverage: Floats, colour: Colour, rng: Random) -> Floats:
    return coverage[..., None] * np.array((*shade(colour, rng), 1.0), np.float32)


def _trimmed(x: Floats) -> Floats:
    seen = x[..., -1] > 0.02
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return x[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def sized(x: Floats, length: int) -> Floats:
    """A sprite's pixels with its longer side `length` pixels long."""
    height, width = x.shape[:2]
    scale = length / max(height, width)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    return resample(x, resampling(height, tall, tall, 0.0), resampling(width, wide, wide, 0.0))


def paste(canvas: Floats, x: Floats, top: int, left: int) -> None:
    """Lay a sprite over a premultiplied canvas (H, W, 4), in place; what lies outside is cut off."""
    size_y, size_x = canvas.shape[:2]
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(size_y, top + x.shape[0]), min(size_x, left + x.shape[1])
    if y0 < y1 and x0 < x1:
        part = x[y0 - top : y1 - top, x0 - left : x1 - left]
        under = canvas[y0:y1, x0:x1]
        under *= 1 - part[..., 3:]
        under += part  # both are within their alpha, so is what comes of them
