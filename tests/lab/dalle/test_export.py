"""The exported graphs say what the network says, in onnxruntime and in OpenVINO, and are as small as promised."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import openvino
import pytest
import torch
from toypix import toy_folder, toy_pix

from pleiade.lab.dalle.small_weights import Weights

Arrays = dict[str, npt.NDArray[np.generic]]


@pytest.fixture(scope="module", params=["fp32", "fp16", "int8"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Weights]:
    return toy_folder(tmp_path_factory.mktemp("export") / "pix", request.param), request.param


def run_onnx(path: Path, inputs: Arrays) -> list[npt.NDArray[np.float32]]:
    return list(onnxruntime.InferenceSession(str(path)).run(None, inputs))


def run_openvino(path: Path, inputs: Arrays) -> list[npt.NDArray[np.float32]]:
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(value) for value in compiled(inputs).values()]


def test_both_runtimes_agree_with_the_network(folder: tuple[Path, Weights]) -> None:
    path, weights = folder
    near = {"fp32": 1e-5, "fp16": 2e-3, "int8": 5e-2}[weights]
    network, rng, B = toy_pix().network, np.random.default_rng(0), 3
    config = network.config
    ids_BT = np.zeros((B, config.max_text), np.int64)  # the second caption is empty
    ids_BT[0, :4], ids_BT[2, :9] = (300, 301, 44, 20), 9
    text_BTC, mask_BT = (part.detach().numpy() for part in network.text(torch.from_numpy(ids_BT)))
    assert mask_BT.sum(1).tolist() == [4, 1, 9]
    shape = (B, config.size, config.size)
    inputs: Arrays = {
        "x_BHWC": rng.standard_normal((*shape, 4)).astype(np.float32),
        "level_BHW": rng.random(shape).astype(np.float32),
        "t_B": rng.random(B).astype(np.float32),
        "h_B": rng.random(B).astype(np.float32),
        "guidance_B": rng.uniform(1, 8, B).astype(np.float32),
        "style_B": np.arange(B),
        "picture_BE": rng.standard_normal((B, config.image_embedding)).astype(np.float32),
        "text_BTC": text_BTC,
        "mask_BT": mask_BT,
    }
    with torch.no_grad():
        expected = network.predict(*map(torch.from_numpy, inputs.values())).numpy()  # type: ignore[arg-type]
    for run in (run_onnx, run_openvino):
        text, mask = run(path / "text.onnx", {"ids_BT": ids_BT})
        assert np.array_equal(mask, mask_BT)
        assert np.abs(text - text_BTC)[mask_BT > 0].max() < 20 * near
        (clean,) = run(path / "picture.onnx", inputs)
        assert np.abs(clean - expected).max() < near


def test_padding_says_nothing() -> None:
    """What stands where there are no tokens changes no picture."""
    network = toy_pix().network
    config = network.config
    x = torch.randn(1, config.size, config.size, 4, generator=torch.Generator().manual_seed(1))
    told = (x, torch.zeros(x.shape[:3]), *(torch.ones(1) * v for v in (0.5, 0, 1)), torch.zeros(1, dtype=torch.int64))
    none, ids = torch.zeros(1, config.image_embedding), torch.tensor([[300, 301, 44]])
    with torch.no_grad():
        padded = torch.nn.functional.pad(ids, (0, 7))
        assert torch.allclose(network(*told, none, ids), network(*told, none, padded), atol=1e-5)


def test_small_weights_are_small(folder: tuple[Path, Weights]) -> None:
    path, weights = folder
    held = sum(
        tensor.ByteSize()
        for name in ("text.onnx", "picture.onnx")
        for tensor in onnx.load(path / name).graph.initializer
    )
    assert held < {"fp32": 4.5, "fp16": 2.5, "int8": 1.8}[weights] * toy_pix().network.config.num_params
