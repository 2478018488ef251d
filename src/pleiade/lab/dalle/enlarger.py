"""Makes pictures four times as large: a small residual network on premultiplied RGBA (EDSR, arXiv:1707.02921).

All of its convolutions work at the small size; the last one's channels become 4 x 4 pixels each (arXiv:1609.05158), and
are added to the picture enlarged bilinearly. B batch, H, W, C the small picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pleiade.lab.dalle.encoder import Convolution
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.train import LoopConfig

FACTOR = 4
CHANNELS = 4  # premultiplied red, green, blue, alpha


@dataclass(frozen=True)
class EnlargerConfig:
    """Its shape; about 0.24 M weights."""

    channels: int = 48
    blocks: int = 5

    unit: ClassVar[str] = "pictures"  # what a run counts

    @property
    def num_params(self) -> int:
        """All weights."""
        with torch.device("meta"):
            return sum(weight.numel() for weight in Enlarger(self).parameters())


@dataclass(frozen=True)
class EnlargerStage:
    """How the enlarger is trained: `rows` crops of `crop` small pixels a step."""

    model: EnlargerConfig = field(default_factory=EnlargerConfig)
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(minutes=20.0, threads=1, compile=False))
    optim: OptimConfig = field(default_factory=lambda: OptimConfig(muon_lr=0.01, muon_weight_decay=0.01))
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=50, decay_fraction=0.5))
    rows: int = 16
    crop: int = 32


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a ReLU, without a norm, which would lose the picture's range; begins as nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = Convolution(channels, channels, 3), Convolution(channels, channels, 3)
        nn.init.zeros_(self.second.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        made: Tensor = x_BCHW + self.second(F.relu(self.first(x_BCHW)))
        return made


class Enlarger(nn.Module):
    """Premultiplied RGBA in [-1, 1] -> the same, four times as high and wide. Begins as bilinear enlarging."""

    def __init__(self, config: EnlargerConfig, seed: int = 1) -> None:
        super().__init__()
        self.config = config
        self.recompute = False
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.into = Convolution(CHANNELS, config.channels, 3)
            self.blocks = nn.Sequential(*(Residual(config.channels) for _ in range(config.blocks)))
            self.out = Convolution(config.channels, CHANNELS * FACTOR**2, 3)
        nn.init.zeros_(self.out.weight)

    def forward(self, x_BHWC: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """(B, H, W, 4) -> (B, 4 H, 4 W, 4) in float32, not yet cut to what a picture can be."""
        x_BCHW = x_BHWC.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        base_BCHW = F.interpolate(x_BCHW, scale_factor=float(FACTOR), mode="bilinear", align_corners=False)
        features_BCHW = self.into(x_BCHW.to(dtype))
        detail_BCHW = self.out(features_BCHW + self.blocks(features_BCHW))
        large_BCHW: Tensor = base_BCHW + F.pixel_shuffle(detail_BCHW.float(), FACTOR)
        return large_BCHW.permute(0, 2, 3, 1)

    hidden = forward  # what the training loop calls

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.out.weight.device


def within_picture(x_BHWC: Tensor) -> Tensor:
    """Cut to what premultiplied RGBA in [-1, 1] can be: alpha in [-1, 1], colours in [-1, alpha]."""
    alpha = x_BHWC[..., 3:].clamp(-1, 1)
    return torch.cat((torch.minimum(x_BHWC[..., :3].clamp(min=-1), alpha), alpha), dim=-1)
