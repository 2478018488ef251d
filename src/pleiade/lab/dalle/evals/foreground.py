"""What stands on the ground of a picture, and in how many pieces; by arithmetic, without any model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.colours import lab
from pleiade.lab.dalle.data.parts import label_parts
from pleiade.lab.dalle.data.pixels import Rgba

Mask = NDArray[np.bool_]

DIFFERS = 16.0  # from the ground, in L*a*b*: well seen, and above what compression or a soft model leaves on it
SPECK = 0.12  # pieces smaller than this share of the largest are dirt, not objects


def foreground(rgba: Rgba) -> Mask:
    """Where a picture (H, W, 4) shows something other than its ground, (H, W).

    The ground is nothing where most of the border is transparent, else the plane through the border's colours (a flat
    colour or a gradient).
    """
    edge = _border(rgba.shape[0], rgba.shape[1])
    solid = rgba[..., 3] >= 128
    if solid[edge].mean() < 0.5:
        return solid
    lab_HWC = lab(rgba[..., :3])
    rows, columns = np.indices(edge.shape)
    plane = np.stack([np.ones_like(rows), rows, columns], axis=-1).astype(np.float64)
    known = edge & solid
    # What touches the border is no ground: the plane is fitted again to the pixels that were near the first one.
    for _ in range(3):
        fit = np.linalg.lstsq(plane[known], lab_HWC[known], rcond=None)[0]
        away = np.linalg.norm(lab_HWC - plane @ fit, axis=-1)
        near = edge & solid & (away < max(DIFFERS, float(np.median(away[edge & solid]))))
        if near.sum() < 8 or (near == known).all():
            break
        known = near
    found: Mask = (away > DIFFERS) & solid
    return found


def pieces(mask_HW: Mask) -> list[Mask]:
    """The connected pieces (8 neighbours) of a mask, the largest first, specks left out."""
    labels = label_parts(mask_HW)
    areas = np.bincount(labels.ravel())[1:]
    order = np.argsort(-areas, kind="stable")
    return [labels == 1 + place for place in order if areas[place] and areas[place] >= SPECK * areas.max()]


def _border(height: int, width: int) -> Mask:
    edge = np.zeros((height, width), bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    return edge
