"""Whatever the ranks divide, they learn what one process learns; what does not divide is refused."""

import dataclasses
import itertools
from pathlib import Path
from typing import cast

import pytest
import torch
from corpora import toy_tokenizer
from rank_processes import run_in_ranks
from torch.distributed.device_mesh import DeviceMesh

from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.finetune import finetune
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.base import MicroBatch, next_token_loss_sum
from pleiade.lab.objectives.pairs import PairBatch
from pleiade.lab.optim.muon import MuonAdamW, OptimConfig
from pleiade.lab.parallel.config import ParallelConfig, settle
from pleiade.lab.parallel.layout import Layout
from pleiade.lab.parallel.matrices import CopiedMatrices, in_a_row, share_out
from pleiade.lab.parallel.sequence import positions_of
from pleiade.lab.placed import place, take_back
from pleiade.lab.ranks import Ranks, join_ranks
from pleiade.lab.stage import StageConfig
from pleiade.lab.train import LoopConfig

SMALL = GptConfig(64, 32, 2, 4, 2, 8, 48, max_position=32)
OPTIM = OptimConfig(muon_precision="float32")
Trained = tuple[list[float], dict[str, torch.Tensor]]


def batches_of(step: int) -> list[MicroBatch]:
    """Two micro-batches of two rows in which every second token follows from the one before."""
    rows = torch.randint(0, 64, (4, 17), generator=torch.Generator().manual_seed(step))
    rows[:, 1::2] = (rows[:, :-1:2] * 3 + 1) % 64
    return [MicroBatch(part[:, :-1].contiguous(), part[:, 1:].contiguous()) for part in rows.split(2)]


def trained(config: GptConfig, parallel: ParallelConfig, folder: Path, steps: int, born: str = "meta") -> Trained:
    """The losses of some steps in float32, and the weights after them."""
    ranks = join_ranks()
    with torch.device(born if ranks.size > 1 else "cpu"):
        model = Gpt(config)
    if not model.embed_tokens.weight.is_meta:
        init_weights(model, seed=1)
    placed = place(model, parallel, ranks, folder, precision="float32", seed=1, compiled=False)
    parameters = list(placed.model.parameters())
    optimizer, losses = MuonAdamW(placed.model.named_parameters(), OPTIM), []
    for step in range(steps):
        batches = batches_of(step)
        num_targets, total = sum(batch.num_targets for batch in batches), torch.zeros(())
        for batch in placed.team.share(batches):
            loss = next_token_loss_sum(placed.hidden, placed.model, batch, torch.float32) / num_targets
            torch.autograd.backward(loss)
            total += loss.detach()
        losses.append(placed.team.add_up(parameters, float(total), [])[0])
        optimizer.step(1.0)
    if placed.model is model:
        return losses, model.state_dict()
    whole = Gpt(config) if born == "meta" else model
    take_back(dataclasses.replace(placed, lender=whole))
    return losses, whole.state_dict()


def all_trained(
    config: GptConfig, layouts: list[ParallelConfig], folder: Path, steps: int, born: str = "meta"
) -> list[Trained]:
    return [trained(config, layout, folder, steps, born) for layout in layouts]


def assert_learned_the_same(ours: Trained, theirs: Trained) -> None:
    for step, (a, b) in enumerate(zip(ours[0], theirs[0], strict=True)):
        assert a == pytest.approx(b, abs=1e-5), step
    for name, weight in theirs[1].items():
        torch.testing.assert_close(ours[1][name], weight, atol=1e-4, rtol=1e-4, msg=name)


def test_two_ranks_that_shard_tensors_or_positions_lose_what_one_process_loses(tmp_path: Path) -> None:
    layouts = [ParallelConfig(shard=True), ParallelConfig(tensor=2), ParallelConfig(sequence=2)]
    reference = trained(SMALL, ParallelConfig(), tmp_path, 20)
    assert reference[0][-1] < reference[0][0] - 0.1
    first, second = run_in_ranks(2, all_trained, SMALL, layouts, tmp_path, 20)
    for ours, on_the_other_rank in zip(first, second, strict=True):
        assert_learned_the_same(ours, reference)
        assert ours[0] == on_the_other_rank[0]


def test_ranks_that_each_hold_the_whole_model_lose_what_one_process_loses(tmp_path: Path) -> None:
    reference = trained(SMALL, ParallelConfig(), tmp_path, 8)
    first, second = run_in_ranks(2, trained, SMALL, ParallelConfig(shard=False), tmp_path, 8, "cpu")
    assert_learned_the_same(first, reference)
    assert first[0] == second[0]
    assert all(torch.equal(weight, second[1][name]) for name, weight in first[1].items())


def test_four_ranks_may_combine_them(tmp_path: Path) -> None:
    untied = dataclasses.replace(SMALL, tied=False)
    layouts = [
        ParallelConfig(tensor=2, shard=True, recompute=True),
        ParallelConfig(tensor=2),
        ParallelConfig(sequence=2, shard=True),
        ParallelConfig(sequence=2, tensor=2, shard=True),
    ]
    reference = trained(untied, ParallelConfig(), tmp_path, 4)
    for ours in run_in_ranks(4, all_trained, untied, layouts, tmp_path, 4, "cpu")[0]:
        assert_learned_the_same(ours, reference)


@pytest.mark.parametrize(
    ("config", "world", "sentence"),
    [
        (ParallelConfig(tensor=3), 3, r"model.num_heads=4 does not divide among parallel.tensor=3 ranks"),
        (ParallelConfig(tensor=4), 4, r"model.num_kv_heads=2 does not divide among parallel.tensor=4"),
        (ParallelConfig(data=2, tensor=2), 8, r"2 x 1 x 2 is not the number of ranks, 8: start 4 ranks"),
        (ParallelConfig(tensor=2), 3, r"1 x 1 x 2 is not the number of ranks, 3"),
        (ParallelConfig(sequence=4), 4, r"rows of 36 positions do not divide into two slices .* a multiple of 8"),
        (ParallelConfig(shard=True), 4, r"6 micro-batches does not divide among 4 data ranks .* rows / micro_rows"),
        (ParallelConfig(tensor=0), 1, r"tensor=0 count ranks: give 1 or more"),
    ],
)
def test_what_does_not_divide_is_refused_with_what_to_change(config: ParallelConfig, world: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        settle(config, world, SMALL, on_gpu=False, seq_len=36, micro_batches=6)


def test_several_gpus_shard_and_several_processors_do_not_unless_told() -> None:
    def sharded(shard: bool | None, world: int, on_gpu: bool) -> bool | None:
        return settle(ParallelConfig(shard=shard), world, SMALL, on_gpu=on_gpu).shard

    told = {
        (shard, world, gpu): sharded(shard, world, gpu)
        for shard, world, gpu in itertools.product((None, True, False), (1, 2), (True, False))
    }
    assert {key for key, value in told.items() if value} == {(None, 2, True), (True, 2, True), (True, 2, False)}


def test_slices_from_both_ends_give_every_rank_of_a_row_the_same_work() -> None:
    parts = [positions_of(rank, 4, 64) for rank in range(4)]
    assert sorted(torch.cat(parts).tolist()) == list(range(64))
    assert len({int((part + 1).sum()) for part in parts}) == 1  # keys looked at
    with pytest.raises(ValueError, match="make seq_len a multiple of 8"):
        positions_of(0, 4, 60)


def test_matrices_are_shared_out_by_what_they_cost() -> None:
    assert share_out([5.0, 1.0, 1.0, 1.0, 2.0], 2) == [0, 1, 1, 1, 1]
    assert share_out([1.0], 3) == [0]


def doubled_together(shapes: list[tuple[int, int]]) -> tuple[list[torch.Tensor], int]:
    """What the ranks make of random matrices together, and how many this one worked on."""
    generator, worked = torch.Generator().manual_seed(3), list[torch.Tensor]()
    matrices = [torch.randn(shape, generator=generator) for shape in shapes]

    def doubled(stack_GRC: torch.Tensor) -> torch.Tensor:
        worked.extend(stack_GRC)
        return stack_GRC * 2

    join_ranks()
    return CopiedMatrices(matrices).orthogonalise(matrices, doubled), len(worked)


def test_of_matrices_that_all_ranks_hold_each_is_worked_on_once() -> None:
    shapes = [(8, 4), (4, 4), (8, 4), (2, 16), (4, 4)]
    generator = torch.Generator().manual_seed(3)
    expected = [torch.randn(shape, generator=generator) * 2 for shape in shapes]
    answers = run_in_ranks(2, doubled_together, shapes)
    for matrices, _ in answers:
        assert all(map(torch.equal, matrices, expected))
    assert [num_worked for _, num_worked in answers] == [3, 2]


def test_what_travels_is_as_long_as_the_most_that_a_rank_works_on() -> None:
    sent = in_a_row([torch.ones(2, 2), torch.full((1, 2), 2.0)], 8, like=torch.zeros(1))
    assert sent.tolist() == [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 0.0, 0.0]
    assert in_a_row([], 2, like=torch.zeros(1)).tolist() == [0.0, 0.0]


def test_more_ranks_than_matrices_leave_some_without_work() -> None:
    for matrices, num_worked in run_in_ranks(3, doubled_together, [(4, 4), (8, 4)]):
        assert [tuple(matrix.shape) for matrix in matrices] == [(4, 4), (8, 4)]
        assert num_worked <= 1


@pytest.mark.parametrize(
    ("config", "num_batches", "sentence"),
    [
        (
            ParallelConfig(tensor=2),
            1,
            "PairBatch is judged by whole rows and whole vocabularies: set parallel.tensor=1",
        ),
        (ParallelConfig(data=2, shard=True), 3, "3 micro-batches does not divide among 2 data ranks"),
    ],
)
def test_a_step_that_cannot_be_divided_is_refused(config: ParallelConfig, num_batches: int, sentence: str) -> None:
    pairs = PairBatch(torch.zeros(2, 8), torch.zeros(2, 8), torch.zeros(2), torch.zeros(2))
    nowhere = cast(DeviceMesh, None)  # what is refused needs no other rank
    with pytest.raises(ValueError, match=sentence):
        Layout(config, Ranks(), nowhere, nowhere).share([pairs] * num_batches)


def test_nobody_samples_from_a_model_whose_weights_are_divided() -> None:
    with pytest.raises(ValueError, match=r"set parallel.shard=false.*or sample from the exported model"):
        sample(Gpt(SMALL).to("meta"), [[1, 2]], frozenset(), 4, temperature=0.0, seed=1)


def tuned(run: Path, parallel: ParallelConfig) -> dict[str, torch.Tensor]:
    """The weights of a model after some steps of instruction tuning."""
    model = Gpt(dataclasses.replace(SMALL, vocab_size=512, max_position=64))
    init_weights(model, seed=1)
    loop = LoopConfig(steps=1, precision="float32", compile=False, threads=1, sample_seconds=0)
    config = StageConfig(1.0, seq_len=64, rows=8, micro_rows=4, loop=loop, optim=OPTIM, parallel=parallel)
    assert finetune(model, toy_tokenizer(), list(itertools.islice(fact_conversations(), 32)), config, run).finished
    return model.state_dict()


def test_a_stage_may_divide_a_model_and_gives_it_back_whole(tmp_path: Path) -> None:
    reference = tuned(tmp_path / "one", ParallelConfig())
    first, second = run_in_ranks(2, tuned, tmp_path / "two", ParallelConfig(shard=True))
    assert (tmp_path / "one" / "metrics.jsonl").read_text().count("\n") > 2
    for name, weight in reference.items():
        torch.testing.assert_close(first[name], weight, atol=1e-4, rtol=1e-4, msg=name)
        assert torch.equal(first[name], second[name]), name
