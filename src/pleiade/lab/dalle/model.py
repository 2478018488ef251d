"""The picture model: a pixel-space transformer that predicts the clean picture from a noised one (x-prediction).

arXiv:2511.13720 (JiT) and MiniT2I: large patches, a bottleneck behind them, no autoencoder, no adaptive norms; picture,
control and text tokens in one stream. Noise has a level per pixel, so that known pixels can be given clean.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pleiade.lab.dalle.blocks import ABSENT, Block
from pleiade.lab.dalle.config import CHANNELS, CONTROLS, FEATURES, MOST_GUIDANCE, PixConfig
from pleiade.lab.dalle.text_tower import TextTower
from pleiade.lab.gpt.model import Linear, RMSNorm


class Pix(nn.Module):
    """Noised pictures, their noise and what they should show -> clean pictures."""

    def __init__(self, config: PixConfig) -> None:
        super().__init__()
        self.config = config
        self.recompute = False  # each block again in the backward pass, instead of keeping what it held
        D, pixels = config.hidden_size, config.patch**2
        self.text = TextTower(config)
        self.patch_embed_in = Linear(pixels * (CHANNELS + 1), config.bottleneck)
        self.patch_embed_out = Linear(config.bottleneck, D)
        self.time_embed, self.length_embed, self.guidance_embed = (Linear(FEATURES, D) for _ in range(3))
        self.time_embed_out = Linear(D, D)
        self.style_embed = nn.Embedding(config.num_styles, D)
        self.picture_embed = Linear(config.image_embedding, D)
        self.control_embed = nn.Parameter(torch.zeros(CONTROLS, D))
        self.layers = nn.ModuleList([Block(config) for _ in range(config.num_layers)])
        self.norm = RMSNorm(D, config.norm_eps)
        self.head = Linear(D, pixels * CHANNELS)
        self.head_refine_in = nn.Conv2d(2 * CHANNELS + 1, config.refine, 3, padding=1, bias=False)
        self.head_refine_out = nn.Conv2d(config.refine, CHANNELS, 3, padding=1, bias=False)
        cos_SH, sin_SH = _places(config)
        self.cos_SH: Tensor
        self.sin_SH: Tensor
        self.register_buffer("cos_SH", cos_SH, persistent=False)
        self.register_buffer("sin_SH", sin_SH, persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.norm.weight.device

    def forward(
        self,
        x_BHWC: Tensor,
        level_BHW: Tensor,
        t_B: Tensor,
        h_B: Tensor,
        guidance_B: Tensor,
        style_B: Tensor,
        picture_BE: Tensor,
        ids_BT: Tensor,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """The clean pictures (B, H, W, C), float32, from captions as tokens; `dtype` is the type of computation."""
        text_BTD, mask_BT = self.text(ids_BT, dtype)
        return self.predict(x_BHWC, level_BHW, t_B, h_B, guidance_B, style_B, picture_BE, text_BTD, mask_BT, dtype)

    hidden = forward  # what the training loop compiles

    def predict(
        self,
        x_BHWC: Tensor,
        level_BHW: Tensor,
        t_B: Tensor,
        h_B: Tensor,
        guidance_B: Tensor,
        style_B: Tensor,
        picture_BE: Tensor,
        text_BTD: Tensor,
        mask_BT: Tensor,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """The same from the text tower's vectors.

        `level_BHW` is each pixel's time (1 known, 0 pure noise), `t_B` that of the unknown ones, `h_B` the length of
        the step a few-step model takes, `style_B` 0 for any, `picture_BE` zeros for none.
        """
        N, T = self.config.num_patches, text_BTD.shape[1]
        level_BHWI = level_BHW[..., None]
        # As wide whatever the noise (EDM's c_in, arXiv:2206.00364): the first layer need not learn it.
        spread_BHWI = (level_BHWI.square() + (self.config.noise_scale * (1 - level_BHWI)).square()).sqrt()
        seen_BHWI = torch.cat((x_BHWC / spread_BHWI, 2 * level_BHWI - 1), dim=-1).to(dtype)
        x_BND = self.patch_embed_out(self.patch_embed_in(self._patches(seen_BHWI)))
        controls_BKD = self._controls(t_B, h_B, guidance_B, style_B, picture_BE).to(dtype)
        x_BSD = torch.cat((x_BND, controls_BKD, text_BTD.to(dtype)), dim=1)
        bias_BS = F.pad((1 - mask_BT) * ABSENT, (N + CONTROLS, 0))
        cos_SH, sin_SH = self.cos_SH[: N + CONTROLS + T], self.sin_SH[: N + CONTROLS + T]
        for number, layer in enumerate(self.layers):
            num_out = N if number == len(self.layers) - 1 else None
            if self.recompute:
                x_BSD = checkpoint(layer, x_BSD, cos_SH, sin_SH, bias_BS, num_out, use_reentrant=False)
            else:
                x_BSD = layer(x_BSD, cos_SH, sin_SH, bias_BS, num_out)
        coarse_BHWC = self._pixels(self.head(self.norm(x_BSD)))
        return self._refined(coarse_BHWC, seen_BHWI)

    def _patches(self, seen_BHWI: Tensor) -> Tensor:
        """(B, H, W, I) -> (B, N, P x P x I)."""
        P, side, num_channels = self.config.patch, self.config.size // self.config.patch, seen_BHWI.shape[-1]
        x = seen_BHWI.reshape(-1, side, P, side, P, num_channels).transpose(2, 3)
        return x.reshape(-1, side * side, P * P * num_channels)

    def _pixels(self, x_BNQ: Tensor) -> Tensor:
        """(B, N, P x P x C) -> (B, H, W, C)."""
        P, size = self.config.patch, self.config.size
        x = x_BNQ.reshape(-1, size // P, size // P, P, P, CHANNELS).transpose(2, 3)
        return x.reshape(-1, size, size, CHANNELS)

    def _controls(self, t_B: Tensor, h_B: Tensor, guidance_B: Tensor, style_B: Tensor, picture_BE: Tensor) -> Tensor:
        strength_B = torch.log(guidance_B) / math.log(MOST_GUIDANCE)
        time_BD = self.time_embed(waves(t_B)) + self.length_embed(waves(h_B)) + self.guidance_embed(waves(strength_B))
        time_BD = self.time_embed_out(F.silu(time_BD))
        tokens_BKD = torch.stack((time_BD, self.style_embed(style_B), self.picture_embed(picture_BE)), dim=1)
        return tokens_BKD + self.control_embed

    def _refined(self, coarse_BHWC: Tensor, seen_BHWI: Tensor) -> Tensor:
        """Against visible borders between patches: two convolutions that see over them."""
        x_BIHW = torch.cat((coarse_BHWC, seen_BHWI), dim=-1).permute(0, 3, 1, 2)
        weight_in, weight_out = (w.weight.to(x_BIHW.dtype) for w in (self.head_refine_in, self.head_refine_out))
        x_BRHW = F.silu(F.conv2d(x_BIHW, weight_in, padding=1))
        return coarse_BHWC.float() + F.conv2d(x_BRHW, weight_out, padding=1).permute(0, 2, 3, 1).float()


def waves(value_B: Tensor) -> Tensor:
    """(B,) in [0, 1] -> (B, FEATURES): sines and cosines from half a wave to sixteen.

    No shorter ones, since MeanFlow learns from the derivative with respect to time, in which they would be all.
    """
    frequencies_F = math.pi * 32 ** (torch.arange(FEATURES // 2, device=value_B.device).float() / (FEATURES // 2 - 1))
    angles_BF = value_B[:, None] * frequencies_F
    return torch.cat((angles_BF.sin(), angles_BF.cos()), dim=-1)


def _places(config: PixConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines (S, H) for picture, control and text tokens in this order.

    Of a picture token's channel pairs one half turns with its row, the other with its column; other tokens are not
    turned (the text tower has told words their order).
    """
    side, quarter = config.size // config.patch, config.head_dim // 4
    frequencies_Q = config.rope_theta ** (-torch.arange(quarter).float() / quarter)
    angles_PQ = torch.outer(torch.arange(side).float(), frequencies_Q)
    rows_NQ, columns_NQ = angles_PQ.repeat_interleave(side, 0), angles_PQ.repeat(side, 1)
    angles_NH = torch.cat((rows_NQ, columns_NQ), dim=1).repeat(1, 2)
    angles_SH = F.pad(angles_NH, (0, 0, 0, CONTROLS + config.max_text))
    return angles_SH.cos(), angles_SH.sin()


def init_pix(model: Pix, seed: int) -> None:
    """Every initial value in one place, as in gpt/model.py: what writes to the stream starts at zero.

    The first prediction is a grey picture of half transparency: zero everywhere.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.fill_(1.0)
            elif name.endswith(("o_proj.weight", "down_proj.weight", "head.weight", "refine_out.weight")):
                weight.zero_()
            elif "refine_in" in name:
                weight.normal_(0.0, (9 * weight.shape[1]) ** -0.5, generator=generator)
            elif "embed_tokens" in name or "style_embed" in name or name.endswith(("embed_none", "control_embed")):
                weight.normal_(0.0, 0.5, generator=generator)
            else:
                bound = math.sqrt(3.0 / weight.shape[1]) * (0.4 if ".mlp." in name else 1.0)
                weight.uniform_(-bound, bound, generator=generator)
