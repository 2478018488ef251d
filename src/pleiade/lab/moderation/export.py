"""Writes the model folder: integers and their scales, a config, and who is to be named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pleiade.lab.corpora.licences import read_origin
from pleiade.lab.moderation.fit import Weights
from pleiade.lab.moderation.rows import SETS, Row
from pleiade.safety.classifier import ARCHITECTURE, MODEL_TYPE, STRIDE, WINDOW
from pleiade.safety.taxonomy import HARMS

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Quantised:
    """The table as 8-bit integers, a scale and a bias for each harm."""

    table: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]


def quantise(model: Weights) -> Quantised:
    """Round to 255 steps for each harm; the largest weights of a harm (one in a hundred thousand) are cut off."""
    table = model.table.detach().numpy()
    largest = np.maximum(np.quantile(np.abs(table), 0.99999, axis=0), 1e-6)
    scale = (largest / 127).astype(np.float32)
    rounded = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
    return Quantised(rounded, scale, model.bias.detach().numpy().astype(np.float32))


def write_model(folder: Path, weights: Quantised, slopes: NDArray[np.float32], shifts: NDArray[np.float32]) -> str:
    """Write config.json, model.safetensors and SHA256SUMS; returns the checksum of the weights."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": [ARCHITECTURE],
        "model_type": MODEL_TYPE,
        "harms": list(HARMS),
        "buckets": len(weights.table),
        "window": WINDOW,
        "stride": STRIDE,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")
    tensors: dict[str, NDArray[Any]] = {
        "table": weights.table,
        "scale": weights.scale,
        "bias": weights.bias,
        "calibration": np.stack([slopes, shifts]).astype(np.float32),
    }
    save_file({name: torch.from_numpy(value.copy()) for name, value in tensors.items()}, folder / WEIGHTS)
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  {WEIGHTS}\n", "utf-8")
    return digest


def origins(data: Path, rows: Sequence[Row]) -> list[dict[str, str | int]]:
    """Each source with its rows, licence and origin."""
    counts: dict[str, int] = {}
    for row in rows:
        name = "phrases" if row.source.startswith("phrases") else row.source
        counts[name] = counts.get(name, 0) + 1
    labelled = read_origin(data, SETS[0])
    parts: list[dict[str, str | int]] = []
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if name == "phrases":
            licence, origin = "Apache-2.0", "written by the Pleiade project (`lab/moderation/phrases`)"
        else:
            folders = [f"{kind}/{name}" for kind in ("post", "pretrain") if (data / kind / name).is_dir()]
            told = read_origin(data, folders[0]) if folders else labelled
            licence, origin = told.licence, told.repository
        parts.append({"name": name, "rows": count, "licence": licence, "origin": origin})
    return parts


def write_licences(folder: Path, parts: Sequence[dict[str, str | int]]) -> None:
    """LICENCES: who is to be named with these weights."""
    lines = ["The weights were fitted to the following texts. Those who made them are named as their licences ask.", ""]
    for part in parts:
        lines += [
            f"{part['name']} ({part['rows']:,} texts)",
            f"  licence: {part['licence']}",
            f"  origin: {part['origin']}",
            "",
        ]
    (folder / "LICENCES").write_text("\n".join(lines), "utf-8")
