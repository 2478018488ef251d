"""A Qwen3-style decoder: RMSNorm, grouped-query attention with normalised queries and keys, rotary positions, SwiGLU.

Names carry their shape: B batch, T position, D hidden, N query heads, K key-value heads, H head width, F feed-forward,
V vocabulary. Parameters carry Hugging Face's names, so export is a copy and not a translation.

Weights are float32 masters; every matrix product runs in the type of its input (bfloat16 in training), as in nanochat.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.divided import copy_to_ranks, embed, fill, here, is_divided


class Linear(nn.Linear):
    """A matrix without bias whose float32 master is cast to the input's type at use."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        return F.linear(input, here(self.weight).to(input.dtype))


class RMSNorm(nn.Module):
    """Scale to unit root mean square over the last dimension, then by a learned gain; computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps
        self.heads_over: dist.ProcessGroup | None = None  # ranks that each normalise other heads by the same gain

    def forward(self, x: Tensor) -> Tensor:
        """(..., size) -> (..., size)."""
        x_float = x.float()
        x_float = x_float * torch.rsqrt(x_float.square().mean(-1, keepdim=True) + self.eps)
        weight = here(self.weight)
        if self.heads_over is not None:
            weight = copy_to_ranks(weight, self.heads_over)
        return (weight * x_float).to(x.dtype)


def rotary_tables(config: GptConfig, num_positions: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (T, H) in float32, of Qwen's half-split rotary positions."""
    frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, device=device).float() / config.head_dim)
    angles_TH = torch.outer(torch.arange(num_positions, device=device).float(), frequencies).repeat(1, 2)
    return angles_TH.cos(), angles_TH.sin()


def rotate(x_BNTH: Tensor, cos_TH: Tensor, sin_TH: Tensor) -> Tensor:
    """Turn each pair of channels (i, i + H/2) by the angle of its position."""
    first, second = x_BNTH.float().chunk(2, dim=-1)
    turned_BNTH = torch.cat((-second, first), dim=-1)
    return (x_BNTH.float() * cos_TH + turned_BNTH * sin_TH).to(x_BNTH.dtype)


def causal_attention_by_products(q_BNTH: Tensor, k_BKSH: Tensor, v_BKSH: Tensor) -> Tensor:
    """Attention as two batched products around a float32 softmax; the query heads of a group are rows of one product.

    The queries are the last T of S positions. On CPUs the backward pass of SDPA's fused kernel does not use the matrix
    unit: measured on 2 Xeon cores with AMX at 256 tokens, 79 ms a layer against 6 ms of products here.
    """
    B, N, T, H = q_BNTH.shape
    K, S = k_BKSH.shape[1:3]
    q_BKLH = (q_BNTH * H**-0.5).reshape(B, K, -1, H)  # L = (N / K) x T rows of queries
    future_TS = torch.full((T, S), float("-inf"), device=q_BNTH.device).triu(1 + S - T)
    scores_BKGTS = (q_BKLH @ k_BKSH.mT).view(B, K, -1, T, S).float() + future_TS
    weights_BKLS = torch.softmax(scores_BKGTS, dim=-1).to(q_BNTH.dtype).view(B, K, -1, S)
    return (weights_BKLS @ v_BKSH).view(B, N, T, H)


def causal_attention_fused(q_BNTH: Tensor, k_BKSH: Tensor, v_BKSH: Tensor) -> Tensor:
    """The same by the device's flash kernel: no T x S matrix in memory."""
    T, S = q_BNTH.shape[2], k_BKSH.shape[2]
    if T == S:
        return F.scaled_dot_product_attention(q_BNTH, k_BKSH, v_BKSH, is_causal=True, enable_gqa=True)
    # Here, because it brings torch's whole compiler along, which costs each start a second.
    from torch.nn.attention.bias import causal_lower_right

    mask = causal_lower_right(T, S)
    return F.scaled_dot_product_attention(q_BNTH, k_BKSH, v_BKSH, attn_mask=mask, enable_gqa=True)


def causal_attention(q_BNTH: Tensor, k_BKSH: Tensor, v_BKSH: Tensor) -> Tensor:
    """Attention of the last T of S positions to themselves and those before, by what suits the device."""
    attend = causal_attention_by_products if q_BNTH.device.type == "cpu" else causal_attention_fused
    return attend(q_BNTH, k_BKSH, v_BKSH)


def joint_linear(x: Tensor, *layers: Linear) -> tuple[Tensor, ...]:
    """Several matrices applied to one input as a single product: the input is read once."""
    weights = [here(layer.weight) for layer in layers]
    return torch.split(F.linear(x, torch.cat(weights).to(x.dtype)), [len(weight) for weight in weights], dim=-1)


class Attention(nn.Module):
    """Causal attention in which several query heads share one key-value head."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.config = config
        self.q_proj = Linear(config.hidden_size, config.num_heads * config.head_dim)
        self.k_proj = Linear(config.hidden_size, config.num_kv_heads * config.head_dim)
        self.v_proj = Linear(config.hidden_size, config.num_kv_heads * config.head_dim)
        self.o_proj = Linear(config.num_heads * config.head_dim, config.hidden_size)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.attend: Callable[[Tensor, Tensor, Tensor], Tensor] = causal_attention

    def forward(self, x_BTD: Tensor, cos_TH: Tensor, sin_TH: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        B, T, _ = x_BTD.shape
        q, k, v = (
            y.view(B, T, -1, self.config.head_dim).transpose(1, 2)
            for y in joint_linear(x_BTD, self.q_proj, self.k_proj, self.v_proj)
        )
        q_BNTH, k_BKTH = rotate(self.q_norm(q), cos_TH, sin_TH), rotate(self.k_norm(k), cos_TH, sin_TH)
        y_BNTH = self.attend(q_BNTH, k_BKTH, v)
        y_BTD: Tensor = self.o_proj(y_BNTH.transpose(1, 2).reshape(B, T, -1))
        return y_BTD


class SwiGLU(nn.Module):
    """The gated feed-forward: down(silu(gate(x)) * up(x))."""

    def __init__(self, hidden_size: int, ffn_size: int) -> None:
        super().__init__()
        self.gate_proj = Linear(hidden_size, ffn_size)
        self.up_proj = Linear(hidden_size, ffn_size)
        self.down_proj = Linear(ffn_size, hidden_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        gate_BTF, up_BTF = joint_linear(x_BTD, self.gate_proj, self.up_proj)
        y_BTD: Tensor = self.down_proj(F.silu(gate_BTF) * up_BTF)
        return y_BTD


class Block(nn.Module):
    """One layer: attention, then feed-forward, each normalised before and added to the stream."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.ffn_size)

    def forward(self, x_BTD: Tensor, cos_TH: Tensor, sin_TH: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x_BTD = x_BTD + self.self_attn(self.input_layernorm(x_BTD), cos_TH, sin_TH)
        x_BTD = x_BTD + self.mlp(self.post_attention_layernorm(x_BTD))
        return x_BTD


class Gpt(nn.Module):
    """Tokens to logits."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.config = config
        self.recompute = False  # each block again in the backward pass, instead of keeping what it held
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Block(config) for _ in range(config.num_layers)])
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.lm_head = None if config.tied else Linear(config.hidden_size, config.vocab_size)
        self.reward_head = Linear(config.hidden_size, 1) if config.reward_head else None
        cos_TH, sin_TH = rotary_tables(config, config.max_position, torch.device("cpu"))
        self.cos_TH: Tensor
        self.sin_TH: Tensor
        self.register_buffer("cos_TH", cos_TH, persistent=False)
        self.register_buffer("sin_TH", sin_TH, persistent=False)

    def hidden(self, ids_BT: Tensor, dtype: torch.dtype = torch.float32, positions_T: Tensor | None = None) -> Tensor:
        """The normalised last layer, (B, T, D) in `dtype`. T is at most `max_position`; positions count from 0."""
        T = ids_BT.shape[1]
        if self.config.max_position < T:
            raise ValueError(f"{T} tokens exceed the model's {self.config.max_position} positions: shorten the text")
        place = slice(T) if positions_T is None else positions_T
        cos_TH, sin_TH = self.cos_TH[place], self.sin_TH[place]
        x_BTD: Tensor = embed(self.embed_tokens, ids_BT).to(dtype)
        for layer in self.layers:
            if self.recompute:
                x_BTD = checkpoint(layer, x_BTD, cos_TH, sin_TH, use_reentrant=False, preserve_rng_state=False)
            else:
                x_BTD = layer(x_BTD, cos_TH, sin_TH)
        x_BTD = self.norm(x_BTD)
        return x_BTD

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embed_tokens.weight.device

    @property
    def head_weight(self) -> Tensor:
        """The matrix that turns the last layer into logits; the embedding itself when tied."""
        return self.embed_tokens.weight if self.lm_head is None else self.lm_head.weight

    def forward(self, ids_BT: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Logits (B, T, V) in float32; `dtype` is the type of computation."""
        x_BTD = self.hidden(ids_BT, dtype)
        return F.linear(x_BTD, self.head_weight.to(x_BTD.dtype)).float()


def init_weights(model: Gpt, seed: int) -> None:
    """Every initial value in one place.

    Matrices that read the stream are uniform with unit gain (feed-forward 0.4 of it); matrices that write to it
    start at zero, so each block begins as the identity. A tied embedding starts small, because the same numbers
    are the head and the first logits should say nothing (parameter-golf; nanochat).
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            values = torch.empty(weight.shape) if is_divided(weight) else weight
            if weight.dim() == 1:
                values.fill_(1.0)
            elif name == "embed_tokens.weight":
                values.normal_(0.0, 0.005 if model.config.tied else 0.8, generator=generator)
            elif name == "lm_head.weight":
                values.normal_(0.0, 0.001, generator=generator)
            elif name.endswith(("o_proj.weight", "down_proj.weight", "reward_head.weight")):
                values.zero_()
            else:
                bound = math.sqrt(3.0 / weight.shape[1]) * (0.4 if ".mlp." in name else 1.0)
                values.uniform_(-bound, bound, generator=generator)
            if values is not weight:
                fill(weight, values)
