"""The other design: a small head over what a bundled language model thinks while it reads a text.

The states are those of the last layer, averaged over the text, and those of its last token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from pleiade.lab.moderation.fit import targets_of
from pleiade.lab.moderation.rows import Row

MAX_TOKENS = 96


@torch.no_grad()
def read_states(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """States [texts, 2 x hidden] of the model in `folder`, by transformers; texts of like length go together."""
    from transformers import AutoModel, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    ids = [tokenizer(text[:1000], truncation=True, max_length=MAX_TOKENS)["input_ids"] or [0] for text in texts]
    out = np.empty((len(texts), 2 * model.config.hidden_size), np.float32)
    order = sorted(range(len(texts)), key=lambda place: len(ids[place]))
    for start in range(0, len(order), 64):
        chosen = order[start : start + 64]
        longest = max(len(ids[place]) for place in chosen)
        batch_BT = torch.zeros(len(chosen), longest, dtype=torch.long)
        mask_BT = torch.zeros(len(chosen), longest, dtype=torch.long)
        for row, place in enumerate(chosen):
            batch_BT[row, : len(ids[place])] = torch.tensor(ids[place])
            mask_BT[row, : len(ids[place])] = 1
        states_BTH = model(input_ids=batch_BT, attention_mask=mask_BT).last_hidden_state
        mean_BH = (states_BTH * mask_BT[..., None]).sum(1) / mask_BT.sum(1, keepdim=True)
        last_BH = states_BTH[torch.arange(len(chosen)), mask_BT.sum(1) - 1]
        out[chosen] = torch.cat([mean_BH, last_BH], 1).numpy()
    return out


def fit_head(rows: Sequence[Row], inputs: NDArray[np.float32], epochs: int = 30) -> torch.nn.Module:
    """A logistic head over standardised inputs [rows, features], with the loss that the n-grams have."""
    torch.manual_seed(5)
    labels, counts = targets_of(rows)
    x = torch.from_numpy(inputs)
    norm = torch.nn.BatchNorm1d(x.shape[1], affine=False, momentum=None)
    head = torch.nn.Sequential(norm, torch.nn.Dropout(0.1), torch.nn.Linear(x.shape[1], labels.shape[1]))
    optimiser = torch.optim.AdamW(head.parameters(), lr=0.003, weight_decay=0.05)
    head.train()
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), 512):
            chosen = order[start : start + 512]
            if len(chosen) < 2:
                continue
            each = F.binary_cross_entropy_with_logits(head(x[chosen]), labels[chosen], reduction="none")
            optimiser.zero_grad()
            loss = (each * counts[chosen]).sum() / len(chosen)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return head.eval()


@torch.no_grad()
def head_logits(head: torch.nn.Module, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits [rows, harms]."""
    found: NDArray[np.float32] = head(torch.from_numpy(inputs)).numpy()
    return found
