"""A folder of diffusers is read, summed and downloaded by its parts; nothing in it may bring code of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, files_of

from pleiade.domain import ModelFormat, ModelKind
from pleiade.registry import RegistryError, fetch_from_hub, inspect_model

INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.0",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "safety_checker": [None, None],
    "requires_safety_checker": False,
}


@pytest.fixture
def pipeline(tmp_path: Path, zeros: Callable[..., bytes]) -> Path:
    """A pipeline as hubs keep it: two parts, one of them in two precisions, and all of it once more in one file."""
    folder = tmp_path / "toy-diffusion"
    for part, config in (("unet", "config.json"), ("text_encoder", "config.json"), ("scheduler", "x_config.json")):
        (folder / part).mkdir(parents=True)
        (folder / part / config).write_text("{}")
    (folder / "model_index.json").write_text(json.dumps(INDEX))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(zeros({"w": (10, 10)}))
    (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(zeros({"w": (10, 10)}))
    (folder / "text_encoder" / "model.safetensors").write_bytes(zeros({"w": (5, 4)}))
    (folder / "text_encoder" / "pytorch_model.bin").write_bytes(b"\x80\x04 pickle")
    (folder / "all-in-one.safetensors").write_bytes(zeros({"w": (10, 12)}))
    return folder


def test_it_is_a_picture_model_with_the_weights_of_its_parts_counted_once(pipeline: Path) -> None:
    model = inspect_model(pipeline)
    assert (model.id, model.kind, model.format) == ("toy-diffusion", ModelKind.IMAGE, ModelFormat.SAFETENSORS)
    assert (model.architecture, model.parameters, model.licence) == ("StableDiffusionPipeline", 120, "Apache-2.0")
    before = model.sha256
    weights = pipeline / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert inspect_model(pipeline).sha256 != before


def test_a_download_brings_its_parts_once_and_no_pickle(pipeline: Path, tmp_path: Path) -> None:
    hub = Hub(files_of(pipeline))
    try:
        model = fetch_from_hub("hf:org/toy", tmp_path / "models", endpoint=hub.url)
    finally:
        hub.close()
    folder = Path(model.path)
    arrived = {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "lock" not in path.name
    }
    assert arrived == {
        "README.md",
        "model_index.json",
        "scheduler/x_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    }
    assert model.kind is ModelKind.IMAGE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unet": ["my_own_code", "Net"]}, "code that Pleiade does not run"),
        ({"_class_name": ["pipeline", "Mine"]}, "code of its own"),
        ({"unet": [None, None], "text_encoder": [None, None]}, "has no weights"),
    ],
)
def test_what_cannot_be_served_says_why(pipeline: Path, change: dict[str, Any], words: str) -> None:
    (pipeline / "model_index.json").write_text(json.dumps(INDEX | change))
    with pytest.raises(RegistryError, match=words):
        inspect_model(pipeline)


def test_pickled_parts_and_broken_indexes_are_refused(pipeline: Path) -> None:
    (pipeline / "text_encoder" / "model.safetensors").unlink()
    with pytest.raises(RegistryError, match="pickled"):
        inspect_model(pipeline)
    (pipeline / "model_index.json").write_text("{")
    with pytest.raises(RegistryError, match="Download the folder again"):
        inspect_model(pipeline)
