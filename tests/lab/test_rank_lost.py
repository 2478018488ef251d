"""A rank that is killed ends its run with a sentence, and what goes on, in whatever division, ends where it should."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import killed_run
import pytest
import torch
from rank_processes import run_in_ranks

from pleiade.lab.checkpoint import CheckpointError, latest_checkpoint, load_checkpoint

CHANGES = ["loop.steps=24", "loop.checkpoint_steps=8", "loop.sample_seconds=0", "optim.muon_precision=float32"]
CHANGES += ["model.num_kv_heads=2"]  # one head would not divide
SHARDED = [*CHANGES, "parallel.shard=true"]
LAUNCHED = "import sys; from pleiade.lab.launch import launch; sys.exit(launch(sys.argv[1:], 2, 'killed_run'))"


def train(data: Path, run: Path, changes: list[str], stop: int | None = None) -> None:
    if stop is not None:
        killed_run.end_at(stop, signal.SIGTERM)
    killed_run.main([str(data), str(run), *changes])


def newest_of(run: Path) -> Path:
    newest = latest_checkpoint(run)
    assert newest is not None
    return newest


def final_tensors(run: Path) -> dict[str, torch.Tensor]:
    assert newest_of(run).stem == "checkpoint-00000024"
    state = load_checkpoint(newest_of(run))
    kept = {"model": state["model"], **{part: state["optimizer"][part] for part in ("momentum", "first_moment")}}
    return {f"{part}.{name}": tensor for part, tensors in kept.items() for name, tensor in tensors.items()}


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data folder, and a run of two ranks that shard, which nothing interrupted."""
    folder = tmp_path_factory.mktemp("ranks")
    run_in_ranks(2, train, folder / "data", folder / "run", SHARDED)
    return folder / "data", folder / "run"


def test_a_rank_killed_in_mid_step_ends_the_run_and_the_same_command_ends_on_the_same_bits(
    whole_run: tuple[Path, Path], tmp_path: Path
) -> None:
    data, whole = whole_run
    run = tmp_path / "run"
    told = subprocess.run(
        [sys.executable, "-c", LAUNCHED, str(data), str(run), *SHARDED, "19"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode != 0
    assert "rank lost: rank 1 was killed (SIGKILL" in told.stderr
    assert "rank lost: another of this run's 2 processes was killed" in told.stderr  # what the other one saw
    assert "The same command goes on from the last checkpoint" in told.stderr
    assert newest_of(run).is_dir()
    assert load_checkpoint(newest_of(run))["step"] in (8, 16)
    run_in_ranks(2, train, data, run, SHARDED)
    ours, theirs = final_tensors(run), final_tensors(whole)
    assert ours.keys() == theirs.keys()
    for name in theirs:
        assert torch.equal(ours[name], theirs[name]), name


def test_a_run_goes_on_with_another_number_of_ranks_and_another_division(
    whole_run: tuple[Path, Path], tmp_path: Path
) -> None:
    data, whole = whole_run
    run = tmp_path / "run"
    run_in_ranks(2, train, data, run, SHARDED, 7)
    assert newest_of(run) == run / "checkpoint-00000008"
    run_in_ranks(1, train, data, run, CHANGES, 7)
    assert newest_of(run) == run / "checkpoint-00000016.pt"
    run_in_ranks(2, train, data, run, [*CHANGES, "parallel.tensor=2"])
    ours, theirs = final_tensors(run), final_tensors(whole)
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], atol=1e-3, rtol=1e-3, msg=name)


def test_a_damaged_folder_is_passed_over_and_where_all_are_damaged_nothing_is_begun_anew(
    whole_run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in (16, 24):
        folder = tmp_path / f"checkpoint-000000{step}"
        folder.mkdir()
        for part in (whole_run[1] / folder.name).iterdir():
            (folder / part.name).write_bytes(part.read_bytes())
    part = tmp_path / "checkpoint-00000024" / "__1_0.distcp"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert newest_of(tmp_path).name == "checkpoint-00000016"
    assert "checkpoint-00000024 is damaged" in capsys.readouterr().out
    (tmp_path / "checkpoint-00000016" / "sums-1.json").unlink()
    with pytest.raises(CheckpointError, match=r"every checkpoint in .* is damaged"):
        latest_checkpoint(tmp_path)


def fill_the_disk(data: Path, run: Path, changes: list[str]) -> str:
    """Train where one rank's files may not grow beyond what a step's record needs; returns what it is told."""
    import resource

    if killed_run.is_last_rank():
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        train(data, run, changes)
    except CheckpointError as error:
        return str(error)
    return ""


def test_a_disk_that_is_full_for_one_rank_leaves_the_checkpoint_before(
    whole_run: tuple[Path, Path], tmp_path: Path
) -> None:
    data, _ = whole_run
    run = tmp_path / "run"
    run_in_ranks(2, train, data, run, SHARDED, 7)
    told = run_in_ranks(2, fill_the_disk, data, run, [*SHARDED, "loop.checkpoint_steps=2"])
    assert all("cannot be written" in sentence and "make room there" in sentence for sentence in told)
    assert [path.name for path in run.glob("checkpoint-*")] == ["checkpoint-00000008"]
