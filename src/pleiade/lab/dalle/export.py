"""A picture model as the folder that the engine serves: ONNX graphs, tokenizer, config.json."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from pleiade.lab.dalle.config import CHANNELS
from pleiade.lab.dalle.data.styles import STYLES
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.sample import PictureModel, load_pix
from pleiade.lab.dalle.small_weights import Weights, store_small

OPSET = 17
STEPS = {True: {"low": 2, "medium": 4, "high": 8}, False: {"low": 6, "medium": 12, "high": 20}}  # by few_step
BEST_OF = {"low": 1, "medium": 4, "high": 8}
GUIDANCE = 3.0


def export_pix(run: Path, folder: Path, weights: Weights = "fp16", stage: str = "") -> None:
    """Write what `run` has trained to `folder`: `stage`'s model, or else that of few steps, or else the base.

    Raises FileNotFoundError where nothing has been trained.
    """
    write_folder(load_pix(run, stage=stage), folder, weights)


def write_folder(pix: PictureModel, folder: Path, weights: Weights = "fp16") -> None:
    """Write config.json, tokenizer.json, text.onnx and picture.onnx."""
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
    write_onnx(_Picture(network), tuple(inputs.values()), tuple(inputs), ("clean_BHWC",), path, weights)
    pix.tokenizer.save(str(folder / "tokenizer.json"))
    described = {
        "architectures": ["PleiadePix"],
        "model_type": "pleiade-pix",
        "size": size,
        "patch": config.patch,
        "max_text": T,
        "vocab_size": config.vocab_size,
        "text_width": config.hidden_size,
        "noise_scale": config.noise_scale,
        "styles": list(STYLES[: config.num_styles - 1]),
        "image_embedding": config.image_embedding,
        "few_step": pix.few_step,
        "steps": STEPS[pix.few_step],
        "guidance": GUIDANCE,
        "best_of": BEST_OF,
        "files": {"text": "text.onnx", "picture": "picture.onnx"},
        "version": "1",
    }
    (folder / "config.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_onnx(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    weights: Weights = "fp16",
    dynamic: Sequence[str] = ("batch",),
) -> None:
    """Trace `module` on `inputs` and write it; the first axes called `dynamic` of every input and output stay open."""
    axes = {name: dict(enumerate(dynamic)) for name in (*names, *outputs)}
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter is the one that takes a second; what replaces it takes half a minute for a toy.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(path),
            input_names=list(names),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.save(store_small(onnx.load(str(path)), weights), str(path))


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
