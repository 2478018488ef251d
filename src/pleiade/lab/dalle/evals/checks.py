"""Exact checks of a picture against its prompt: colour, count and position, without any model that could be wrong."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.colours import NAMED, nearest_index
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.evals.foreground import Mask, foreground, pieces

Relation = Literal["left", "right", "above", "below"]
Kind = Literal["colour", "count", "position"]

MAJORITY = 0.5  # of the foreground has the colour asked for
FEW = 12  # pixels of 64 x 64 below which nothing is drawn
BASES = np.array([colour.base for colour in NAMED])


class Check(msgspec.Struct, frozen=True):
    """What must be true: plain colours (of one thing, or of the first and the second), how many, and their relation."""

    kind: Kind
    colours: tuple[str, ...] = ()
    count: int = 1
    relation: Relation = "left"

    def holds(self, rgba: Rgba) -> bool:
        """Whether it is true of a picture."""
        if self.kind == "colour":
            return has_colour(rgba, self.colours[0])
        if self.kind == "count":
            return count(rgba) == self.count
        return is_placed(rgba, self.colours[0], self.relation, self.colours[1])


def has_colour(rgba: Rgba, base: str) -> bool:
    """Whether most of the foreground is of a plain colour: the nearest of the named colours is a kind of it."""
    seen = foreground(rgba)
    if seen.sum() < FEW:
        return False
    return bool((_bases(rgba[seen]) == base).mean() >= MAJORITY)


def count(rgba: Rgba) -> int:
    """How many connected things stand on the ground."""
    return len(pieces(foreground(rgba)))


def is_placed(rgba: Rgba, first: str, relation: Relation, second: str) -> bool:
    """Whether what is of the plain colour `first` lies left of, ... what is of colour `second`, by their centroids."""
    seen = foreground(rgba)
    one, other = (_centre(_of_colour(rgba, seen, base)) for base in (first, second))
    if one is None or other is None:
        return False
    down, right = one[0] - other[0], one[1] - other[1]
    along = {"left": -right, "right": right, "above": -down, "below": down}[relation]
    across = down if relation in ("left", "right") else right
    return bool(along > abs(across))


def _of_colour(rgba: Rgba, seen: Mask, base: str) -> Mask:
    found = np.zeros_like(seen)
    found[seen] = _bases(rgba[seen]) == base
    return found


def _bases(pixels_N4: NDArray[np.uint8]) -> NDArray[np.str_]:
    names: NDArray[np.str_] = BASES[nearest_index(pixels_N4[..., :3])]
    return names


def _centre(mask_HW: Mask) -> tuple[float, float] | None:
    """Row and column of the centroid of the largest piece; None where there is next to nothing."""
    found = pieces(mask_HW)
    if not found or found[0].sum() < FEW:
        return None
    rows, columns = np.nonzero(found[0])
    return float(rows.mean()), float(columns.mean())
