"""Fits the weights: two shapes over the same n-grams, the same loss, the same steps.

`linear` has one weight a bucket and harm; `embedded` is fastText's: a small vector a bucket, averaged, and a layer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from pleiade.lab.moderation.rows import Row
from pleiade.safety.ngrams import hash_words, read_words
from pleiade.safety.taxonomy import HARMS

Shape = Literal["linear", "embedded"]


@dataclass(frozen=True)
class FitConfig:
    """How long and how hard. The decay keeps rare buckets near zero, where noise would write itself in."""

    shape: Shape = "linear"
    buckets: int = 1 << 18
    epochs: int = 8
    batch: int = 256
    learning_rate: float = 0.02
    decay: float = 3e-6
    width: int = 24  # of `embedded`
    dropped: float = 0.15  # share of the n-grams that a text loses in each epoch, so that no single one decides
    seed: int = 5


@dataclass(frozen=True)
class Hashed:
    """Texts as bucket numbers, end to end, with the place where each begins."""

    buckets: torch.Tensor
    starts: torch.Tensor

    def pick(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Buckets, their rows' starts and lengths, of the texts named."""
        begins, ends = self.starts[rows], self.starts[rows + 1]
        lengths = ends - begins
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
        places = torch.arange(int(offsets[-1])) + torch.repeat_interleave(begins - offsets[:-1], lengths)
        return self.buckets[places], offsets[:-1], lengths


class Weights(nn.Module):
    """Scores (before calibration) of texts by their n-grams."""

    def __init__(self, config: FitConfig) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(config.seed)
        columns = len(HARMS) if config.shape == "linear" else config.width
        first = torch.zeros(config.buckets, columns)
        if config.shape == "embedded":
            first = torch.randn(config.buckets, columns, generator=generator) * 0.05
        self.table = nn.Parameter(first)
        self.bias = nn.Parameter(torch.full((len(HARMS),), -2.0))
        self.deep = config.shape == "embedded"
        if self.deep:
            self.hidden = nn.Linear(columns, 64)
            self.out = nn.Linear(64, len(HARMS))

    def forward(self, buckets: torch.Tensor, offsets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Logits [B, harms]; each n-gram counts by `weights`."""
        summed = F.embedding_bag(buckets, self.table, offsets, mode="sum", per_sample_weights=weights)
        if self.deep:
            summed = self.out(F.relu(self.hidden(summed)))
        return summed + self.bias


def hash_texts(texts: Sequence[str], buckets: int) -> Hashed:
    """Read and hash every text."""
    found = [hash_words(read_words(text), buckets)[0] for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in found])])
    joined = np.concatenate(found) if found else np.empty(0, np.int64)
    return Hashed(torch.from_numpy(joined.astype(np.int64)), torch.from_numpy(starts.astype(np.int64)))


def targets_of(rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels [rows, harms] (0 where unknown), and how much each counts (0 where unknown).

    In each harm the positives of a language count as much together as a quarter of its negatives: they are rare.
    """
    labels = np.stack([row.labels for row in rows])
    counts = np.where(np.isnan(labels), 0.0, np.array([row.weight for row in rows])[:, None])
    known = np.nan_to_num(labels)
    for language in {row.language for row in rows}:
        here = np.array([row.language == language for row in rows])[:, None]
        positive = (counts * known * here).sum(0)
        negative = (counts * (1 - known) * here).sum(0)
        raise_by = np.clip(0.25 * negative / np.maximum(positive, 1.0), 1.0, 12.0)
        counts = np.where(here & (known > 0.5), counts * raise_by, counts)
    return torch.from_numpy(known.astype(np.float32)), torch.from_numpy(counts.astype(np.float32))


def fit(rows: Sequence[Row], config: FitConfig, checkpoint: Path | None = None) -> Weights:
    """Weights fitted to the rows. With a `checkpoint` each epoch is kept there, and a stopped fit goes on from it."""
    torch.manual_seed(config.seed)
    model = Weights(config)
    hashed = hash_texts([row.text for row in rows], config.buckets)
    labels, counts = targets_of(rows)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, betas=(0.9, 0.99))
    epoch = 0
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state["rows"] == len(rows):
            model.load_state_dict(state["model"])
            optimiser.load_state_dict(state["optimiser"])
            epoch = int(state["epoch"])
    steps = -(-len(rows) // config.batch)
    while epoch < config.epochs:
        generator = torch.Generator().manual_seed(config.seed * 1000 + epoch)
        order = torch.randperm(len(rows), generator=generator)
        total, began = 0.0, time.perf_counter()
        for step in range(steps):
            rate = config.learning_rate * (1 - (epoch * steps + step) / (config.epochs * steps)) + 1e-4
            for group in optimiser.param_groups:
                group["lr"] = rate
            total += _learn(
                model,
                optimiser,
                hashed,
                labels,
                counts,
                order[step * config.batch :][: config.batch],
                config,
                generator,
            )
        epoch += 1
        print(
            f"  epoch {epoch}/{config.epochs}  loss {total / steps:.4f}  {time.perf_counter() - began:.1f} s",
            flush=True,
        )
        if checkpoint is not None:
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "epoch": epoch,
                "rows": len(rows),
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    return model


def _learn(
    model: Weights,
    optimiser: torch.optim.Optimizer,
    hashed: Hashed,
    labels: torch.Tensor,
    counts: torch.Tensor,
    chosen: torch.Tensor,
    config: FitConfig,
    generator: torch.Generator,
) -> float:
    buckets, offsets, lengths = hashed.pick(chosen)
    weights = torch.repeat_interleave(lengths.clamp(min=1).float().rsqrt(), lengths)
    weights = weights * (torch.rand(len(weights), generator=generator) >= config.dropped) / (1 - config.dropped)
    logits = model(buckets, offsets, weights)
    each = F.binary_cross_entropy_with_logits(logits, labels[chosen], reduction="none") * counts[chosen]
    loss = each.sum() / len(chosen)
    if config.decay:
        touched = buckets[:: max(1, len(buckets) // 20000)]
        loss = loss + config.decay * model.table[touched].square().sum()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(loss.detach())


@torch.no_grad()
def predict(model: Weights, texts: Sequence[str], buckets: int) -> NDArray[np.float32]:
    """Logits [texts, harms]."""
    hashed = hash_texts(texts, buckets)
    out = []
    for start in range(0, len(texts), 2048):
        rows = torch.arange(start, min(start + 2048, len(texts)))
        found, offsets, lengths = hashed.pick(rows)
        weights = torch.repeat_interleave(lengths.clamp(min=1).float().rsqrt(), lengths)
        out.append(model(found, offsets, weights).numpy())
    return np.concatenate(out) if out else np.empty((0, len(HARMS)), np.float32)
