"""How visible the border of what was painted is, as one number."""

import numpy as np

from pleiade.engines.image_openvino.canvas.masks import Where
from pleiade.engines.image_openvino.pictures.floats import Pixels, to_float

REACH = 8  # pixels on both sides of the border that it is compared with
FLOOR = 1 / 255  # one step of 8 bits: below it nobody sees anything


def seam_score(rgba_HWC: Pixels, painted_HW: Where, *, reach: int = REACH) -> float:
    """Mean jump of colour across the border of `painted_HW`, over the mean jump between neighbours near it.

    1 = the border is like its surroundings; 3 = three times as rough. Colours are premultiplied, transparency counts
    as a fourth. Without a border the score is 1.
    """
    x_HWC = (to_float(rgba_HWC) + 1) * 0.5
    near_HW = _near(painted_HW, reach)
    across: list[np.ndarray] = []
    beside: list[np.ndarray] = []
    for axis in (0, 1):
        jump_HW = np.abs(np.diff(x_HWC, axis=axis)).mean(axis=-1)
        border_HW = np.diff(painted_HW, axis=axis)
        first, second = (np.delete(near_HW, end, axis=axis) for end in (-1, 0))
        across.append(jump_HW[border_HW])
        beside.append(jump_HW[first & second & ~border_HW])
    jumps, rest = np.concatenate(across), np.concatenate(beside)
    if not jumps.size or not rest.size:
        return 1.0
    return float((jumps.mean() + FLOOR) / (rest.mean() + FLOOR))


def _near(painted_HW: Where, reach: int) -> Where:
    """Pixels within `reach` steps of the border, diagonals counting as one step."""
    near_HW = np.zeros_like(painted_HW)
    near_HW[:-1] |= painted_HW[:-1] != painted_HW[1:]
    near_HW[:, :-1] |= painted_HW[:, :-1] != painted_HW[:, 1:]
    for _ in range(reach):
        for axis in (0, 1):
            grown_HW = near_HW.copy()
            ahead, behind = (np.s_[1:], np.s_[:-1]) if axis == 0 else (np.s_[:, 1:], np.s_[:, :-1])
            grown_HW[ahead] |= near_HW[behind]
            grown_HW[behind] |= near_HW[ahead]
            near_HW = grown_HW
    return near_HW
