"""The text tower: a caption's tokens as vectors that the picture stream reads. It is trained with the pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pleiade.lab.dalle.blocks import ABSENT, Block
from pleiade.lab.dalle.config import PixConfig
from pleiade.lab.gpt.model import RMSNorm

PADDING = 0  # token id


class TextTower(nn.Module):
    """ids (B, T) -> vectors (B, T, D) and mask (B, T). An empty caption becomes one learned "no caption" token."""

    def __init__(self, config: PixConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embed_none = nn.Parameter(torch.zeros(1, config.hidden_size))
        self.layers = nn.ModuleList([Block(config) for _ in range(config.text_layers)])
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)
        cos_TH, sin_TH = _positions(config)
        self.cos_TH: Tensor
        self.sin_TH: Tensor
        self.register_buffer("cos_TH", cos_TH, persistent=False)
        self.register_buffer("sin_TH", sin_TH, persistent=False)

    def forward(self, ids_BT: Tensor, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
        """(B, T) -> (B, T, D) in `dtype`, (B, T) float32 with 1 for a token."""
        T = ids_BT.shape[1]
        mask_BT = (ids_BT != PADDING).float()
        is_first_T = torch.arange(T, device=ids_BT.device) == 0
        none_BT = (1 - mask_BT.amax(1, keepdim=True)) * is_first_T.float()
        x_BTD = (self.embed_tokens(ids_BT) * mask_BT[..., None] + none_BT[..., None] * self.embed_none).to(dtype)
        mask_BT = mask_BT + none_BT
        bias_BT = (1 - mask_BT) * ABSENT
        for layer in self.layers:
            x_BTD = layer(x_BTD, self.cos_TH[:T], self.sin_TH[:T], bias_BT)
        return self.norm(x_BTD), mask_BT


def _positions(config: PixConfig) -> tuple[Tensor, Tensor]:
    frequencies_H = 1e4 ** (-torch.arange(0, config.head_dim, 2).float() / config.head_dim)
    angles_TH = torch.outer(torch.arange(config.max_text).float(), frequencies_H).repeat(1, 2)
    return angles_TH.cos(), angles_TH.sin()
