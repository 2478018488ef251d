"""Greedy decoding of a batch with a cache: what `greedy.py` does, as fast as a small model goes without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from pleiade.lab.gpt.decode import empty_cache, forward_cached
from pleiade.lab.gpt.model import Gpt


@torch.no_grad()
def greedy_batch(
    model: Gpt,
    prompts: Sequence[list[int]],
    stop_ids: set[int],
    max_tokens: int,
    repetition_penalty: float = 1.0,
    stopped: Callable[[list[int]], bool] = lambda written: False,
) -> list[list[int]]:
    """The likeliest continuation of each prompt, up to `max_tokens`, a stop id (left out), or where `stopped` says so.

    `repetition_penalty` is that of `greedy_tokens`. The longest prompt decides how many tokens fit.
    """
    device, dtype = model.embed_tokens.weight.device, model.embed_tokens.weight.dtype
    width = max(len(prompt) for prompt in prompts)
    room = min(max_tokens, model.config.max_position - width)
    padding_B = torch.tensor([width - len(prompt) for prompt in prompts], device=device)
    ids_BT = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
    cache = empty_cache(model, len(prompts), width + max(room, 0), dtype, device)
    seen_BV = torch.zeros(len(prompts), model.config.vocab_size, dtype=torch.bool, device=device)
    for row, prompt in enumerate(prompts):
        seen_BV[row, prompt] = True
    written: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    start = 0
    for _ in range(room):
        logits_BV = F.linear(forward_cached(model, ids_BT, padding_B, start, cache, dtype), model.head_weight).float()
        start += ids_BT.shape[1]
        penalised_BV = torch.where(logits_BV > 0, logits_BV / repetition_penalty, logits_BV * repetition_penalty)
        ids_BT = torch.where(seen_BV, penalised_BV, logits_BV).argmax(-1, keepdim=True)
        seen_BV.scatter_(1, ids_BT, True)
        for row in sorted(open_rows):
            token = int(ids_BT[row])
            if token in stop_ids:
                open_rows.discard(row)
                continue
            written[row].append(token)
            if stopped(written[row]):
                open_rows.discard(row)
        if not open_rows:
            break
    return written
