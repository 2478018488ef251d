"""The enlarger learns to beat plain enlarging, resumes, and is served at any size."""

import json
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime
import pytest
import torch
from drawing_pack import write_pack

from pleiade.lab.dalle.data.build import build_large, build_pictures
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.enlarger import Enlarger, EnlargerConfig, EnlargerStage, within_picture
from pleiade.lab.dalle.enlarger_pairs import PairStream, as_generated, shrunk
from pleiade.lab.dalle.enlarger_run import (
    export_enlarger,
    lanczos,
    load_enlarger,
    measure_enlarger,
    train_enlarger,
)
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.train import LoopConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enlarger")
    pack = write_pack(folder / "pack")
    build_pictures(pack, folder / "pictures", size=16)
    build_large(pack, folder / "pictures", size=16, share=0.999)
    return folder / "pictures"


@pytest.fixture(scope="module")
def large(data: Path) -> Drawings:
    return Drawings.open(data / "large")


def stage(steps: int) -> EnlargerStage:
    return EnlargerStage(
        EnlargerConfig(channels=8, blocks=1),
        LoopConfig(steps=steps, precision="float32", compile=False, threads=1),
        optim=OptimConfig(muon_lr=0.02),
        schedule=ScheduleConfig(warmup_steps=2),
        rows=8,
        crop=8,
    )


def test_large_drawings_are_the_same_ones_four_times_as_large(data: Path, large: Drawings) -> None:
    small = Drawings.open(data)
    assert large.size == 4 * small.size
    of_id = {row.id: i for i, row in enumerate(small.rows)}
    for row, picture in zip(large.rows, large.pixels, strict=True):
        alpha = shrunk(picture[..., 3:].astype(np.float32), 4)[..., 0]
        assert np.abs(alpha - small.pixels[of_id[row.id]][..., 3]).mean() < 4


def test_it_learns_to_beat_what_it_began_with_and_says_so_beside_lanczos(
    data: Path, large: Drawings, tmp_path: Path
) -> None:
    began = measure_enlarger(Enlarger(stage(1).model, 1).eval(), large)
    assert train_enlarger(data, stage(60), tmp_path).finished
    told = json.loads((tmp_path / "measured.json").read_text())
    assert told["clean"] > began.clean + 0.3
    assert told["faulty"] > began.faulty + 0.3
    assert told["clean_lanczos"] == began.clean_lanczos
    assert measure_enlarger(load_enlarger(tmp_path), large).clean == told["clean"]


def test_the_exported_enlarger_takes_any_size_and_says_the_same(tmp_path: Path) -> None:
    network = Enlarger(EnlargerConfig(channels=8, blocks=1), 3).eval()
    torch.nn.init.normal_(network.out.weight, std=0.05)
    assert export_enlarger(network, tmp_path, "fp32") == {"enlarger": "enlarger.onnx"}
    session = onnxruntime.InferenceSession(str(tmp_path / "enlarger.onnx"))
    for shape in ((1, 8, 8, 4), (2, 5, 13, 4)):
        x = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
        (made,) = session.run(None, {"x_BHWC": x.numpy()})
        expected = within_picture(network(x)).detach().numpy()
        assert made.shape == (shape[0], 4 * shape[1], 4 * shape[2], 4)
        assert np.allclose(made, expected, atol=1e-4)


def test_a_new_enlarger_enlarges_bilinearly_and_keeps_flat_pictures_flat() -> None:
    network = Enlarger(EnlargerConfig(channels=8, blocks=1)).eval()
    flat = torch.tensor([0.1, -0.4, -1.0, 0.5]).expand(1, 6, 6, 4)
    assert torch.allclose(network(flat), torch.tensor([0.1, -0.4, -1.0, 0.5]).expand(1, 24, 24, 4), atol=1e-6)


def test_pairs_are_the_same_again_from_any_place(large: Drawings) -> None:
    whole, first = PairStream(large, 4, 8, seed=1), PairStream(large, 4, 8, seed=1)
    whole.next_step()
    first.next_step()
    resumed = PairStream(large, 4, 8, seed=1)
    resumed.load_state_dict(first.state_dict())
    (one,), (other,) = whole.next_step(), resumed.next_step()
    assert torch.equal(one.small_BHWC, other.small_BHWC)
    assert torch.equal(one.large_BHWC, other.large_BHWC)
    assert one.small_BHWC.shape == (4, 8, 8, 4)
    assert one.large_BHWC.shape == (4, 32, 32, 4)


def test_a_crop_that_does_not_fit_names_the_one_that_does(large: Drawings) -> None:
    with pytest.raises(ValueError, match="crop=16"):
        PairStream(large, 4, 32, seed=1)


def test_faults_are_of_pictures_that_can_be_and_small() -> None:
    x = np.zeros((16, 16, 4), np.float32)
    x[4:12, 4:12] = (0.5, 0.25, 0.0, 1.0)
    changed = [as_generated(x, Random(seed)) for seed in range(40)]
    assert 2 <= sum(made is x for made in changed) <= 20
    for made in changed:
        assert made.min() >= 0
        assert (made[..., :3] <= made[..., 3:] + 1e-6).all()
        assert np.abs(made - x).mean() < 0.06


def test_lanczos_keeps_flat_pictures() -> None:
    assert np.allclose(lanczos(np.full((6, 5, 4), 0.25, np.float32)), 0.25, atol=1e-6)
