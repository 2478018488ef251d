"""Making painted pixels agree with their surroundings: drift of colours taken out, small steps at the border smoothed.

Two kinds of painters: those that repaint what is known too, whose drift shows in the overlap; and those that keep it as
it is, as our model does, whose drift shows only as a step at the border.
"""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.engines.image_openvino.canvas.masks import Where
from pleiade.engines.image_openvino.pictures.floats import averaged, resize_float

Unit = NDArray[np.float32]  # HWC, premultiplied, in [0, 1]
Rows = Callable[[slice], Unit]  # some rows of a picture, so that no large one is floats as a whole

FEWEST = 16  # opaque pixels in the overlap below which mean and spread say nothing
GAIN = (0.8, 1.25)  # of the spread: a painter may be off a little, not entirely
DRIFT = 0.25  # of the range of a colour: what is off by more was meant so
EDGE = 0.15  # a larger step between two places is something drawn
EPSILON = 1e-6  # instead of a division by zero where nothing is known
WORKED_SIDE = 256  # pixels: corrections are smooth, so they are found in a smaller picture and enlarged


class Harmony(msgspec.Struct, frozen=True, eq=False):
    """How a painted part comes to agree with its surroundings; all of it is found at a small size."""

    size: tuple[int, int]  # (width, height) of the part
    gain_4: Unit
    shift_4: Unit
    local_hwc: Unit | None  # what is added, from place to place
    ground_hwc: Unit | None  # what shows where the part is clear

    def applied(self, made_HWC: Unit, rows: slice) -> Unit:
        """Those rows of the part, of which `made_HWC` are the painter's, in agreement with the surroundings."""
        made_HWC = self.gain_4 * made_HWC + self.shift_4 * made_HWC[..., 3:]
        if self.local_hwc is not None:
            made_HWC = made_HWC + self._at_size(self.local_hwc, rows)
        alpha_HW1 = np.clip(made_HWC[..., 3:], 0, 1)
        colour_HWC = np.clip(made_HWC[..., :3], 0, alpha_HW1)
        if self.ground_hwc is not None:
            colour_HWC = np.clip(colour_HWC + (1 - alpha_HW1) * self._at_size(self.ground_hwc, rows), 0, 1)
            alpha_HW1 = np.ones_like(alpha_HW1)
        return np.concatenate([colour_HWC, alpha_HW1], axis=-1)

    def _at_size(self, small_hwc: Unit, rows: slice) -> Unit:
        width, height = self.size
        scale = small_hwc.shape[0] / height
        return resize_float(small_hwc, (width, rows.stop - rows.start), rows=(rows.start * scale, rows.stop * scale))


def harmony(made: Rows, known: Rows, known_HW: Where, *, reach: int, opaque: bool) -> Harmony:
    """What brings a painter's picture in agreement with the known one, of which only the pixels of `known_HW` count.

    Mean and spread of colours are matched where both show the same place, then the step that runs along the border is
    taken out; steps that differ from place to place fade out over `reach` pixels (0: they stay), while a large one is
    an edge of what is drawn and stays. With `opaque`, what is clear shows the surroundings, carried on smoothly. Known
    pixels would come back changed too: the caller keeps its own.
    """
    height, width = known_HW.shape
    scale = max(1.0, max(height, width) / WORKED_SIDE)
    small = (max(1, round(width / scale)), max(1, round(height / scale)))
    share_hw1 = averaged(lambda rows: known_HW[rows, :, None].astype(np.float32), width, height, small)
    sums_hwc = averaged(lambda rows: known(rows) * known_HW[rows, :, None], width, height, small)
    known_hwc: Unit = np.divide(sums_hwc, np.maximum(share_hw1, EPSILON))
    made_hwc = averaged(made, width, height, small)
    gain_4, shift_4 = matching(made_hwc, known_hwc, share_hw1[..., 0] > 0.999)
    made_hwc = gain_4 * made_hwc + shift_4 * made_hwc[..., 3:]
    step_hwc, border_hw = steps(made_hwc, known_hwc, share_hw1[..., 0] > 0.5)
    along_4 = common(step_hwc[border_hw & (made_hwc[..., 3] > 0.5)])
    local_hwc = None
    if reach:
        step_hwc = step_hwc - along_4 * made_hwc[..., 3:]
        small_hw = border_hw & (np.abs(step_hwc).max(axis=-1) < EDGE)
        if small_hw.any():
            fade_hw = ramp(share_hw1[..., 0], max(1, round(reach / scale)))
            local_hwc = grown(step_hwc, small_hw[..., None].astype(np.float32)) * fade_hw[..., None]
    ground_hwc = grown(known_hwc[..., :3], share_hw1) if opaque else None
    return Harmony((width, height), gain_4, shift_4 + along_4, local_hwc, ground_hwc)


def matching(made_HWC: Unit, known_HWC: Unit, overlap_HW: Where) -> tuple[Unit, Unit]:
    """Gain and shift per channel that give `made_HWC` the mean and spread of `known_HWC` in the overlap.

    To apply: gain * made + shift * alpha, since colours are premultiplied. Alpha is left alone, and so is everything
    where the two do not show the same thing.
    """
    gain_4, shift_4 = np.ones(4, np.float32), np.zeros(4, np.float32)
    solid_HW = overlap_HW & (made_HWC[..., 3] > 0.5) & (known_HWC[..., 3] > 0.5)
    if np.count_nonzero(solid_HW) >= FEWEST:
        made_N3 = made_HWC[solid_HW][:, :3] / made_HWC[solid_HW][:, 3:]
        known_N3 = known_HWC[solid_HW][:, :3] / known_HWC[solid_HW][:, 3:]
        gain_3 = np.clip((known_N3.std(axis=0) + 1e-3) / (made_N3.std(axis=0) + 1e-3), *GAIN)
        shift_3 = known_N3.mean(axis=0) - gain_3 * made_N3.mean(axis=0)
        moved_N3 = gain_3 * made_N3 + shift_3
        alike = np.median(np.abs(moved_N3 - known_N3)) < EDGE / 2
        if alike and np.abs(np.mean(moved_N3 - made_N3, axis=0)).max() < DRIFT:
            gain_4[:3], shift_4[:3] = gain_3, shift_3
    return gain_4, shift_4


def steps(made_HWC: Unit, known_HWC: Unit, known_HW: Where) -> tuple[Unit, Where]:
    """At unknown pixels beside known ones: by how much made and known miss each other; and which pixels these are.

    Both are carried on to the border between them by half a pixel, so that a gradient is no step.
    """
    total_HWC, count_HW1 = np.zeros_like(made_HWC), np.zeros_like(made_HWC[..., :1])
    for turns in range(4):
        made, known, there = np.rot90(made_HWC, turns), np.rot90(known_HWC, turns), np.rot90(known_HW, turns)
        # Rows from top to bottom: known, known, made, made; where the outer ones are not so, the inner ones stand in.
        outer_known = np.where(there[:-3, :, None], known[:-3], known[1:-2])
        outer_made = np.where(there[3:, :, None], made[2:-1], made[3:])
        step = 1.5 * known[1:-2] - 0.5 * outer_known - 1.5 * made[2:-1] + 0.5 * outer_made
        beside = (there[1:-2] & ~there[2:-1])[..., None]
        np.rot90(total_HWC, turns)[2:-1] += step * beside
        np.rot90(count_HW1, turns)[2:-1] += beside
    return np.divide(total_HWC, np.maximum(count_HW1, 1)), count_HW1[..., 0] > 0


def common(step_N4: Unit) -> Unit:
    """The step that most of a border has: its median, or nothing where it is large, or differs from place to place."""
    common_4 = np.zeros(4, np.float32)
    if len(step_N4) >= FEWEST:
        middle_3 = np.median(step_N4[:, :3], axis=0)
        spread_3 = np.median(np.abs(step_N4[:, :3] - middle_3), axis=0)
        if spread_3.max() < EDGE / 2 and np.abs(middle_3).max() < DRIFT:
            common_4[:3] = middle_3
    return common_4


def grown(values_HWC: Unit, share_HW1: Unit) -> Unit:
    """`values_HWC` where `share_HW1` is 1; elsewhere filled smoothly from what is near (push-pull, Gortler 1996).

    Known values are averaged at half the size again and again, and on the way back holes are filled from the coarser
    picture: linear in the number of pixels. With nothing known all is 1 (white).
    """
    return _filled(values_HWC, share_HW1) if share_HW1.any() else np.ones_like(values_HWC)


def ramp(share_HW: Unit, reach: int) -> Unit:
    """1 at the border of what is known, falling smoothly to 0 at `reach` pixels from it."""
    window = 2 * reach + 1
    sums_HW = np.pad(share_HW.astype(np.float64), reach, mode="edge")
    for _ in (0, 1):
        sums_HW = np.cumsum(np.pad(sums_HW, ((1, 0), (0, 0))), axis=0)
        sums_HW = ((sums_HW[window:] - sums_HW[:-window]) / window).T
    # At a straight border half of the window is known.
    near_HW = np.clip(2 * sums_HW, 0, 1).astype(np.float32)
    return near_HW * near_HW * (3 - 2 * near_HW)


def _filled(values_HWC: Unit, weight_HW1: Unit) -> Unit:
    if weight_HW1.min() >= 1 or weight_HW1.size == 1:
        return values_HWC
    height, width = weight_HW1.shape[:2]
    weight_sum = _fours(weight_HW1)
    coarse_HWC: Unit = np.divide(_fours(values_HWC * weight_HW1), np.maximum(weight_sum, EPSILON))
    below_HWC = _doubled(_filled(coarse_HWC, np.minimum(weight_sum, 1)))[:height, :width]
    return weight_HW1 * values_HWC + (1 - weight_HW1) * below_HWC


def _fours(values_HWC: Unit) -> Unit:
    """Sums of 2 x 2 pixels; an odd last row or column has zeros beside it."""
    even_HWC = np.pad(values_HWC, ((0, values_HWC.shape[0] % 2), (0, values_HWC.shape[1] % 2), (0, 0)))
    return even_HWC[::2, ::2] + even_HWC[1::2, ::2] + even_HWC[::2, 1::2] + even_HWC[1::2, 1::2]


def _doubled(values_HWC: Unit) -> Unit:
    """`values_HWC` at twice the size, bilinear."""
    for axis in (0, 1):
        padding = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        padded = np.pad(values_HWC, padding, mode="edge")
        length = values_HWC.shape[axis]
        before, here, after = (np.take(padded, np.arange(start, start + length), axis=axis) for start in (0, 1, 2))
        pair = np.stack([0.75 * here + 0.25 * before, 0.75 * here + 0.25 * after], axis=axis + 1)
        shape = list(values_HWC.shape)
        shape[axis] *= 2
        values_HWC = pair.reshape(shape).astype(np.float32)
    return values_HWC
