"""Training goes down, and neither a kill nor a signal changes where it ends."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from corpora import toy_preset, write_corpus

from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain

SCRIPT = Path(__file__).with_name("killed_run.py")


def start(data: Path, run: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(data), str(run), *arguments],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def final_state(run: Path) -> dict[str, torch.Tensor]:
    newest = latest_checkpoint(run)
    assert newest is not None
    assert newest.name == "checkpoint-00000040.pt"
    state = load_checkpoint(newest)
    flat = dict(state["model"])
    for part in ("momentum", "first_moment", "second_moment"):
        flat |= {f"{part}.{name}": tensor for name, tensor in state["optimizer"][part].items()}
    return flat


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data folder, and a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    finish(start(folder / "data", folder / "run"))
    return folder / "data", folder / "run"


def test_the_loss_falls(whole_run: tuple[Path, Path]) -> None:
    rows = [json.loads(line) for line in (whole_run[1] / "metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows]
    assert len(rows) == 40
    assert 5.9 < losses[0] < 6.5  # log(512) = 6.24: a new model knows nothing
    assert sum(losses[-5:]) / 5 < losses[0] - 1.0


def test_a_run_killed_in_the_middle_and_resumed_ends_on_the_same_bits(
    whole_run: tuple[Path, Path], tmp_path: Path
) -> None:
    data, whole = whole_run
    killed = start(data, tmp_path / "run", "27")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    newest = latest_checkpoint(tmp_path / "run")
    assert newest is not None
    assert newest.name == "checkpoint-00000020.pt"
    output = finish(start(data, tmp_path / "run"))
    assert "resumed from checkpoint-00000020.pt" in output
    assert_same_bits(final_state(tmp_path / "run"), final_state(whole))
    steps = [json.loads(line)["step"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 41))


def test_a_stop_signal_writes_a_checkpoint_and_the_rest_follows_later(
    whole_run: tuple[Path, Path], tmp_path: Path
) -> None:
    data, whole = whole_run
    process = start(data, tmp_path / "run")
    assert process.stdout is not None
    while "step 5/" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    finish(process)
    newest = latest_checkpoint(tmp_path / "run")
    assert newest is not None
    assert 5 <= load_checkpoint(newest)["step"] < 40
    finish(start(data, tmp_path / "run"))
    assert_same_bits(final_state(tmp_path / "run"), final_state(whole))


def test_two_ranks_learn_what_one_learns(whole_run: tuple[Path, Path], tmp_path: Path) -> None:
    data, whole = whole_run
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = [
        start(data, tmp_path / "run", RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
        for rank in range(2)
    ]
    for process in ranks:
        finish(process)
    ours, theirs = final_state(tmp_path / "run"), final_state(whole)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], atol=2e-2, rtol=2e-2, msg=name)


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_what_to_change(tmp_path: Path) -> None:
    preset = override(toy_preset(write_corpus(tmp_path)), ["optim.embedding_lr=1e38", "optim.muon_lr=1e38"])
    with pytest.raises(FloatingPointError, match=r"lower learning rate \(optim.muon_lr.*nan-batch.pt"):
        pretrain(preset, tmp_path, tmp_path / "run")
    saved = torch.load(tmp_path / "run" / "nan-batch.pt")
    assert saved["batches"][0]["ids"].shape == (4, 64)


def test_an_update_that_does_not_fit_ends_a_run_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pleiade.lab.optim.muon.orthogonalise", lambda *_, **__: torch.empty(2**50))  # a small device
    with pytest.raises(MemoryError, match="the optimizer's step does not fit into memory: take a larger device"):
        pretrain(toy_preset(write_corpus(tmp_path)), tmp_path, tmp_path / "run")


@pytest.mark.timeout(400)
def test_a_batch_too_large_for_the_memory_is_told_with_the_one_that_fits(tmp_path: Path) -> None:
    def train_within(*changes: str) -> subprocess.CompletedProcess[str]:
        script = Path(__file__).with_name("limited_run.py")
        places = [str(tmp_path / "data"), str(tmp_path / "run"), "250"]
        # Threads of the tokenizer would each reserve address space.
        few = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        environment = {**os.environ, **few, "PYTHONPATH": str(script.parent)}
        command = [sys.executable, str(script), *places, *changes]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = train_within()
    assert "a micro-batch of 32,768 tokens does not fit into memory: give the same command with" in refused.stderr
    fits = re.search(r"micro_rows=(\d+), which fits", refused.stderr)
    assert fits
    assert 16 <= int(fits[1]) < 512
    again = train_within(fits[0].partition(",")[0])
    assert again.returncode == 0, again.stderr


def test_a_time_limit_ends_a_run_after_its_decay(tmp_path: Path) -> None:
    preset = override(toy_preset(write_corpus(tmp_path)), ["loop.minutes=0.15", "loop.log_steps=50"])
    began = time.monotonic()
    outcome = pretrain(preset, tmp_path, tmp_path / "run")
    assert outcome.finished
    assert time.monotonic() - began < 100
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["scale"] < 0.1


def test_a_deadline_costs_a_checkpoint_where_its_decay_is_decided_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine of an even pace: each step takes a tenth of a second.
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) * 0.05)
    monkeypatch.setattr("pleiade.lab.train.time", clock)
    changes = ["loop.minutes=0.2", "loop.checkpoint_seconds=1e9", "loop.sample_seconds=0"]
    assert pretrain(override(toy_preset(write_corpus(tmp_path)), changes), tmp_path, tmp_path / "run").finished
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    written = [event["step"] for event in events if event["event"] == "checkpoint"]
    assert len(written) <= 3, written
