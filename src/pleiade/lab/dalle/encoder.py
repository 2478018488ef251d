"""A dual encoder: pictures and captions in one space, near where they belong together (CLIP, arXiv:2103.00020).

The picture side is a small residual network, since it needs fewer pictures than a transformer; the words' side is a
small transformer. A second head names the style. B batch, H, W, C picture, T tokens, D width, E embedding, S styles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pleiade.lab.gpt.model import Linear
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.train import LoopConfig

GRID = 16  # the picture is cut into GRID x GRID patches, whatever its size
LARGEST_SCALE = math.log(100.0)  # as in CLIP


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of both sides. `channels` of the three stages of the picture's side at 16, 8 and 4 squared places."""

    size: int = 64
    vocab_size: int = 4096
    max_text: int = 48
    num_styles: int = 31
    embedding: int = 256
    channels: tuple[int, int, int] = (48, 96, 192)
    blocks: tuple[int, int, int] = (1, 1, 2)
    width: int = 128
    layers: int = 2
    heads: int = 4

    unit: ClassVar[str] = "pictures"  # what a run counts

    def __post_init__(self) -> None:
        if self.size % GRID or self.width % self.heads:
            raise ValueError(f"size must be a multiple of {GRID}, width one of heads (got {self})")

    @property
    def num_params(self) -> int:
        """All weights of both sides."""
        with torch.device("meta"):
            return sum(weight.numel() for weight in DualEncoder(self).parameters())

    def train_flops(self, batches: Sequence[Any]) -> float | None:
        """Not counted: None."""
        return None


@dataclass(frozen=True)
class EncoderStage:
    """How an encoder is trained: `rows` pictures a step, which are each other's wrong answers.

    Of `model` the size and the vocabulary are those of the drawings and of the tokenizer, whatever it says.
    """

    model: EncoderConfig = field(default_factory=EncoderConfig)
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(minutes=14.0, threads=1, compile=False))
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            muon_lr=0.01, muon_weight_decay=0.1, embedding_lr=0.004, head_lr=0.002, gain_lr=0.002
        )
    )
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=30, decay_fraction=0.6))
    rows: int = 256
    seed: int = 1


class Convolution(nn.Module):
    """Without bias; its weight is kept as a matrix (out, in x k x k), so that Muon orthogonalises it."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.shape, self.stride, self.padding = (outputs, inputs, size, size), stride, (size - stride) // 2
        self.weight = nn.Parameter(torch.randn(outputs, inputs * size * size) * (inputs * size * size) ** -0.5)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, H / stride, W / stride)."""
        weight = self.weight.to(x_BCHW.dtype).view(self.shape)
        made: Tensor = F.conv2d(x_BCHW, weight, stride=self.stride, padding=self.padding)
        return made


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a ReLU, after a norm over channels and places; the second begins at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.first, self.second = Convolution(channels, channels, 3), Convolution(channels, channels, 3)
        nn.init.zeros_(self.second.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        normed = self.norm(x_BCHW.float()).to(x_BCHW.dtype)
        made: Tensor = x_BCHW + self.second(F.relu(self.first(normed)))
        return made


class PictureSide(nn.Module):
    """Premultiplied RGBA in [-1, 1] -> features, of which the embedding and the style are linear."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        patch = config.size // GRID
        inputs = (4, *config.channels[:-1])
        cuts = (patch, 2, 2)
        self.stages = nn.Sequential()
        for before, channels, cut, blocks in zip(inputs, config.channels, cuts, config.blocks, strict=True):
            self.stages.append(Convolution(before, channels, cut, stride=cut))
            self.stages.extend(Residual(channels) for _ in range(blocks))
        self.norm = nn.LayerNorm(2 * config.channels[-1])

    def forward(self, x_BHWC: Tensor, dtype: torch.dtype) -> Tensor:
        """(B, H, W, 4) -> (B, D) in float32: means and maxima over the places."""
        # Channels last, or convolutions in bfloat16 take half as long again on a CPU.
        x_BCHW = x_BHWC.permute(0, 3, 1, 2).to(dtype).contiguous(memory_format=torch.channels_last)
        x_BCHW = self.stages(x_BCHW).float()
        features: Tensor = self.norm(torch.cat((x_BCHW.mean((2, 3)), x_BCHW.amax((2, 3))), dim=-1))
        return features


class Block(nn.Module):
    """A pre-norm transformer block whose attention leaves padding out."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = Linear(width, 3 * width), Linear(width, width)
        self.up, self.down = Linear(width, 4 * width), Linear(4 * width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x_BTD: Tensor, is_word_BT: Tensor) -> Tensor:
        """(B, T, D) -> the same."""
        B, T, D = x_BTD.shape
        qkv = self.qkv(_normed(self.before, x_BTD)).view(B, T, 3, self.heads, D // self.heads)
        q_BNTH, k_BNTH, v_BNTH = qkv.permute(2, 0, 3, 1, 4)
        scores = (q_BNTH @ k_BNTH.transpose(-1, -2)).float() * (D // self.heads) ** -0.5
        # A large number instead of infinity: a row of padding alone must not become "not a number".
        scores = scores + (is_word_BT[:, None, None] - 1) * 1e4
        mixed = torch.softmax(scores, dim=-1).to(x_BTD.dtype) @ v_BNTH
        x_BTD = x_BTD + self.out(mixed.transpose(1, 2).reshape(B, T, D))
        result: Tensor = x_BTD + self.down(F.gelu(self.up(_normed(self.between, x_BTD))))
        return result


class WordsSide(nn.Module):
    """Token ids, 0 for padding -> the mean over the words of the last layer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.embed = nn.Parameter(torch.randn(config.vocab_size, config.width) * 0.3)
        self.embed_place = nn.Parameter(torch.randn(config.max_text, config.width) * 0.1)
        self.blocks = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids_BT: Tensor, dtype: torch.dtype) -> Tensor:
        """(B, T) -> (B, D) in float32."""
        is_word_BT = (ids_BT != 0).float()
        x_BTD = (F.embedding(ids_BT, self.embed) + self.embed_place[: ids_BT.shape[1]]).to(dtype)
        for block in self.blocks:
            x_BTD = block(x_BTD, is_word_BT)
        summed = (x_BTD.float() * is_word_BT[..., None]).sum(1)
        mean: Tensor = self.norm(summed / is_word_BT.sum(1, keepdim=True).clamp(min=1))
        return mean


class DualEncoder(nn.Module):
    """Both sides with their projections. `features` are what KID-own and memorisation are measured in."""

    def __init__(self, config: EncoderConfig, seed: int = 1) -> None:
        super().__init__()
        self.config = config
        self.recompute = False
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.picture, self.words = PictureSide(config), WordsSide(config)
            width = 2 * config.channels[-1]
            self.picture_projection = Linear(width, config.embedding)
            self.words_projection = Linear(config.width, config.embedding)
            self.style_head = nn.Linear(width, config.num_styles)
        self.log_scale = nn.Parameter(torch.full((1,), math.log(10.0)))

    def forward(self, x_BHWC: Tensor, ids_BT: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings of pictures and of captions, (B, E) each and L2-normalised, and style logits (B, S)."""
        features_BD = self.features(x_BHWC, dtype)
        return self.embed_features(features_BD), self.embed_words(ids_BT, dtype), self.style_head(features_BD)

    hidden = forward  # what the training loop calls

    def features(self, x_BHWC: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """(B, H, W, 4) premultiplied RGBA in [-1, 1] -> (B, D)."""
        features: Tensor = self.picture(x_BHWC, dtype)
        return features

    def embed_features(self, features_BD: Tensor) -> Tensor:
        """(B, D) -> (B, E), L2-normalised."""
        return F.normalize(self.picture_projection(features_BD), dim=-1)

    def embed_words(self, ids_BT: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """(B, T) token ids, 0 = padding -> (B, E), L2-normalised."""
        return F.normalize(self.words_projection(self.words(ids_BT, dtype)), dim=-1)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.log_scale.device

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied with."""
        return self.log_scale.clamp(max=LARGEST_SCALE).exp()


def _normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    normed: Tensor = norm(x.float()).to(x.dtype)
    return normed
