"""How well scores separate: areas under curves, calibration, and what a threshold does to harmless texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.moderation.rows import Row
from pleiade.safety.taxonomy import HARMS

FEWEST = 10  # positives, and negatives, without which an area says nothing


def auc(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """The chance that a positive scores above a negative; a tie counts half."""
    order = np.argsort(scores, kind="mergesort")
    _, place, count = np.unique(scores[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    ranks = np.empty(len(scores))
    ranks[order] = ((ends - count + 1 + ends) / 2)[place]
    hits = int(positive.sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(scores) - hits)))


def decided(labels: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where people agreed (labels near 0 or 1), and which of those are positive."""
    known = ~np.isnan(labels) & ((labels >= 0.7) | (labels <= 0.2))
    return known, labels >= 0.7


def areas(rows: Sequence[Row], scores: NDArray[np.float32], language: str) -> dict[str, dict[str, float]]:
    """For each harm with enough rows in a language: area, positives, negatives; `macro` is the mean area."""
    labels = np.stack([row.labels for row in rows])
    here = np.array([row.language == language for row in rows])
    found: dict[str, dict[str, float]] = {}
    for column, harm in enumerate(HARMS):
        known, positive = decided(labels[:, column])
        known &= here
        hits = int(positive[known].sum())
        misses = int(known.sum()) - hits
        if min(hits, misses) >= FEWEST:
            area = auc(positive[known], scores[known, column])
            found[harm.value] = {"auc": round(area, 4), "positives": hits, "negatives": misses}
    found["macro"] = {"auc": round(float(np.mean([each["auc"] for each in found.values()])), 4)} if found else {}
    return found


def reliability(
    labels: NDArray[np.float32], scores: NDArray[np.float32], bins: int = 10
) -> tuple[list[tuple[float, float, int]], float]:
    """Mean score, share of positives and size of each bin; and the expected calibration error."""
    known, positive = decided(labels)
    scores, truth = scores[known], positive[known]
    which = np.minimum((scores * bins).astype(int), bins - 1)
    points = []
    error = 0.0
    for each in range(bins):
        inside = which == each
        if inside.any():
            said, true = float(scores[inside].mean()), float(truth[inside].mean())
            points.append((round(said, 4), round(true, 4), int(inside.sum())))
            error += abs(said - true) * inside.mean()
    return points, round(float(error), 4)


def fit_calibration(labels: NDArray[np.float32], logits: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Platt's slope and shift for each harm, by Newton's method; a harm with too few rows keeps 1 and 0."""
    slopes, shifts = np.ones(len(HARMS), np.float32), np.zeros(len(HARMS), np.float32)
    for column in range(len(HARMS)):
        known, positive = decided(labels[:, column])
        z, y = logits[known, column].astype(np.float64), positive[known].astype(np.float64)
        if min(y.sum(), (1 - y).sum()) < FEWEST:
            continue
        target = np.where(y > 0, (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2))  # Platt's own softening
        theta = np.array([1.0, 0.0])
        inputs = np.stack([z, np.ones_like(z)], 1)
        for _ in range(50):
            p = 1 / (1 + np.exp(-np.clip(inputs @ theta, -30, 30)))
            gradient = inputs.T @ (p - target) + 0.01 * (theta - [1.0, 0.0])
            hessian = (inputs * (p * (1 - p))[:, None]).T @ inputs + 0.01 * np.eye(2)
            step = np.linalg.solve(hessian, gradient)
            theta = theta - np.clip(step, -1, 1)
            if np.abs(step).max() < 1e-6:
                break
        slopes[column], shifts[column] = max(theta[0], 0.05), theta[1]
    return slopes, shifts
