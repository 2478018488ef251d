"""Layouts for 8 to 512 ranks, on a machine that has none of them: process groups that only pretend, and no weights."""

from typing import NamedTuple

import pytest
import torch
import torch.distributed as dist
from rank_processes import run_in_ranks

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.optim.muon import MuonAdamW, OptimConfig
from pleiade.lab.parallel.config import ParallelConfig, settle
from pleiade.lab.planning.memory import Layout as Division
from pleiade.lab.planning.memory import memory_of_step
from pleiade.lab.presets import presets
from pleiade.lab.ranks import Ranks


class Held(NamedTuple):
    """Bytes that a rank holds."""

    weights: int
    optimizer: int


def held_by(rank: int, world: int, name: str, parallel: ParallelConfig) -> Held:
    """What is left on one rank of a model that is divided among many."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    from pleiade.lab.parallel.layout import arrange
    from pleiade.lab.parallel.spread import divide

    dist.init_process_group("fake", rank=rank, world_size=world, store=FakeStore())
    config = presets()[name].model
    with torch.device("meta"):
        model = Gpt(config)
    divide(
        model, arrange(Ranks(rank, world), settle(parallel, world, config, on_gpu=True)), torch.bfloat16, compiled=False
    )
    optimizer = MuonAdamW(model.named_parameters(), OptimConfig())
    kept = [*optimizer.momentum.values(), *optimizer.first_moment.values(), *optimizer.second_moment.values()]
    return Held(sum(map(bytes_here, model.parameters())), sum(map(bytes_here, kept)))


def bytes_here(tensor: torch.Tensor) -> int:
    return tensor.to_local().nbytes if hasattr(tensor, "to_local") else tensor.nbytes


def held(rank: int, world: int, name: str, parallel: ParallelConfig) -> Held:
    (answer,) = run_in_ranks(1, held_by, rank, world, name, parallel)
    return Held(*answer)


@pytest.mark.parametrize(
    ("name", "world", "rank", "parallel"),
    [
        ("7b", 8, 0, ParallelConfig()),
        ("7b", 64, 63, ParallelConfig(tensor=4, sequence=2)),
        ("70b", 512, 300, ParallelConfig(tensor=8, recompute=True)),
    ],
)
def test_each_rank_holds_the_part_that_the_plan_says(
    name: str, world: int, rank: int, parallel: ParallelConfig
) -> None:
    preset = presets()[name]
    settled = settle(parallel, world, preset.model, on_gpu=True)
    planned = memory_of_step(
        preset.model,
        preset.stream.seq_len,
        preset.micro_rows,
        Division(settled.data, settled.sequence, settled.tensor, bool(settled.shard), settled.recompute),
    )
    found = held(rank, world, name, parallel)
    # Gains are too small to divide evenly: that is the thousandth.
    assert found.weights == pytest.approx(planned.weights, rel=1e-3)
    assert found.optimizer == pytest.approx(planned.optimizer, rel=1e-3)
    assert found.weights == pytest.approx(4 * preset.model.num_params / world, rel=1e-3)


@pytest.mark.parametrize("world", [8, 64, 512])
@pytest.mark.parametrize("name", ["7b", "70b"])
def test_the_large_presets_divide_their_rows_among_any_such_number_of_ranks(name: str, world: int) -> None:
    preset = presets()[name]
    settled = settle(
        preset.parallel,
        world,
        preset.model,
        on_gpu=True,
        seq_len=preset.stream.seq_len,
        micro_batches=preset.rows // preset.micro_rows,
    )
    assert settled.divides
    with pytest.raises(ValueError, match="num_kv_heads=8 does not divide among"):
        settle(ParallelConfig(tensor=16), world * 16, preset.model, on_gpu=True)
