"""Trains a dual encoder by the one loop, reads it back, and writes the one that is served as ONNX.

Two are trained, on the two halves of the training drawings: one is served, the other only measures.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from pleiade.lab.begun import begin, read_json, weights_fingerprint
from pleiade.lab.checkpoint import latest_checkpoint, load_weights
from pleiade.lab.dalle.contrast import Contrast
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.processes import drawn_ahead
from pleiade.lab.dalle.data.splits import unit_hash
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.data.styles import STYLES
from pleiade.lab.dalle.data.words import encode
from pleiade.lab.dalle.encoder import DualEncoder, EncoderConfig, EncoderStage
from pleiade.lab.dalle.onnx_graph import write_onnx
from pleiade.lab.dalle.small_weights import Weights
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer, save_tokenizer
from pleiade.lab.train import Outcome, train

Half = Literal["served", "measuring"]
PICTURES_AT_ONCE = 256


@dataclass(frozen=True)
class Encoder:
    """A trained encoder with its tokenizer. `version` changes with any weight: only numbers of one version compare."""

    network: DualEncoder
    tokenizer: Tokenizer
    version: str

    @torch.no_grad()
    def features(self, x_BHWC: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pictures, premultiplied in [-1, 1] -> (B, D), what KID-own is measured in."""
        device = self.network.device
        parts = [self.network.features(part.to(device)).cpu() for part in _parts(torch.from_numpy(x_BHWC))]
        made: NDArray[np.float32] = torch.cat(parts).numpy()
        return made

    @torch.no_grad()
    def embed_features(self, features_BD: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B, D) -> (B, E), L2-normalised."""
        features = torch.from_numpy(features_BD).to(self.network.device)
        made: NDArray[np.float32] = self.network.embed_features(features).cpu().numpy()
        return made

    def embed_pictures(self, x_BHWC: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pictures, premultiplied in [-1, 1] -> (B, E), L2-normalised."""
        return self.embed_features(self.features(x_BHWC))

    @torch.no_grad()
    def embed_words(self, captions: list[str]) -> NDArray[np.float32]:
        """Captions -> (B, E), L2-normalised."""
        ids_BT = torch.from_numpy(encode(self.tokenizer, captions, self.network.config.max_text))
        made: NDArray[np.float32] = self.network.embed_words(ids_BT.to(self.network.device)).cpu().numpy()
        return made

    @torch.no_grad()
    def styles(self, features_BD: NDArray[np.float32]) -> NDArray[np.int64]:
        """(B, D) -> (B,) the likeliest style id of each, 1 and up."""
        features = torch.from_numpy(features_BD).to(self.network.device)
        made: NDArray[np.int64] = self.network.style_head(features).argmax(1).cpu().numpy() + 1
        return made


def half(drawings: Drawings, which: Half) -> Drawings:
    """The same drawings with only one half of the training split; held-out ones stay as they are."""
    rows = tuple(
        msgspec.structs.replace(row, split="other half") if row.split == "train" and half_of(row.id) != which else row
        for row in drawings.rows
    )
    return dataclasses.replace(drawings, rows=rows, fingerprint=f"{drawings.fingerprint}-{which}")


def half_of(drawing: str) -> Half:
    """Which encoder may see a training drawing."""
    return "served" if unit_hash("encoder", drawing) < 0.5 else "measuring"


def train_encoder(
    drawings: Drawings,
    tokenizer: Tokenizer,
    stage: EncoderStage,
    run: Path,
    which: Half,
    size: int | None = None,
    drawers: int = 0,
) -> Outcome:
    """Train the encoder of one half in `run`, or go on with it; `drawers` are processes that draw its pictures.

    Raises ValueError where it was begun otherwise.
    """
    size, mine = size or drawings.size, half(drawings, which)
    vocab_size, num_styles = tokenizer.get_vocab_size(), len(STYLES)
    config = dataclasses.replace(stage.model, size=size, vocab_size=vocab_size, num_styles=num_styles)
    seed = stage.seed if which == "served" else stage.seed + 1
    facts = {"config": dataclasses.asdict(config), "which": which, "rows": stage.rows, "seed": seed}
    if join_ranks().is_first:
        begin(run, {**facts, "drawings": mine.fingerprint})
        save_tokenizer(tokenizer, run / "tokenizer", config.max_text)
    stream = PictureStream(mine, tokenizer, size=size, seed=seed, max_text=config.max_text)
    loop = dataclasses.replace(stage.loop, seed=seed, compile=False)
    network, whole = DualEncoder(config, seed), ParallelConfig(shard=False)
    with drawn_ahead(stream, drawers) as drawn:
        objective = Contrast(drawn, stage.rows)
        return train(network, objective, loop, stage.optim, stage.schedule, run, parallel=whole)


def load_encoder(run: Path) -> Encoder:
    """The newest encoder of a run's folder. Raises FileNotFoundError where none was trained."""
    newest = latest_checkpoint(run)
    if newest is None:
        raise FileNotFoundError(f"no encoder in {run}: train one with `pleiade train pix-6m --until encoder`")
    try:
        network = DualEncoder(msgspec.convert(read_json(run / "begun.json")["config"], EncoderConfig))
        network.load_state_dict(load_weights(newest))
    except (OSError, KeyError, msgspec.ValidationError, RuntimeError) as error:  # torch's word for what does not fit
        raise ValueError(
            f"the encoder in {run} is damaged ({str(error).splitlines()[0]}): put a copy back, or remove that folder "
            "to train it again"
        ) from error
    return Encoder(network.eval(), load_tokenizer(run / "tokenizer"), weights_fingerprint(network))


def export_encoder(encoder: Encoder, folder: Path, weights: Weights = "fp16") -> dict[str, str]:
    """Write encoder.onnx and words.onnx; returns what config.json lists as files.

    encoder.onnx: x_BHWC -> embedding_BE. words.onnx: ids_BT int64, 0 = padding -> embedding_BE. Both L2-normalised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config, out = encoder.network.config, ("embedding_BE",)
    x_BHWC = torch.zeros(2, config.size, config.size, 4)
    write_onnx(_Pictures(encoder.network), (x_BHWC,), ("x_BHWC",), out, folder / "encoder.onnx", weights)
    ids_BT = torch.ones(2, config.max_text, dtype=torch.int64)
    write_onnx(_Words(encoder.network), (ids_BT,), ("ids_BT",), out, folder / "words.onnx", weights)
    return {"encoder": "encoder.onnx", "words": "words.onnx"}


def _parts(x: Tensor) -> tuple[Tensor, ...]:
    return torch.split(x, PICTURES_AT_ONCE)


class _Pictures(nn.Module):
    def __init__(self, network: DualEncoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_BHWC: Tensor) -> Tensor:
        return self.network.embed_features(self.network.features(x_BHWC))


class _Words(nn.Module):
    def __init__(self, network: DualEncoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids_BT: Tensor) -> Tensor:
        return self.network.embed_words(ids_BT)
