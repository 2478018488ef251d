"""Pairs to learn enlarging from: crops of drawings rendered large, and the same as a generator would draw them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pleiade.lab.dalle.data.colours import NAMED
from pleiade.lab.dalle.data.drawings import Drawing, Drawings
from pleiade.lab.dalle.data.grounds import over, readable_on, shade
from pleiade.lab.dalle.data.pixels import Floats, Rgba, premultiplied
from pleiade.lab.dalle.data.resample import within_alpha
from pleiade.lab.dalle.enlarger import FACTOR

CLEAN = 0.25  # share of crops whose small side is not harmed
MOST_BLUR, MOST_NOISE = 0.45, 0.04  # weight of a neighbour in the blur; deviation in [0, 1]
ON_GROUND = 0.5


@dataclass(frozen=True)
class Pairs:
    """Small crops (B, S, S, 4) and the same four times as large, premultiplied in [-1, 1]."""

    small_BHWC: Tensor
    large_BHWC: Tensor

    @property
    def ids(self) -> Tensor:
        """What the loop counts rows by."""
        return self.small_BHWC

    @property
    def num_targets(self) -> int:
        """Crops."""
        return len(self.small_BHWC)

    @property
    def num_tokens(self) -> int:
        """Crops: what a run counts as pictures."""
        return len(self.small_BHWC)

    def to(self, device: torch.device) -> Pairs:
        """The same on a device."""
        return Pairs(self.small_BHWC.to(device), self.large_BHWC.to(device))


class PairStream:
    """Deals pairs for ever: pair k follows from the seed and k alone."""

    def __init__(self, drawings: Drawings, rows: int, crop: int, seed: int, split: str = "train") -> None:
        if crop * FACTOR > drawings.size:
            raise ValueError(
                f"crops of {crop * FACTOR} pixels do not fit into drawings of {drawings.size}: set enlarger.crop="
                f"{drawings.size // FACTOR} or less, or render larger ones (python -m pleiade.lab.dalle.data --large)"
            )
        self.drawings, self.rows, self.crop, self.seed, self.dealt = drawings, rows, crop, seed, 0
        self._indices = [int(i) for i in drawings.split(split)]

    def next_step(self) -> list[Pairs]:
        """The next `rows` pairs, as one batch."""
        S, L = self.crop, self.crop * FACTOR
        small_BHWC, large_BHWC = np.empty((self.rows, S, S, 4), np.float32), np.empty((self.rows, L, L, 4), np.float32)
        for row in range(self.rows):
            rng = Random((self.seed << 48) + self.dealt + row)
            index = rng.choice(self._indices)
            large = crop_of(self.drawings.rows[index], self.drawings.pixels[index], rng, L)
            large_BHWC[row] = large
            small_BHWC[row] = as_generated(shrunk(large, FACTOR), rng)
        self.dealt += self.rows
        return [Pairs(torch.from_numpy(small_BHWC * 2 - 1), torch.from_numpy(large_BHWC * 2 - 1))]

    def state_dict(self) -> dict[str, Any]:
        """The place."""
        return {"dealt": self.dealt, "drawings": self.drawings.fingerprint}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place. Raises ValueError if it is one in other drawings."""
        if state["drawings"] != self.drawings.fingerprint:
            raise ValueError("the enlarger was begun with other drawings: give it the same, or remove its folder")
        self.dealt = state["dealt"]


def crop_of(drawing: Drawing, rgba: Rgba, rng: Random, side: int) -> Floats:
    """A square of a drawing, turned, mirrored, filled and grounded somehow; premultiplied in [0, 1]."""
    top, left = (rng.randint(0, len(rgba) - side) for _ in range(2))
    x = premultiplied(rgba[top : top + side, left : left + side])
    x = np.rot90(x, rng.randrange(4))
    x = np.ascontiguousarray(x[::-1] if rng.random() < 0.5 else x)
    colours = tuple(NAMED[i] for i in drawing.palette)
    if drawing.mono:
        colours = (rng.choice(NAMED),)
        x[..., :3] = x[..., 3:] * np.array(shade(colours[0], rng), np.float32)
    if rng.random() < ON_GROUND:
        ground = np.array(shade(rng.choice(readable_on(colours)), rng), np.float32)
        return over(x, np.broadcast_to(ground, (*x.shape[:2], 3)))
    return x


def shrunk(x: Floats, factor: int) -> Floats:
    """The picture `factor` times smaller: each pixel the mean of those it covers, as renderers do."""
    height, width, channels = x.shape
    small: Floats = x.reshape(height // factor, factor, width // factor, factor, channels).mean((1, 3))
    return small


def as_generated(small: Floats, rng: Random) -> Floats:
    """A small picture with a generator's faults: a little blur, fine and coarse noise; some stay clean. In [0, 1]."""
    if rng.random() < CLEAN:
        return small
    x = small
    for axis in (0, 1):
        x = _blurred(x, rng.uniform(0, MOST_BLUR) * 0.5, axis)
    noise = np.random.default_rng(rng.getrandbits(63))
    fine = noise.standard_normal(x.shape, np.float32)
    coarse = noise.standard_normal((-(-x.shape[0] // 2), -(-x.shape[1] // 2), 4), np.float32)
    coarse = coarse.repeat(2, 0).repeat(2, 1)[: x.shape[0], : x.shape[1]]
    deviation = rng.uniform(0, MOST_NOISE)
    return within_alpha((x + deviation * (0.7 * fine + 0.5 * coarse)).astype(np.float32))


def _blurred(x: Floats, side: float, axis: int) -> Floats:
    """Each pixel with so much of each of its two neighbours."""
    padded = np.pad(x, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
    before, after = (np.take(padded, range(start, start + x.shape[axis]), axis) for start in (0, 2))
    blurred: Floats = ((1 - 2 * side) * x + side * (before + after)).astype(np.float32)
    return blurred
