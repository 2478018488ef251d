"""The shape of a picture model and what follows from it: parameters and floating-point operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

CHANNELS = 4  # premultiplied red, green, blue, alpha
CONTROLS = 3  # tokens: time (with step length and guidance), style, picture
FEATURES = 64  # sines and cosines of a number
MOST_GUIDANCE = 8.0  # that a few-step model can be told


@dataclass(frozen=True)
class PixConfig:
    """Shape of the pixel transformer for `size` x `size` pictures; the text tower is as wide as the stream.

    `num_styles` counts "any" (id 0); `image_embedding` is the width of the picture control, `bottleneck` that between
    a patch and the stream, `refine` the channels of the convolutions at full resolution. `noise_scale` is the deviation
    of the noise, where pictures lie in [-1, 1]: about a sixteenth of `size`, for larger pictures are seen through more
    of it (arXiv:2301.11093).
    """

    size: int = 64
    patch: int = 8
    hidden_size: int = 256
    num_layers: int = 5
    num_heads: int = 4
    ffn_size: int = 640
    bottleneck: int = 96
    refine: int = 12
    vocab_size: int = 4096
    max_text: int = 48
    text_layers: int = 2
    num_styles: int = 32
    image_embedding: int = 256
    noise_scale: float = 4.0
    rope_theta: float = 100.0
    norm_eps: float = 1e-6

    unit: ClassVar[str] = "pictures"  # what a run counts

    def __post_init__(self) -> None:
        if self.size % self.patch:
            raise ValueError(f"size={self.size} is not a multiple of patch={self.patch}")
        if self.hidden_size % self.num_heads or self.head_dim % 4:
            raise ValueError(
                f"hidden_size={self.hidden_size} / num_heads={self.num_heads} must be a multiple of 4: "
                "half of a head's channel pairs turn with the row, half with the column"
            )

    @property
    def head_dim(self) -> int:
        """Channels of one head."""
        return self.hidden_size // self.num_heads

    @property
    def num_patches(self) -> int:
        """Picture tokens."""
        return (self.size // self.patch) ** 2

    @property
    def block_params(self) -> int:
        """Weights of one block's matrices."""
        return 4 * self.hidden_size**2 + 3 * self.hidden_size * self.ffn_size

    @property
    def patch_params(self) -> int:
        """Weights that every patch passes on its way into the stream and out of it."""
        pixels = self.patch**2
        into = pixels * (CHANNELS + 1) * self.bottleneck + self.bottleneck * self.hidden_size
        return into + self.hidden_size * pixels * CHANNELS

    @property
    def refine_params(self) -> int:
        """Weights of the convolutions that every pixel passes."""
        return 9 * self.refine * (2 * CHANNELS + 1) + 9 * self.refine * CHANNELS

    @property
    def num_params(self) -> int:
        """All weights."""
        D, blocks = self.hidden_size, self.num_layers + self.text_layers
        gains = blocks * (2 * D + 2 * self.head_dim) + 2 * D
        controls = 3 * FEATURES * D + D * D + self.num_styles * D + self.image_embedding * D + CONTROLS * D
        text = self.vocab_size * D + D
        return blocks * self.block_params + self.patch_params + self.refine_params + gains + controls + text

    def pass_flops(self, num_text: int) -> float:
        """Forward FLOPs of one picture whose caption takes `num_text` tokens; the text tower counted in."""
        stream = self.num_patches + CONTROLS + num_text
        D, last = self.hidden_size, self.num_patches / stream  # the last block makes picture tokens only
        block = 2 * self.block_params * stream + 4 * stream**2 * D
        text = self.text_layers * (2 * self.block_params * num_text + 4 * num_text**2 * D)
        pixels = 2 * self.patch_params * self.num_patches + 2 * self.refine_params * self.size**2
        return (self.num_layers - 1 + last) * block + text + pixels

    def train_flops(self, batches: Sequence[Any]) -> float:
        """FLOPs of a step: forward, and twice as many backward."""
        return sum(3 * len(batch.ids) * self.pass_flops(batch.ids.shape[1]) for batch in batches)
