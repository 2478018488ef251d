"""A transformer block in which everything sees everything: the text tower and the picture stream are made of it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pleiade.lab.dalle.config import PixConfig
from pleiade.lab.gpt.model import Linear, RMSNorm, SwiGLU, joint_linear, rotate

ABSENT = -1e4  # added to the scores of padding; finite in float16, too


def attend_by_products(q_BNTH: Tensor, k_BNSH: Tensor, v_BNSH: Tensor, bias_BS: Tensor) -> Tensor:
    """Attention as two batched products around a float32 softmax.

    What CPUs train fastest with (gpt/model.py has the measurement), and what can be differentiated forward.
    """
    scores_BNTS = ((q_BNTH * q_BNTH.shape[-1] ** -0.5) @ k_BNSH.transpose(2, 3)).float() + bias_BS[:, None, None]
    return torch.softmax(scores_BNTS, dim=-1).to(q_BNTH.dtype) @ v_BNSH


def attend_fused(q_BNTH: Tensor, k_BNSH: Tensor, v_BNSH: Tensor, bias_BS: Tensor) -> Tensor:
    """The same by the device's kernel: no T x S matrix in memory."""
    bias_BNTS = bias_BS[:, None, None].to(q_BNTH.dtype).expand(-1, -1, q_BNTH.shape[2], -1)
    return F.scaled_dot_product_attention(q_BNTH, k_BNSH, v_BNSH, attn_mask=bias_BNTS)


class Attention(nn.Module):
    """Every token attends to every one that `bias_BS` lets it see; queries and keys are normalised, then turned."""

    def __init__(self, config: PixConfig) -> None:
        super().__init__()
        D = config.hidden_size
        self.head_dim = config.head_dim
        self.q_proj, self.k_proj, self.v_proj = Linear(D, D), Linear(D, D), Linear(D, D)
        self.o_proj = Linear(D, D)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.plain = False  # products on every device: forward-mode differentiation knows no fused kernel

    def forward(self, x_BSD: Tensor, cos_SH: Tensor, sin_SH: Tensor, bias_BS: Tensor, num_out: int) -> Tensor:
        """(B, S, D) -> (B, T, D) for the first T = `num_out` tokens."""
        B, S, D = x_BSD.shape
        if num_out == S:
            q, k, v = joint_linear(x_BSD, self.q_proj, self.k_proj, self.v_proj)
        else:
            q, (k, v) = self.q_proj(x_BSD[:, :num_out]), joint_linear(x_BSD, self.k_proj, self.v_proj)
        q_BNTH, k_BNSH, v_BNSH = (y.view(B, y.shape[1], -1, self.head_dim).transpose(1, 2) for y in (q, k, v))
        q_BNTH = rotate(self.q_norm(q_BNTH), cos_SH[:num_out], sin_SH[:num_out])
        k_BNSH = rotate(self.k_norm(k_BNSH), cos_SH, sin_SH)
        attend = attend_by_products if self.plain or x_BSD.device.type == "cpu" else attend_fused
        y_BNTH = attend(q_BNTH, k_BNSH, v_BNSH, bias_BS)
        y_BTD: Tensor = self.o_proj(y_BNTH.transpose(1, 2).reshape(B, num_out, D))
        return y_BTD


class Block(nn.Module):
    """Attention, then feed-forward, each normalised before and added to the stream."""

    def __init__(self, config: PixConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.attention = Attention(config)
        self.mlp_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.ffn_size)

    def forward(
        self, x_BSD: Tensor, cos_SH: Tensor, sin_SH: Tensor, bias_BS: Tensor, num_out: int | None = None
    ) -> Tensor:
        """(B, S, D) -> (B, T, D): with `num_out` only the first T tokens are made, for the last block."""
        T = x_BSD.shape[1] if num_out is None else num_out
        x_BTD = x_BSD[:, :T] + self.attention(self.attention_norm(x_BSD), cos_SH, sin_SH, bias_BS, T)
        made_BTD: Tensor = x_BTD + self.mlp(self.mlp_norm(x_BTD))
        return made_BTD
