"""Trains the enlarger by the one loop, measures it beside Lanczos on held-out drawings, and writes it as ONNX."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import msgspec
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pleiade.lab.begun import begin, read_json, write_json
from pleiade.lab.checkpoint import latest_checkpoint, load_weights
from pleiade.lab.dalle.data.build import LARGE
from pleiade.lab.dalle.data.drawings import DONE, Drawings
from pleiade.lab.dalle.data.pixels import Floats
from pleiade.lab.dalle.enlarger import FACTOR, Enlarger, EnlargerConfig, EnlargerStage, within_picture
from pleiade.lab.dalle.enlarger_pairs import Pairs, PairStream, as_generated, crop_of, shrunk
from pleiade.lab.dalle.onnx_graph import write_onnx
from pleiade.lab.dalle.small_weights import Weights
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.ranks import join_ranks
from pleiade.lab.train import Outcome, train

MEASURED = "measured.json"
SOFT = 1e-3  # below it an error counts by its square (Charbonnier)


class Enlarging:
    """The objective: the enlarged crop as it was drawn, by Charbonnier's absolute error."""

    def __init__(self, stream: PairStream) -> None:
        self.stream = stream

    def next_step(self) -> list[Pairs]:
        """The next pairs."""
        return self.stream.next_step()

    def loss_sum(self, hidden: Callable[..., Tensor], model: Enlarger, batch: Pairs, dtype: torch.dtype) -> Tensor:
        """Mean error of each crop's values, summed over the crops."""
        error = hidden(batch.small_BHWC, dtype) - batch.large_BHWC
        return (error.square() + SOFT**2).sqrt().mean((1, 2, 3)).sum()

    def state_dict(self) -> dict[str, Any]:
        """The stream's place."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the stream."""
        self.stream.load_state_dict(state)


def train_enlarger(data: Path, stage: EnlargerStage, run: Path) -> Outcome:
    """Train the enlarger in `run` on the large drawings of a built folder, or go on with it; measure it at its end.

    Raises FileNotFoundError where there are no large drawings, ValueError where the run was begun otherwise.
    """
    drawings, is_first = open_large(data), join_ranks().is_first
    if is_first:
        begin(run, {"config": dataclasses.asdict(stage.model), "rows": stage.rows, "drawings": drawings.fingerprint})
    objective = Enlarging(PairStream(drawings, stage.rows, stage.crop, stage.loop.seed))
    network, whole = Enlarger(stage.model, stage.loop.seed), ParallelConfig(shard=False)
    outcome = train(network, objective, stage.loop, stage.optim, stage.schedule, run, parallel=whole)
    if outcome.finished and is_first and _held_out(drawings):
        write_json(run / MEASURED, dataclasses.asdict(measure_enlarger(network, drawings)))
    return outcome


def open_large(data: Path) -> Drawings:
    """The large drawings of a built folder. Raises FileNotFoundError where it has none, with what makes them."""
    if not (data / LARGE / DONE).exists():
        raise FileNotFoundError(
            f"no finished large drawings in {data / LARGE}, which the enlarger learns from: give the command that "
            f"built {data} again (`python -m pleiade.lab.dalle.data --source … --out {data} --large 0.03`): it adds "
            "them"
        )
    return Drawings.open(data / LARGE)


def load_enlarger(run: Path) -> Enlarger:
    """The newest enlarger of a run's folder. Raises FileNotFoundError where none was trained."""
    newest = latest_checkpoint(run)
    if newest is None:
        raise FileNotFoundError(f"no enlarger in {run}: train one with `pleiade train pix-6m --until enlarger`")
    network = Enlarger(msgspec.convert(read_json(run / "begun.json")["config"], EnlargerConfig))
    network.load_state_dict(load_weights(newest))
    return network.eval()


@dataclass(frozen=True)
class Measured:
    """PSNR in dB, of premultiplied RGBA over held-out drawings: clean ones and ones with a generator's faults."""

    drawings: int
    clean: float
    clean_lanczos: float
    faulty: float
    faulty_lanczos: float


@torch.no_grad()
def measure_enlarger(network: Enlarger, drawings: Drawings, most: int = 100, seed: int = 1) -> Measured:
    """Enlarge whole held-out drawings from a quarter of their size and compare them with Lanczos.

    Raises ValueError where nothing is held out.
    """
    held_out = _held_out(drawings)[:most]
    if not held_out:
        raise ValueError(f"no drawing of {drawings.folder} is held out: build more of them (--large)")
    errors: dict[str, list[float]] = {"clean": [], "clean_lanczos": [], "faulty": [], "faulty_lanczos": []}
    for index in held_out:
        rng = Random(seed + index)
        large = crop_of(drawings.rows[index], drawings.pixels[index], rng, drawings.size)
        small = shrunk(large, FACTOR)
        for kind, given in (("clean", small), ("faulty", _surely_faulty(small, rng))):
            x = torch.from_numpy(given[None] * 2 - 1).to(network.device)
            made = within_picture(network(x))[0].cpu().numpy() * 0.5 + 0.5
            errors[kind].append(float(((made - large) ** 2).mean()))
            errors[f"{kind}_lanczos"].append(float(((lanczos(given) - large) ** 2).mean()))
    # The mean of the errors, not of the decibels: one flawless drawing would be worth more than all others.
    decibels = {kind: round(-10 * math.log10(max(mean(values), 1e-10)), 2) for kind, values in errors.items()}
    return Measured(len(held_out), **decibels)


def _held_out(drawings: Drawings) -> list[int]:
    return [int(index) for name in ("h1", "h2") for index in drawings.split(name)]


def lanczos(small: Floats, factor: int = FACTOR) -> Floats:
    """A premultiplied picture (H, W, 4) in [0, 1], enlarged by Lanczos, each channel in floating point."""
    height, width, _ = small.shape
    size, how = (width * factor, height * factor), Image.Resampling.LANCZOS
    channels = [Image.fromarray(np.ascontiguousarray(small[..., c])).resize(size, how) for c in range(4)]
    large: Floats = np.clip(np.stack([np.asarray(channel) for channel in channels], axis=-1), 0, 1)
    return large


def _surely_faulty(small: Floats, rng: Random) -> Floats:
    while (made := as_generated(small, rng)) is small:
        pass
    return made


def export_enlarger(network: Enlarger, folder: Path, weights: Weights = "fp16") -> dict[str, str]:
    """Write enlarger.onnx, x_BHWC -> large_BHWC, batch, height and width open; returns what config.json lists."""
    folder.mkdir(parents=True, exist_ok=True)
    x_BHWC, out = torch.zeros(1, 16, 24, 4), folder / "enlarger.onnx"
    open_axes = ("batch", "height", "width")
    write_onnx(_Enlarged(network), (x_BHWC,), ("x_BHWC",), ("large_BHWC",), out, weights, open_axes)
    return {"enlarger": out.name}


class _Enlarged(nn.Module):
    def __init__(self, network: Enlarger) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_BHWC: Tensor) -> Tensor:
        return within_picture(self.network(x_BHWC))
