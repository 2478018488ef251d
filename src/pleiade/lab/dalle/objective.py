"""Learning the flow: draw a picture's noise level, hide parts of some, and predict the clean picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pleiade.lab.dalle.averages import Averages
from pleiade.lab.dalle.config import CONTROLS, PixConfig
from pleiade.lab.dalle.flow import LEAST_LEFT, draw_times, on_the_way
from pleiade.lab.dalle.masks import draw_masks
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.presets import FlowConfig
from pleiade.lab.dalle.text_tower import PADDING

# The whole stream's length is a multiple of it, as vector and matrix units like it (measured: an odd one takes a fifth
# longer on a CPU); few lengths, for each is compiled once.
ALIGNED = 16


class Dealt(Protocol):
    """What a stream of pictures deals (lab/dalle/data)."""

    x_BHWC: npt.NDArray[np.float32]
    ids_BT: npt.NDArray[np.int64]
    style_B: npt.NDArray[np.int64]


class Stream(Protocol):
    """Pictures with captions, endlessly, from a place that can be kept."""

    def next_batch(self, rows: int) -> Any:
        """The next pictures, as `Dealt`."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The place."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place."""
        ...


@dataclass(frozen=True)
class PictureRows:
    """Pictures with captions that take about as many tokens; all that is drawn at random follows from `seed`.

    `picture_BE` are likenesses, zeros for none.
    """

    x_BHWC: Tensor
    ids: Tensor
    style_B: Tensor
    picture_BE: Tensor
    unknown_BHW: Tensor
    seed: int

    @property
    def num_targets(self) -> int:
        """Pictures."""
        return len(self.x_BHWC)

    @property
    def num_tokens(self) -> int:
        """Pictures: what a run of a picture model counts."""
        return len(self.x_BHWC)

    def to(self, device: torch.device) -> PictureRows:
        """The same on a device."""
        parts = (self.x_BHWC, self.ids, self.style_B, self.picture_BE, self.unknown_BHW)
        x_BHWC, ids, style_B, picture_BE, unknown_BHW = (part.to(device, non_blocking=True) for part in parts)
        return PictureRows(x_BHWC, ids, style_B, picture_BE, unknown_BHW, self.seed)


class PictureDealer:
    """Turns a stream into micro-batches: drops captions and likenesses, draws masks, sorts by length."""

    def __init__(
        self,
        stream: Stream,
        model: PixConfig,
        flow: FlowConfig,
        rows: int,
        micro_rows: int,
        seed: int,
        likeness: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = None,
    ) -> None:
        if rows % micro_rows:
            raise ValueError(f"rows={rows} must be a multiple of micro_rows={micro_rows}")
        self.stream, self.model, self.flow, self.likeness = stream, model, flow, likeness
        self.rows, self.micro_rows, self.seed, self.step = rows, micro_rows, seed, 0

    def next_step(self) -> list[PictureRows]:
        """The next `rows` pictures, those with short captions together: padding costs as much as words."""
        dealt = self.stream.next_batch(self.rows)
        rng = np.random.default_rng((self.seed, self.step))
        flow, B = self.flow, self.rows
        ids_BT = np.where(rng.random((B, 1)) < flow.drop_caption, PADDING, dealt.ids_BT)
        picture_BE = np.zeros((B, self.model.image_embedding), np.float32)
        keeps_B = rng.random(B) >= flow.drop_picture
        if self.likeness is not None:
            picture_BE[keeps_B] = self.likeness(dealt.x_BHWC[keeps_B])
        unknown_BHW = draw_masks(rng, B, self.model.size, flow.masked)
        lengths_B = (ids_BT != PADDING).sum(1)
        order = np.argsort(lengths_B, kind="stable")
        batches = []
        for first in range(0, B, self.micro_rows):
            rows = order[first : first + self.micro_rows]
            longest = max(1, int(lengths_B[rows].max()))
            T = aligned(longest, self.model)
            seed = (self.seed * 1_000_003 + self.step) * 1_009 + first // self.micro_rows
            tensor = torch.from_numpy
            batches.append(
                PictureRows(
                    tensor(dealt.x_BHWC[rows]),
                    tensor(ids_BT[rows, :T]),
                    tensor(dealt.style_B[rows]),
                    tensor(picture_BE[rows]),
                    tensor(unknown_BHW[rows]),
                    seed,
                )
            )
        self.step += 1
        return batches

    def state_dict(self) -> dict[str, Any]:
        """The place in the stream and in the random numbers."""
        return {"stream": self.stream.state_dict(), "step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place."""
        self.stream.load_state_dict(state["stream"])
        self.step = state["step"]


def aligned(num_tokens: int, model: PixConfig) -> int:
    """How many places a caption of so many tokens gets, for a stream as long as the machine likes it."""
    return min(num_tokens + -(num_tokens + CONTROLS + model.num_patches) % ALIGNED, model.max_text)


class FlowMatching:
    """Rectified flow by x-prediction, with the loss on the velocity (arXiv:2511.13720), of unknown pixels only.

    Keeps the running averages of the weights, for what is sampled and exported.
    """

    def __init__(self, dealer: PictureDealer) -> None:
        self.dealer, self.averages = dealer, Averages()
        self.next_step = dealer.next_step

    def loss_sum(self, hidden: Callable[..., Tensor], model: Pix, batch: PictureRows, dtype: torch.dtype) -> Tensor:
        """The squared error of the velocity, a mean over each picture's unknown values, summed over pictures."""
        flow, device = self.dealer.flow, batch.x_BHWC.device
        generator = torch.Generator(device).manual_seed(batch.seed)
        B = len(batch.x_BHWC)
        t_B = draw_times(B, generator, flow.time_mean, flow.time_deviation)
        noise_BHWC = torch.randn(batch.x_BHWC.shape, generator=generator, device=device)
        unknown_BHW = batch.unknown_BHW.float()
        level_BHW = 1 - unknown_BHW * (1 - t_B[:, None, None])
        noised_BHWC = on_the_way(batch.x_BHWC, noise_BHWC, level_BHW, model.config.noise_scale)
        none_B, one_B = torch.zeros_like(t_B), torch.ones_like(t_B)
        told = (noised_BHWC, level_BHW, t_B, none_B, one_B, batch.style_B, batch.picture_BE, batch.ids)
        error_BHW = (hidden(*told, dtype) - batch.x_BHWC).square().mean(-1) * unknown_BHW
        error_B = error_BHW.sum((1, 2)) / unknown_BHW.sum((1, 2)).clamp(min=1)
        loss: Tensor = (error_B / (1 - t_B).clamp(min=LEAST_LEFT).square()).sum()
        return loss

    def after_step(self, model: Pix) -> None:
        """Take the new weights into the averages."""
        self.averages.follow(model)

    def state_dict(self) -> dict[str, Any]:
        """The place in the data, and the averages."""
        return self.dealer.state_dict() | {"averages": self.averages.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.dealer.load_state_dict(state)
        self.averages.load_state_dict(state["averages"])
