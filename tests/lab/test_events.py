"""A run tells what it does, and telling changes nothing."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from corpora import toy_preset, write_corpus
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.events import record
from pleiade.lab.events.flops import data_sheet_peak, peak, step_flops
from pleiade.lab.events.journal import keep_until
from pleiade.lab.events.progress import Place, bar_line, progress_line
from pleiade.lab.events.record import Record, Step
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import MicroBatch
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain
from pleiade.lab.ranks import Ranks
from pleiade.lab.train import LoopConfig

SCRIPT = Path(__file__).with_name("killed_run.py")
KILLED_AT, CHECKPOINTS, STEPS = 10, 4, 11


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def toy_run(data: Path, run: Path, *changes: str) -> Path:
    preset = override(toy_preset(write_corpus(data)), [f"loop.steps={STEPS}", "loop.log_steps=1", *changes])
    pretrain(preset, data, run)
    return run


def weights(run: Path) -> dict[str, torch.Tensor]:
    newest = latest_checkpoint(run)
    assert newest is not None
    state: dict[str, torch.Tensor] = load_checkpoint(newest)["model"]
    return state


@pytest.fixture(scope="module")
def resumed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed without a farewell in its eleventh step, two after a checkpoint, and resumed."""
    folder = tmp_path_factory.mktemp("resumed")
    changes = [f"loop.steps={STEPS}", f"loop.checkpoint_steps={CHECKPOINTS}"]
    killed = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(folder / "run"), str(KILLED_AT), *changes],
        env={"PYTHONPATH": str(SCRIPT.parent), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with (folder / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 11, "tok')  # as a kill in the middle of a write leaves it
    return toy_run(folder, folder / "run", *changes)


def test_a_killed_and_resumed_run_tells_every_step_once(resumed_run: Path) -> None:
    told = rows(resumed_run / "metrics.jsonl")
    assert [row["step"] for row in told] == list(range(1, STEPS + 1))
    for row in told:
        assert row["lr"] == pytest.approx(OptimConfig().muon_lr * row["scale"], rel=1e-3)
        assert row["tokens_per_s"] > 0
        assert 0 < row["mfu"] < 1.5  # of a peak that was measured on a busy machine


def test_a_killed_and_resumed_run_tells_what_happened(resumed_run: Path) -> None:
    told = [(event["event"], event["step"]) for event in rows(resumed_run / "events.jsonl")]
    assert told == [
        ("started", 0),
        ("checkpoint", 4),
        ("checkpoint", 8),
        ("resumed", 8),
        ("checkpoint", 11),
        ("finished", 11),
    ]
    begun = rows(resumed_run / "events.jsonl")[0]
    assert begun["last"] == STEPS
    assert begun["peak"]["source"] == "measured"


def test_samples_answer_the_same_prompts_from_the_beginning_to_the_end(resumed_run: Path) -> None:
    told = rows(resumed_run / "samples.jsonl")
    assert sorted({row["step"] for row in told}) == [0, STEPS]
    first, last = ([row["prompt"] for row in told if row["step"] == step] for step in (0, STEPS))
    assert first == last
    assert {"Il était une fois", "The capital of France is"} < set(first)
    assert any("def add" in prompt for prompt in first)
    assert {row["text"] for row in told if row["step"] == 0} != {row["text"] for row in told if row["step"] == STEPS}


def test_tensorboard_reads_every_step_of_a_resumed_run_once(resumed_run: Path) -> None:
    read = EventAccumulator(str(resumed_run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
    read.Reload()
    told = rows(resumed_run / "metrics.jsonl")
    for tag, key in (
        ("train/loss", "loss"),
        ("train/learning_rate", "lr"),
        ("speed/tokens_per_second", "tokens_per_s"),
    ):
        scalars = read.Scalars(tag)
        assert [scalar.step for scalar in scalars] == [row["step"] for row in told]
        assert [scalar.value for scalar in scalars] == pytest.approx([row[key] for row in told])
    texts = read.Tensors("samples/0/text_summary")
    assert [text.step for text in texts] == [0, STEPS]
    assert "Once upon a time" in texts[0].tensor_proto.string_val[0].decode()


def test_samples_after_every_step_do_not_change_a_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = toy_run(tmp_path, tmp_path / "silent", "loop.steps=3", "loop.sample_seconds=0.0")
    assert not (silent / "samples.jsonl").exists()
    monkeypatch.setattr(record, "SAMPLE_SHARE", 0)
    told = toy_run(tmp_path, tmp_path / "told", "loop.steps=3", "loop.sample_seconds=1e-9")
    assert sorted({row["step"] for row in rows(told / "samples.jsonl")}) == [0, 1, 2, 3]
    ours, theirs = weights(told), weights(silent)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    losses = [[row["loss"] for row in rows(run / "metrics.jsonl")] for run in (silent, told)]
    assert losses[0] == losses[1]


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError):
        toy_run(tmp_path, tmp_path / "run", "optim.embedding_lr=1e38", "optim.muon_lr=1e38")
    last = rows(tmp_path / "run" / "events.jsonl")[-1]
    assert last["event"] == "failed"
    assert "not a number" in last["reason"]


def test_a_finished_run_started_again_tells_nothing_new(resumed_run: Path) -> None:
    before = {path: path.read_bytes() for path in resumed_run.glob("*.jsonl")}
    toy_run(resumed_run.parent, resumed_run)
    assert {path: path.read_bytes() for path in resumed_run.glob("*.jsonl")} == before


def test_a_mean_reward_is_told_with_its_step(tmp_path: Path) -> None:
    model = Gpt(GptConfig(64, 32, 1, 1, 1, 32, 32))
    with Record(tmp_path, Ranks(), model, LoopConfig(steps=9), 0.1, None, step=0, tokens=0, last=9) as open_record:
        open_record.step(Step(1, 64, 0.5, 1.0, 1.0, 0.1, 0.1, 0.8, 9, None, reward=0.25))
    assert [row["reward"] for row in rows(tmp_path / "metrics.jsonl")] == [0.25]
    assert rows(tmp_path / "events.jsonl")[-1]["event"] == "stopped"


def test_rows_of_steps_that_are_taken_again_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"step": 1}\n{"step": 2, "text": "two\u2028lines"}\n{"step": 3}\n{"é'.encode()[:-1])
    keep_until(path, 2)
    assert [json.loads(line)["step"] for line in path.read_bytes().splitlines()] == [1, 2]


def test_the_peak_of_a_gpu_is_its_data_sheets() -> None:
    assert data_sheet_peak("NVIDIA H100 80GB HBM3") == 989e12
    assert data_sheet_peak("NVIDIA H100 PCIe") == 756e12
    assert data_sheet_peak("NVIDIA A100-SXM4-80GB") == 312e12
    assert data_sheet_peak("NVIDIA L40S") == 362e12
    assert data_sheet_peak("NVIDIA A100-SXM4-40GB MIG 1g.5gb") is None  # a slice reaches less
    assert data_sheet_peak("NVIDIA T1000") is None


def test_a_given_peak_counts_for_each_device() -> None:
    told = peak(torch.device("cpu"), torch.float32, num_devices=2, given_tflops=0.5)
    assert told is not None
    assert (told.flops, told.source) == (1e12, "given")


def test_the_work_of_a_step_is_that_of_its_tokens() -> None:
    config = GptConfig()
    ids = torch.zeros(4, 32, dtype=torch.int64)
    assert step_flops(config, [MicroBatch(ids, ids)] * 2) == 2 * 4 * 32 * config.train_flops_per_token(32)
    assert step_flops(config, [object()]) is None  # such as pairs, of which only the answers reach the head


def test_the_progress_line_keeps_what_matters_most_on_a_narrow_terminal() -> None:
    place = Place(47, 150, 24_064, 4.667, 0.015, 1183.0, 0.1, 72.0)
    assert progress_line(place) == (
        "step 47/150  0.02 M tokens  loss 4.667  lr 0.015  1,183 tokens/s  MFU 10%  1.2 min left"
    )
    for columns in (40, 60, 80, 120):
        line = bar_line(place, columns)
        assert len(line) < columns
        assert "loss 4.667" in line
    assert "1.2 min left" in bar_line(place, 60)
    assert bar_line(place, 200).startswith("██████░░░░░░░░░░░░░░ step 47/150  0.02 M")
