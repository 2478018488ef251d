"""The plan of a run tells what it takes, and is held against what a step really takes."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pleiade.lab.events.flops import PEAKS
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.base import MicroBatch
from pleiade.lab.objectives.replay import ReplayedBatch
from pleiade.lab.planning.advice import Room
from pleiade.lab.planning.devices import GIBIBYTES, device_named
from pleiade.lab.planning.fitting import what_fits
from pleiade.lab.planning.layout import Layout
from pleiade.lab.planning.memory import memory_of_step
from pleiade.lab.planning.pace import Pace, probed_pace, recorded_pace
from pleiade.lab.planning.plan import Setting, plan_elsewhere, plan_text
from pleiade.lab.presets import override, presets, write_preset

STEP = Path(__file__).with_name("step_memory.py")
EAGER = Layout(fused=False, compiled=False)
NARROW = {"vocab_size": 512, "hidden_size": 64, "num_layers": 2, "num_heads": 2, "num_kv_heads": 1, "head_dim": 32}
PICO = {"vocab_size": 8192, "hidden_size": 256, "num_layers": 4, "num_heads": 4, "num_kv_heads": 2, "head_dim": 64}
WIDE = {"vocab_size": 4096, "hidden_size": 384, "num_layers": 2, "num_heads": 3, "num_kv_heads": 3, "head_dim": 128}


def bytes_saved(config: GptConfig, rows: int, seq_len: int, dtype: torch.dtype) -> int:
    """What autograd keeps for the backward pass of the body, without the weights themselves."""
    model = Gpt(config)
    init_weights(model, 1)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        hidden = model.hidden(torch.zeros(rows, seq_len, dtype=torch.long), dtype)
    del hidden
    return sum(kept.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("shape", [PICO | {"ffn_size": 704}, WIDE | {"ffn_size": 1024}])
def test_a_layer_holds_what_the_formula_says_within_3_percent(shape: dict[str, int], dtype: torch.dtype) -> None:
    one, two = (GptConfig(**shape | {"num_layers": layers}) for layers in (1, 2))
    layout = dataclasses.replace(EAGER, value_bytes=dtype.itemsize)
    real = bytes_saved(two, 4, 128, dtype) - bytes_saved(one, 4, 128, dtype)
    plans = [memory_of_step(config, 128, 4, layout) for config in (one, two)]
    told = [plan.activations + plan.copies for plan in plans]
    assert told[1] - told[0] == pytest.approx(real, rel=0.03)


@pytest.mark.timeout(400)
def test_a_step_grows_a_process_by_what_the_formula_says_within_25_percent() -> None:
    cases = [
        {"shape": PICO | {"ffn_size": 704}, "seq_len": 256, "rows": 6, "precision": "bfloat16"},
        {"shape": NARROW | {"ffn_size": 128}, "seq_len": 64, "rows": 256, "precision": "float32"},
    ]
    # Large buffers go back to the system when they are freed: the peak is that of what is alive.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(STEP), *map(json.dumps, cases)]
    measured = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    for case, grown in zip(cases, measured, strict=True):
        layout = dataclasses.replace(EAGER, value_bytes=getattr(torch, str(case["precision"])).itemsize)
        plan = memory_of_step(GptConfig(**case["shape"]), case["seq_len"], case["rows"], layout)  # type: ignore[arg-type]
        told = plan.copies + plan.activations + plan.head
        assert told == pytest.approx(int(grown), rel=0.25), case


def test_dividing_a_model_divides_its_memory() -> None:
    model, whole = presets()["mini"].model, Layout()
    alone = memory_of_step(model, 1024, 8, whole)
    sharded = memory_of_step(model, 1024, 8, Layout(data=8, shard=True))
    assert (sharded.weights, sharded.optimizer) == (alone.weights // 8, alone.optimizer // 8)
    assert memory_of_step(model, 1024, 8, Layout(tensor=2)).activations < alone.activations
    assert memory_of_step(model, 1024, 8, Layout(sequence=2)).activations < 0.6 * alone.activations
    assert memory_of_step(model, 1024, 8, Layout(recompute=True)).activations < 0.3 * alone.activations


def test_what_does_not_fit_is_told_with_the_assignments_that_do() -> None:
    model = presets()["mini"].model
    needed = memory_of_step(model, 1024, 64, Layout()).total
    assert what_fits(model, 1024, 64, 256, Layout(), needed) == ""
    halved = what_fits(model, 1024, 64, 256, Layout(), needed - 1)
    assert halved == "micro_rows=32"
    little = memory_of_step(model, 1024, 2, Layout(recompute=True)).total
    assert what_fits(model, 1024, 64, 256, Layout(), little) == "micro_rows=2 parallel.recompute=true"
    assert what_fits(model, 1024, 64, 256, Layout(), 2**30) is None


@pytest.mark.parametrize(
    ("kind", "remedy"), [(ReplayedBatch, "with micro_rows=4 or fewer"), (MicroBatch, "with chat.micro_rows=4 or fewer")]
)
def test_a_replayed_batch_that_does_not_fit_is_made_smaller_by_the_bases_key(
    kind: type[MicroBatch], remedy: str
) -> None:
    batch = kind(torch.zeros(8, 16, dtype=torch.int64), torch.zeros(8, 16, dtype=torch.int64))
    room = Room(presets()["toy"].model, Layout(), None, "chat")
    with pytest.raises(MemoryError, match=remedy), room.advice(batch, 1):
        raise torch.OutOfMemoryError


def test_a_picture_models_stage_that_takes_its_rows_at_once_is_not_told_to_take_them_in_parts() -> None:
    batch = MicroBatch(torch.zeros(8, 16, dtype=torch.int64), torch.zeros(8, 16, dtype=torch.int64))
    for stage, remedy in (("measuring", "fewer encoder.rows than 8"), ("few", "with few.micro_rows=4 or fewer")):
        with pytest.raises(MemoryError, match=remedy), Room(None, Layout(), None, stage).advice(batch, 1):
            raise torch.OutOfMemoryError


@pytest.mark.parametrize(
    ("layout", "stage", "remedy"),
    [
        (Layout(), "base", "take a larger device, or a smaller model"),
        (Layout(data=2), "code", "with parallel.shard=true, or"),
        (Layout(data=2), "dpo", "with dpo.stage.parallel.shard=true, or"),
    ],
)
def test_an_optimizers_step_that_does_not_fit_says_what_to_do(layout: Layout, stage: str, remedy: str) -> None:
    room = Room(presets()["toy"].model, layout, None, stage)
    with pytest.raises(MemoryError, match=remedy), room.advice_on_update():
        raise torch.OutOfMemoryError


def test_the_plan_names_parameters_tokens_and_time_before_the_first_step() -> None:
    preset = override(presets()["nano"], ["loop.steps=100"])
    setting = Setting(device_named("H100"), 1, Layout(), Pace(1e6, "measured in RUN"))
    text = plan_text(preset, epoch_tokens=1_000_000, setting=setting)
    assert "31.99 M" in text  # the parameters of the recipe in the research notes
    assert "13.11 M tokens, 13.11 epochs" in text
    assert "1,000,000 tokens/s, measured in RUN" in text
    assert "expected time        13 s" in text
    assert "device-hours (--price says what one costs)" in text
    priced = plan_text(override(preset, ["plan.price_per_hour=2.5", "loop.steps=100000"]), None, setting)
    assert "expected time        3.6 h" in priced
    assert "9.10 for 3.6 device-hours at 2.5" in priced


@pytest.mark.parametrize(
    ("assignments", "epoch_tokens", "warning"),
    [
        (["loop.steps=900"], 10_000_000, "12 epochs: .*loop.steps=610"),
        (["loop.steps=10"], None, "0.0 tokens a parameter"),
        (["loop.steps=50", "schedule.warmup_steps=50"], None, "warm-up of 50 steps is longer than the run of 50"),
        (["loop.steps=4600", "schedule.decay_fraction=1"], None, "decay begins at step 0, before the warm-up"),
        (["loop.steps=4600"], 100_000, "a step of 131,072 tokens is more than the whole text"),
        (["loop.steps=900000000"], None, "days: more devices, or fewer loop.steps"),
        (["micro_rows=128", "model.num_layers=64"], None, "a step takes .*: micro_rows=64 fits"),
    ],
)
def test_what_is_silly_is_said_with_its_remedy(assignments: list[str], epoch_tokens: int | None, warning: str) -> None:
    preset = override(presets()["nano"], assignments)
    setting = Setting(device_named("H100"), 1, Layout(), Pace(1e6, "measured"))
    warnings = [line for line in plan_text(preset, epoch_tokens, setting).splitlines() if line.startswith("warning: ")]
    assert any(re.search(warning, line) for line in warnings), warnings


def test_a_sound_run_is_not_warned_about() -> None:
    setting = Setting(device_named("H100"), 1, Layout(), Pace(1e6, "measured"))
    assert "warning" not in plan_text(presets()["nano"], 200_000_000, setting)


def test_a_run_elsewhere_is_planned_without_being_there() -> None:
    text = plan_elsewhere(presets()["mini"], "h200", 1)
    assert "1 x H200" in text
    assert "none on H200" in text  # what the pace was taken from
    with pytest.raises(ValueError, match="no device is known as 'TPU': name one of B200"):
        plan_elsewhere(presets()["mini"], "TPU", 1)
    with pytest.raises(ValueError, match="does not divide among 3 data ranks"):
        plan_elsewhere(presets()["mini"], "H100", 3)


def test_every_device_that_measures_know_has_a_memory() -> None:
    assert set(PEAKS) <= set(GIBIBYTES)


def test_the_pace_of_a_neighbour_of_the_same_shape_on_the_same_machine_is_taken(tmp_path: Path) -> None:
    preset = presets()["toy"]
    beside = tmp_path / "earlier" / "base"
    write_preset(preset, beside / "preset.json")
    started = {"event": "started", "device": "CPU", "ranks": 1, "precision": "float32"}
    (beside / "events.jsonl").write_text(json.dumps(started) + "\n")
    rows = [{"tokens": 1000 * n, "seconds": 2.0 * n} for n in range(1, 5)]
    (beside / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    cpu = dataclasses.replace(device_named("H100"), kind="CPU")
    run = tmp_path / "new" / "base"
    pace = recorded_pace(preset.model, 64, "float32", cpu, 1, run)
    assert pace == Pace(500.0, f"measured in {beside.as_posix()}")
    assert recorded_pace(preset.model, 128, "float32", cpu, 1, run) is None
    assert recorded_pace(preset.model, 64, "float32", cpu, 2, run) is None


def test_a_probe_leaves_model_and_random_numbers_alone() -> None:
    model = Gpt(presets()["toy"].model)
    init_weights(model, 1)
    before, numbers = {n: p.clone() for n, p in model.named_parameters()}, torch.get_rng_state()
    assert probed_pace(model, 64, torch.float32, 1, compiled=False).tokens_per_s > 0
    assert torch.equal(torch.get_rng_state(), numbers)
    for name, parameter in model.named_parameters():
        assert parameter.grad is None
        assert torch.equal(parameter, before[name])


@pytest.mark.parametrize(("name", "devices"), [("small", 1), ("1b", 8), ("7b", 64), ("70b", 512)])
def test_a_large_preset_fits_devices_of_80_gb(name: str, devices: int) -> None:
    text = plan_elsewhere(presets()[name], "H100", devices)
    assert f"{devices} x H100" in text
    assert "tokens a parameter" in text
    assert "warning" not in text
