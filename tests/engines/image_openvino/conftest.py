"""Random picture models with everything that the engine can use, exported as the lab exports them."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from toypix import toy_folder, toy_pix

from pleiade.engines.image_openvino.folder import read_config
from pleiade.engines.image_openvino.networks import Networks
from pleiade.lab.dalle.encoder import DualEncoder, EncoderConfig
from pleiade.lab.dalle.encoder_run import Encoder, export_encoder
from pleiade.lab.dalle.onnx_graph import write_onnx


class _Enlarge(torch.nn.Module):
    """Four times as large, without having learned anything."""

    def forward(self, x_BHWC: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(x_BHWC.permute(0, 3, 1, 2), scale_factor=4.0).permute(0, 2, 3, 1)


def write_pix(folder: Path) -> Path:
    """A base model of 16 x 16 pixels with encoder and enlarger, whose qualities cost few steps."""
    toy_folder(folder, "fp32")
    pix = toy_pix()
    config = pix.network.config
    shape = EncoderConfig(
        size=config.size,
        vocab_size=config.vocab_size,
        max_text=config.max_text,
        embedding=config.image_embedding,
        channels=(8, 8, 8),
        width=16,
        layers=1,
        heads=2,
    )
    files = export_encoder(Encoder(DualEncoder(shape).eval(), pix.tokenizer, ""), folder, "fp32")
    path = folder / "enlarger.onnx"
    write_onnx(_Enlarge(), (torch.zeros(1, 8, 8, 4),), ("x_BHWC",), ("y_BHWC",), path, "fp32", ("batch", "h", "w"))
    described = json.loads((folder / "config.json").read_text("utf-8"))
    described["files"] |= files | {"enlarger": path.name}
    described |= {"steps": {"low": 2, "medium": 4, "high": 6}, "best_of": {"low": 1, "medium": 4, "high": 8}}
    (folder / "config.json").write_text(json.dumps(described), "utf-8")
    return folder


@pytest.fixture(scope="session")
def base_pix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model: guided by two passes a step."""
    return write_pix(tmp_path_factory.mktemp("pix") / "base")


@pytest.fixture(scope="session")
def few_pix(base_pix: Path) -> Path:
    """The same weights as a few-step model: guided in one pass."""
    folder = shutil.copytree(base_pix, base_pix.with_name("few"))
    described = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(described | {"few_step": True}), "utf-8")
    return folder


@pytest.fixture(scope="session")
def base_networks(base_pix: Path) -> Networks:
    """The base model in this process, in float32."""
    return Networks(base_pix, read_config(base_pix), precision="f32", max_batch=2, threads=1)


@pytest.fixture(scope="session")
def few_networks(few_pix: Path) -> Networks:
    """The few-step model in this process, in float32."""
    return Networks(few_pix, read_config(few_pix), precision="f32", max_batch=4, threads=1)
