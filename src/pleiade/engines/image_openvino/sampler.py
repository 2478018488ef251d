"""From noise to a picture along a rectified flow: the arithmetic of one picture's way, without any network.

x_t = t * clean + (1 - t) * noise_scale * noise, where t = 1 is the clean picture; the network predicts that one (arXiv
2511.13720). Known pixels stay clean and have level 1, the others have level t. Shapes: H, W, C picture.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Caption(msgspec.Struct, frozen=True, eq=False):
    """What the text network made of a prompt: vectors float32 [T, C], and 1 where there is a token, float32 [T]."""

    text_TC: Floats
    mask_T: Floats

    def first(self, places: int) -> "Caption":
        """Its first places: the others, where they are padding, change nothing and take time."""
        return Caption(self.text_TC[:places], self.mask_T[:places])


class Known(msgspec.Struct, frozen=True, eq=False):
    """A part of the picture that is given: its pixels, and where they are (True)."""

    x_HWC: Floats
    where_HW: NDArray[np.bool_]


class Start(msgspec.Struct, frozen=True, eq=False):
    """A picture to begin from, noised as it would be at time `t`: the larger, the nearer (SDEdit, arXiv 2108.01073)."""

    x_HWC: Floats
    t: float


class Task(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What to draw, and how: the same for all candidates of a picture."""

    caption: Caption
    against: Caption  # what guidance leads away from: no caption, or a negative prompt
    steps: int
    guidance: float  # 1 = none
    style: int = 0
    embedding_E: Floats  # what the picture should resemble; zeros = nothing
    known: Known | None = None
    start: Start | None = None
    few_step: bool = False
    contrast: bool = False  # two passes a step, with caption and against: the base model's way, and a negative prompt's
    noise_scale: float = 1.0
    guided_until: float = 1.0  # the time, of a way from noise, after which a base model's contrast ends
    clear_below: float = 0.0  # the opacity below which a pixel is clear, and as much below 1 opaque


class Row(msgspec.Struct, frozen=True, eq=False):
    """What the network sees for one prediction."""

    x_HWC: Floats
    level_HW: Floats
    t: float
    h: float  # length of the step, for a few-step model
    guidance: float
    style: int
    embedding_E: Floats
    caption: Caption


def noise_of(seed: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """Normal numbers, the same for one seed on every machine."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


class Trajectory:
    """One candidate on its way: ask for `rows`, let a network predict, then `advance`."""

    def __init__(self, task: Task, noise_HWC: Floats) -> None:
        self.task = task
        self.step = 0  # steps taken
        self.clean_HWC = np.zeros_like(noise_HWC)  # the latest prediction
        begin = task.start.t if task.start is not None else 0.0
        self._times = np.linspace(begin, 1.0, task.steps + 1)
        until = 1.0 if task.few_step else begin + (1 - begin) * task.guided_until
        self._guided = task.contrast * int((self._times < until).sum())  # steps of two rows
        self._x_HWC = noise_HWC * np.float32((1 - begin) * task.noise_scale)
        if task.start is not None:
            self._x_HWC += np.float32(begin) * task.start.x_HWC
        self._keep_known()

    @property
    def done(self) -> bool:
        """Whether all steps are taken; `clean_HWC` is then the picture."""
        return self.step == self.task.steps

    @property
    def num_rows(self) -> int:
        """How many predictions the next step takes."""
        return 2 if self.step < self._guided else 1

    def rows(self) -> list[Row]:
        """What the network must predict next: with the caption and, for contrast, against it."""
        task, t, s = self.task, float(self._times[self.step]), float(self._times[self.step + 1])
        level_HW = np.full(self._x_HWC.shape[:2], t, np.float32)
        if task.known is not None:
            level_HW[task.known.where_HW] = 1.0
        h = s - t if task.few_step else 0.0
        guidance = task.guidance if task.few_step and not task.contrast else 1.0
        captions = (task.caption, task.against)[: self.num_rows]
        return [
            Row(self._x_HWC, level_HW, t, h, guidance, task.style, task.embedding_E, caption) for caption in captions
        ]

    def advance(self, clean_RHWC: Floats) -> None:
        """Take one Euler step by what was predicted for `rows`."""
        clean_HWC = clean_RHWC[0]
        if self.num_rows == 2:
            clean_HWC = clean_RHWC[1] + np.float32(self.task.guidance) * (clean_RHWC[0] - clean_RHWC[1])
        t, s = self._times[self.step], self._times[self.step + 1]
        self.clean_HWC = clean_HWC
        self._x_HWC = self._x_HWC + np.float32((s - t) / (1.0 - t)) * (clean_HWC - self._x_HWC)
        self.step += 1
        self._keep_known()
        if self.done:
            self._x_HWC = np.clip(self._x_HWC, -1.0, 1.0)
            if self.task.clear_below:
                self._x_HWC = without_faint(self._x_HWC, self.task.clear_below)
            self._keep_known()
            self.clean_HWC = self._x_HWC

    def _keep_known(self) -> None:
        known = self.task.known
        if known is not None:
            self._x_HWC = np.where(known.where_HW[..., None], known.x_HWC, self._x_HWC)


def without_faint(x_HWC: Floats, below: float) -> Floats:
    """A picture whose faintest opacities are none and whose strongest are whole: what is left of the noise goes."""
    colour_HWC, opacity_HWI = np.split((x_HWC + 1) / 2, [3], axis=-1)
    clear_HWI = np.clip((opacity_HWI - below) / (1 - 2 * below), 0, 1)
    steady_HWC = np.concatenate([colour_HWC * clear_HWI / np.maximum(opacity_HWI, 1e-6), clear_HWI], axis=-1)
    return (2 * steady_HWC - 1).astype(np.float32)
