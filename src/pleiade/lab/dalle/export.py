"""A picture model as the folder that the engine serves: ONNX graphs, tokenizer, config.json."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from pleiade.lab.begun import read_json
from pleiade.lab.checkpoint import is_finished, sha256
from pleiade.lab.dalle.config import CHANNELS
from pleiade.lab.dalle.data.drawings import ATTRIBUTION
from pleiade.lab.dalle.data.licences import NOTICE
from pleiade.lab.dalle.data.styles import SCENE, STYLES, style_id, styles_in
from pleiade.lab.dalle.encoder_run import export_encoder, load_encoder
from pleiade.lab.dalle.enlarger_run import export_enlarger, load_enlarger
from pleiade.lab.dalle.flow import CLEAR_BELOW, GUIDED_UNTIL
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.onnx_graph import write_onnx
from pleiade.lab.dalle.sample import PictureModel, load_pix
from pleiade.lab.dalle.small_weights import Weights

SUMS = "SHA256SUMS"  # "digest  file name" a line, as the registry checks bundled models
STEPS = {True: {"low": 2, "medium": 4, "high": 8}, False: {"low": 6, "medium": 12, "high": 20}}  # by few_step
BEST_OF = {"low": 1, "medium": 4, "high": 8}
GUIDANCE = 3.0


def export_pix(run: Path, folder: Path, weights: Weights = "fp16", stage: str = "") -> dict[str, int]:
    """Write what `run` has trained to `folder`: `stage`'s model, or else that of few steps, or else the base.

    Encoder and enlarger go with it where they are trained to their end, and the lines that weights must be given on
    with. Returns each file's size in bytes. What was there before stays until all is written.

    Raises FileNotFoundError where nothing has been trained, OSError where the disk takes no more.
    """
    pix, files = load_pix(run, stage=stage), dict[str, str]()
    unfinished = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        if is_finished(run / "encoder"):
            files |= export_encoder(load_encoder(run / "encoder"), unfinished, weights)
        if is_finished(run / "enlarger"):
            files |= export_enlarger(load_enlarger(run / "enlarger"), unfinished, weights)
        write_folder(pix, unfinished, weights, files)
        for name in (ATTRIBUTION, NOTICE):
            if (run / name).exists():
                shutil.copyfile(run / name, unfinished / name)
        sums = {path.name: sha256(path) for path in sorted(unfinished.iterdir())}
        (unfinished / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), "utf-8")
        folder.mkdir(exist_ok=True)
        for name in (*sums, SUMS):
            (unfinished / name).replace(folder / name)
    finally:  # nothing half written is left, whatever ended it
        shutil.rmtree(unfinished, ignore_errors=True)
    return {name: (folder / name).stat().st_size for name in sums}


def is_picture_run(run: Path) -> bool:
    """Whether a run's folder is one of a picture model."""
    path = run / "base" / "preset.json"
    return path.is_file() and "patch" in read_json(path).get("model", {})


def write_folder(
    pix: PictureModel, folder: Path, weights: Weights = "fp16", files: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Write config.json, tokenizer.json, text.onnx and picture.onnx; `files` are there already, to be listed."""
    folder.mkdir(parents=True, exist_ok=True)
    config, network = pix.network.config, pix.network.cpu().eval()
    B, T, size = 2, config.max_text, config.size
    ids_BT = torch.zeros(B, T, dtype=torch.int64)
    ids_BT[0, :3] = 1
    write_onnx(_Text(network), (ids_BT,), ("ids_BT",), ("text_BTC", "mask_BT"), folder / "text.onnx", weights)
    inputs = {
        "x_BHWC": torch.zeros(B, size, size, CHANNELS),
        "level_BHW": torch.zeros(B, size, size),
        "t_B": torch.zeros(B),
        "h_B": torch.zeros(B),
        "guidance_B": torch.ones(B),
        "style_B": torch.zeros(B, dtype=torch.int64),
        "picture_BE": torch.zeros(B, config.image_embedding),
        "text_BTC": torch.zeros(B, T, config.hidden_size),
        "mask_BT": torch.ones(B, T),
    }
    path = folder / "picture.onnx"
    words = dict.fromkeys(("text_BTC", "mask_BT"), ("batch", "words"))
    write_onnx(_Picture(network), tuple(inputs.values()), tuple(inputs), ("clean_BHWC",), path, weights, further=words)
    pix.tokenizer.save(str(folder / "tokenizer.json"))
    described = {
        "architectures": ["PleiadePix"],
        "model_type": "pleiade-pix",
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "size": size,
        "patch": config.patch,
        "max_text": T,
        "vocab_size": config.vocab_size,
        "text_width": config.hidden_size,
        "noise_scale": config.noise_scale,
        "guided_until": GUIDED_UNTIL,
        "clear_below": CLEAR_BELOW,
        "styles": {style: style_id(style) for style in _taught(pix)},
        "image_embedding": config.image_embedding,
        "few_step": pix.few_step,
        "steps": STEPS[pix.few_step],
        "guidance": GUIDANCE,
        "best_of": BEST_OF,
        "files": {"text": "text.onnx", "picture": "picture.onnx", **files},
        "version": "1",
    }
    (folder / "config.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _taught(pix: PictureModel) -> list[str]:
    """The styles that may be asked for: others would look like none of them."""
    taught = styles_in(pix.styles) | {SCENE} if pix.styles else set(STYLES)
    return [style for style in STYLES[: pix.network.config.num_styles - 1] if style in taught]


class _Text(nn.Module):
    def __init__(self, network: Pix) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids_BT: Tensor) -> tuple[Tensor, Tensor]:
        text_BTD, mask_BT = self.network.text(ids_BT)
        return text_BTD, mask_BT


class _Picture(nn.Module):
    def __init__(self, network: Pix) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        x_BHWC: Tensor,
        level_BHW: Tensor,
        t_B: Tensor,
        h_B: Tensor,
        guidance_B: Tensor,
        style_B: Tensor,
        picture_BE: Tensor,
        text_BTC: Tensor,
        mask_BT: Tensor,
    ) -> Tensor:
        told = (x_BHWC, level_BHW, t_B, h_B, guidance_B, style_B, picture_BE)
        return self.network.predict(*told, text_BTC, mask_BT)
