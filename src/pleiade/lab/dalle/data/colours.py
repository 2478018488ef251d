"""Some thirty colours with their English and French names, told apart by distance in CIE L*a*b* (D65)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.pixels import Rgba

Rgb = tuple[int, int, int]


@dataclass(frozen=True, eq=False)  # each is itself: there is one of each in NAMED
class Colour:
    """A named colour: its sRGB centre, and the plain word (`base`) that is true of it too.

    French names are the invariable noun form, as in "en bleu clair": no gender or number to agree with.
    """

    en: str
    fr: str
    rgb: Rgb
    base: str
    also: tuple[Rgb, ...] = ()  # other centres: L*a*b* alone would call pure blue a purple


NAMED: tuple[Colour, ...] = (
    Colour("black", "noir", (12, 12, 12), "black"),
    Colour("white", "blanc", (252, 252, 252), "white"),
    Colour("grey", "gris", (128, 130, 134), "grey"),
    Colour("light grey", "gris clair", (205, 208, 212), "grey"),
    Colour("dark grey", "gris foncé", (70, 73, 78), "grey"),
    Colour("red", "rouge", (222, 32, 36), "red", ((255, 0, 0),)),
    Colour("dark red", "rouge foncé", (134, 14, 20), "red"),
    Colour("coral", "corail", (255, 118, 92), "red"),
    Colour("orange", "orange", (255, 136, 10), "orange", ((255, 160, 0),)),
    Colour("golden yellow", "jaune d’or", (250, 185, 28), "yellow"),
    Colour("yellow", "jaune", (255, 224, 50), "yellow"),
    Colour("cream", "crème", (255, 243, 212), "white"),
    Colour("beige", "beige", (226, 202, 164), "beige"),
    Colour("light brown", "marron clair", (186, 126, 78), "brown"),
    Colour("brown", "marron", (130, 76, 40), "brown"),
    Colour("dark brown", "marron foncé", (74, 44, 28), "brown"),
    Colour("olive", "olive", (126, 126, 40), "green"),
    Colour("light green", "vert clair", (146, 216, 104), "green"),
    Colour("green", "vert", (44, 160, 60), "green", ((0, 128, 0), (0, 235, 40))),
    Colour("dark green", "vert foncé", (14, 86, 44), "green"),
    Colour("mint green", "vert menthe", (172, 236, 204), "green"),
    Colour("teal", "bleu canard", (18, 124, 128), "blue"),
    Colour("turquoise", "turquoise", (52, 200, 194), "blue"),
    Colour("light blue", "bleu clair", (186, 222, 248), "blue"),
    Colour("sky blue", "bleu ciel", (92, 182, 242), "blue"),
    Colour("blue", "bleu", (36, 106, 222), "blue", ((0, 0, 255), (20, 60, 235))),
    Colour("navy blue", "bleu marine", (22, 36, 98), "blue", ((0, 0, 128), (0, 0, 80))),
    Colour("indigo", "indigo", (76, 58, 178), "purple"),
    Colour("purple", "violet", (130, 50, 176), "purple"),
    Colour("lavender", "lavande", (190, 168, 236), "purple"),
    Colour("magenta", "magenta", (214, 30, 180), "pink", ((255, 0, 255),)),
    Colour("pink", "rose", (252, 130, 182), "pink"),
    Colour("light pink", "rose pâle", (255, 204, 222), "pink"),
)

# The words that a person uses first; prompts and checks ask for these.
PLAIN = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")

BITS = 5  # of each channel in the table of nearest names


def lab(rgb: NDArray[np.integer] | NDArray[np.floating]) -> NDArray[np.float32]:
    """sRGB 0..255 (..., 3) as CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15)."""
    unit = np.asarray(rgb, np.float64) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


@cache
def named_lab() -> NDArray[np.float32]:
    """L*a*b* of `NAMED`, (N, 3)."""
    return lab(np.array([colour.rgb for colour in NAMED]))


@cache
def _table() -> NDArray[np.uint8]:
    """Index of the nearest name of every colour, at 5 bits a channel: one look-up instead of 33 distances a pixel."""
    levels = (np.arange(1 << BITS) * 2 + 1) << (7 - BITS)  # the middle of each step
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    centres, owners = _centres()
    distances = ((lab(grid)[:, None] - centres) ** 2).sum(-1)
    table: NDArray[np.uint8] = owners[distances.argmin(1)]
    return table


@cache
def _centres() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """L*a*b* of every centre of every name, and the name's index."""
    pairs = [(rgb, i) for i, colour in enumerate(NAMED) for rgb in (colour.rgb, *colour.also)]
    return lab(np.array([rgb for rgb, _ in pairs])), np.array([i for _, i in pairs], np.uint8)


def nearest_index(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Index in `NAMED` of each colour's nearest name; rgb (..., 3) uint8."""
    r, g, b = (rgb[..., i].astype(np.int32) >> (8 - BITS) for i in range(3))
    names: NDArray[np.uint8] = _table()[(r << 2 * BITS) | (g << BITS) | b]
    return names


def nearest(rgb: Rgb) -> Colour:
    """The named colour that is nearest to an sRGB colour."""
    centres, owners = _centres()
    return NAMED[int(owners[((lab(np.array(rgb)) - centres) ** 2).sum(-1).argmin()])]


def named(name: str) -> Colour:
    """The colour of an English name. Raises KeyError with the names there are."""
    for colour in NAMED:
        if colour.en == name:
            return colour
    raise KeyError(f"no colour is named {name!r}: there are {', '.join(colour.en for colour in NAMED)}")


@cache
def distance(one: Colour, other: Colour) -> float:
    """Distance in L*a*b* (CIE76); about 2 is just seen, 40 and more reads well as fill on ground."""
    centres = named_lab()
    return float(np.linalg.norm(centres[NAMED.index(one)] - centres[NAMED.index(other)]))


def palette(rgba: Rgba, most: int = 3, least_share: float = 0.12) -> tuple[int, ...]:
    """Indices in `NAMED` of the colours that cover the most of a picture (H, W, 4), greatest first.

    Pixels that are more transparent than not do not count; a colour needs `least_share` of the others.
    """
    seen = rgba[..., 3] > 127
    pixels = rgba[seen][:, :3]
    if not len(pixels):
        return ()
    counts = np.bincount(nearest_index(pixels), minlength=len(NAMED))
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple(int(i) for i in order if counts[i] >= least_share * len(pixels))
