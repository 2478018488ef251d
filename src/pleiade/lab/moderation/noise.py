"""Labels that nobody should learn: found by models that did not see them (confident learning, arXiv 1911.00068).

The rows are cut in two by group; each half is judged by weights fitted to the other. A label of the crowd-labelled sets
that these weights contradict with confidence is made unknown. Written phrases and ordinary text are believed.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from pleiade.lab.moderation.fit import FitConfig, fit, predict
from pleiade.lab.moderation.rows import Row

NOISY = ("davidson2017", "stormfront2018", "mlma2019", "harmfulqa", "catqa")
SURE = 0.85  # how sure the other half must be


def side_of(group: str, sides: int, salt: str = "") -> int:
    """Which of `sides` parts a group of rows is in; the same on every machine."""
    return int(hashlib.sha256(f"{salt}{group}".encode()).hexdigest()[:8], 16) % sides


def without_noise(rows: Sequence[Row], config: FitConfig) -> tuple[list[Row], int]:
    """The rows, with contradicted labels unknown; and how many labels those are."""
    short = dataclasses.replace(config, epochs=2)
    half = np.array([side_of(row.group, 2, "halves") for row in rows])
    sure = np.zeros((len(rows), len(rows[0].labels)), np.float32)
    for side in (0, 1):
        model = fit([row for row, s in zip(rows, half, strict=True) if s != side], short)
        mine = np.flatnonzero(half == side)
        sure[mine] = 1 / (1 + np.exp(-predict(model, [rows[int(place)].text for place in mine], config.buckets)))
    labels = np.stack([row.labels for row in rows])
    noisy = np.array([row.source in NOISY for row in rows])[:, None]
    wrong = noisy & (((labels >= 0.7) & (sure < 1 - SURE)) | ((labels <= 0.2) & (sure > SURE)))
    kept = [
        row.with_labels(np.where(bad, np.nan, row.labels).astype(np.float32)) if bad.any() else row
        for row, bad in zip(rows, wrong, strict=True)
    ]
    return kept, int(wrong.sum())
