"""A small judge of texts: logistic regression on hashed character n-grams, trained where it is needed in seconds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BUCKETS = 1 << 16
SIZES = (2, 3, 4)
MAX_CHARACTERS = 300


class NgramClassifier:
    """Texts to probabilities of classes. Small and open to inspection; it knows letters, not meaning."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self._weights = nn.EmbeddingBag(BUCKETS, len(self.classes), mode="mean")
        self._bias = nn.Parameter(torch.zeros(len(self.classes)))
        nn.init.zeros_(self._weights.weight)

    def train(self, texts: Sequence[str], labels: Sequence[str], epochs: int = 6, rows: int = 64) -> None:
        """Fit by AdamW on cross-entropy; the same rows give the same classifier."""
        places = {name: place for place, name in enumerate(self.classes)}
        targets = torch.tensor([places[label] for label in labels])
        features = [_features(text) for text in texts]
        optimiser = torch.optim.AdamW([self._weights.weight, self._bias], lr=0.3, weight_decay=1e-4)
        order_of = torch.Generator().manual_seed(1)
        for _ in range(epochs):
            order = torch.randperm(len(texts), generator=order_of).tolist()
            for first in range(0, len(order), rows):
                batch = order[first : first + rows]
                loss = F.cross_entropy(self._logits([features[i] for i in batch]), targets[batch])
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()

    @torch.no_grad()
    def probabilities(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Class -> probability, for each text."""
        if not texts:
            return []
        shares_BC = self._logits([_features(text) for text in texts]).softmax(-1).tolist()
        return [dict(zip(self.classes, row, strict=True)) for row in shares_BC]

    def _logits(self, features: Sequence[list[int]]) -> Tensor:
        flat = torch.tensor([bucket for row in features for bucket in row])
        lengths = torch.tensor([0, *(len(row) for row in features[:-1])]).cumsum(0)
        logits_BC: Tensor = self._weights(flat, lengths) + self._bias
        return logits_BC


def _features(text: str) -> list[int]:
    padded = " " + " ".join(text.lower().split())[:MAX_CHARACTERS] + " "
    grams = {padded[i : i + size] for size in SIZES for i in range(len(padded) - size + 1)}
    # Capitals and line ends, without their words; and the length, by doubling.
    shape = re.sub(r"[a-zà-ÿ0-9]+", "x", re.sub(r"[A-ZÀ-Ý]", "X", text[:MAX_CHARACTERS]))
    grams |= {f"shape {shape[i : i + 3]}" for i in range(len(shape) - 2)} | {f"length {len(text).bit_length()}"}
    return [zlib.crc32(gram.encode()) % BUCKETS for gram in sorted(grams)]


def area_under_curve(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    good = torch.tensor([score for score, truth in zip(scores, positive, strict=True) if truth])
    bad = torch.tensor([score for score, truth in zip(scores, positive, strict=True) if not truth])
    above = (good[:, None] > bad).double() + 0.5 * (good[:, None] == bad).double()
    return float(above.mean())
