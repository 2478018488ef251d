"""Sampling many answers at once, with a cache of keys and values: what learning and evaluation need of an engine.

Rows are aligned at their right end, so all of them write into the same column of the cache; a mask hides the padding.
Shapes as in model.py; S is the cache's columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.gpt.model import Block, Gpt, joint_linear, rotate

Cache = list[tuple[Tensor, Tensor]]  # keys and values of each layer, (B, K, S, H)


@torch.no_grad()
def sample(
    model: Gpt,
    prompts: Sequence[Sequence[int]],
    stop_ids: frozenset[int],
    max_tokens: int,
    *,
    temperature: float,
    seed: int,
    rows: int = 64,
    dtype: torch.dtype = torch.float32,
    repetition_penalty: float = 1.0,
    stopped: Callable[[list[int]], bool] = lambda written: False,
) -> list[list[int]]:
    """One continuation of each prompt: at most `max_tokens` ids, without the stop id. Temperature 0 is greedy.

    Prompts of similar length share a batch of `rows`. The same seed gives the same answers. A prompt that leaves no
    room is continued by nothing. `repetition_penalty` divides (or, below zero, multiplies) the logits of every token
    seen, as transformers does; a continuation also ends where `stopped` says so of what is written.
    """
    if model.embed_tokens.weight.is_meta:
        raise ValueError(
            "this model's weights are divided among ranks, which cannot sample from it: set parallel.shard=false, "
            "parallel.tensor=1 and parallel.sequence=1 for this stage, or sample from the exported model"
        )
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    generator = torch.Generator().manual_seed(seed)
    written: list[list[int]] = [[] for _ in prompts]
    for first in range(0, len(order), rows):
        chosen = order[first : first + rows]
        pick = partial(_pick, temperature=temperature, generator=generator)
        parts = _sample_batch(
            model, [list(prompts[i]) for i in chosen], stop_ids, max_tokens, pick, dtype, repetition_penalty, stopped
        )
        for i, part in zip(chosen, parts, strict=True):
            written[i] = part
    return written


def _sample_batch(
    model: Gpt,
    prompts: list[list[int]],
    stop_ids: frozenset[int],
    max_tokens: int,
    pick: Callable[[Tensor], list[int]],
    dtype: torch.dtype,
    repetition_penalty: float,
    stopped: Callable[[list[int]], bool],
) -> list[list[int]]:
    device = model.embed_tokens.weight.device
    width = max(len(prompt) for prompt in prompts)
    room = min(max_tokens, model.config.max_position - width)
    padding_B = torch.tensor([width - len(prompt) for prompt in prompts], device=device)
    ids_BT = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
    cache = empty_cache(model, len(prompts), width + max(room, 0), dtype, device)
    seen_BV = torch.zeros(len(prompts), model.config.vocab_size, dtype=torch.bool, device=device)
    for row, prompt in enumerate(prompts):
        seen_BV[row, prompt] = True
    written: list[list[int]] = [[] for _ in prompts]
    open_B = [True] * len(prompts)
    start = 0
    for _ in range(room):
        x_BD = forward_cached(model, ids_BT, padding_B, start, cache, dtype)
        start += ids_BT.shape[1]
        logits_BV = F.linear(x_BD, model.head_weight.to(dtype)).float()
        if repetition_penalty != 1.0:
            less_BV = torch.where(logits_BV > 0, logits_BV / repetition_penalty, logits_BV * repetition_penalty)
            logits_BV = torch.where(seen_BV, less_BV, logits_BV)
        picked = pick(logits_BV)
        for row, token in enumerate(picked):
            open_B[row] = open_B[row] and token not in stop_ids
            if open_B[row]:
                written[row].append(token)
                open_B[row] = not stopped(written[row])
        if not any(open_B):
            break
        ids_BT = torch.tensor([[token] for token in picked], device=device)
        seen_BV.scatter_(1, ids_BT, True)
    return written


def empty_cache(model: Gpt, rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> Cache:
    """Room for `columns` positions of `rows` texts."""
    config = model.config
    shape = (rows, config.num_kv_heads, columns, config.head_dim)
    return [
        (torch.zeros(shape, dtype=dtype, device=device), torch.zeros(shape, dtype=dtype, device=device))
        for _ in range(config.num_layers)
    ]


def _pick(logits_BV: Tensor, *, temperature: float, generator: torch.Generator) -> list[int]:
    if temperature == 0.0:
        return [int(token) for token in logits_BV.argmax(-1)]
    probabilities = torch.softmax(logits_BV.cpu() / temperature, dim=-1)
    return [int(token) for token in torch.multinomial(probabilities, 1, generator=generator)[:, 0]]


def forward_cached(
    model: Gpt, ids_BT: Tensor, padding_B: Tensor, start: int, cache: Cache, dtype: torch.dtype
) -> Tensor:
    """The last position's normalised hidden state (B, D); new keys and values go into columns `start`…"""
    B, T = ids_BT.shape
    H, end = model.config.head_dim, start + T
    columns_T = torch.arange(start, end, device=ids_BT.device)
    positions_BT = (columns_T[None] - padding_B[:, None]).clamp(min=0)
    cos_B1TH, sin_B1TH = model.cos_TH[positions_BT][:, None], model.sin_TH[positions_BT][:, None]
    keys_S = torch.arange(end, device=ids_BT.device)
    sees_BTS = (keys_S[None, None] <= columns_T[None, :, None]) & (keys_S[None, None] >= padding_B[:, None, None])
    sees_BTS |= (
        keys_S[None, None] == columns_T[None, :, None]
    )  # padding sees itself: a row without keys is not a number
    x_BTD = model.embed_tokens(ids_BT).to(dtype)
    for layer, (keys, values) in zip(model.layers, cache, strict=True):
        assert isinstance(layer, Block)
        attention = layer.self_attn
        q, k, v = (
            y.view(B, T, -1, H).transpose(1, 2)
            for y in joint_linear(layer.input_layernorm(x_BTD), attention.q_proj, attention.k_proj, attention.v_proj)
        )
        keys[:, :, start:end] = rotate(attention.k_norm(k), cos_B1TH, sin_B1TH)
        values[:, :, start:end] = v
        y_BNTH = F.scaled_dot_product_attention(
            rotate(attention.q_norm(q), cos_B1TH, sin_B1TH),
            keys[:, :, :end],
            values[:, :, :end],
            attn_mask=sees_BTS[:, None],
            enable_gqa=True,
        )
        x_BTD = x_BTD + attention.o_proj(y_BNTH.transpose(1, 2).reshape(B, T, -1))
        x_BTD = x_BTD + layer.mlp(layer.post_attention_layernorm(x_BTD))
    x_BD: Tensor = model.norm(x_BTD[:, -1])
    return x_BD
