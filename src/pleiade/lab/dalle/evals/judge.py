"""The measuring encoder with what it knows of the training drawings, looked at once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import Rgba, to_float
from pleiade.lab.dalle.encoder_run import Encoder
from pleiade.lab.evals.examine import Progress

BLOCK = 512


@dataclass(frozen=True)
class Seen:
    """What the encoder sees in N pictures: features (N, D), their directions, embeddings (N, E), style ids (N,)."""

    features_ND: NDArray[np.float32]
    embeddings_NE: NDArray[np.float32]
    styles_N: NDArray[np.int64]

    @cached_property
    def directions(self) -> NDArray[np.float32]:
        """Features (N, D) of length one, for cosine distances."""
        made: NDArray[np.float32] = self.features_ND / np.linalg.norm(self.features_ND, axis=1, keepdims=True)
        return made


def look(encoder: Encoder, rgba_NHWC: Rgba) -> Seen:
    """Look at pictures, straight RGBA."""
    return _seen(encoder, encoder.features(to_float(rgba_NHWC)))


def look_at_training(encoder: Encoder, drawings: Drawings, rows: list[int], kept: Path) -> Seen:
    """Look at training drawings, or read in folder `kept` what was seen before; goes on where it was stopped."""
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"features-{encoder.version}-{drawings.fingerprint}.f32"
    width = 2 * encoder.network.config.channels[-1]
    have = path.stat().st_size // (4 * width) if path.exists() else 0
    progress = Progress("training drawings", have, len(rows))
    with path.open("ab") as file:
        file.truncate(have * 4 * width)
        for first in range(have, len(rows), BLOCK):
            part = encoder.features(to_float(drawings.pixels[rows[first : first + BLOCK]]))
            file.write(part.tobytes())
            progress.show(len(part))
    return _seen(encoder, np.fromfile(path, np.float32).reshape(-1, width))


def _seen(encoder: Encoder, features_ND: NDArray[np.float32]) -> Seen:
    return Seen(features_ND, encoder.embed_features(features_ND), encoder.styles(features_ND))
