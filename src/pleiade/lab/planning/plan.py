"""The plan that is printed before the first step, so that a silly run is stopped in its first second."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.parallel.config import settle
from pleiade.lab.planning.devices import Device, device_named, this_device
from pleiade.lab.planning.doubts import doubts
from pleiade.lab.planning.fitting import what_fits
from pleiade.lab.planning.layout import Layout, layout_for
from pleiade.lab.planning.memory import Memory, memory_of_step
from pleiade.lab.planning.pace import Pace, probed_pace, published_pace, recorded_pace
from pleiade.lab.presets import Preset


@dataclass(frozen=True)
class Setting:
    """Where a run is to take place: devices of one kind, how they divide it, and its pace there where that is known."""

    device: Device
    num_devices: int
    layout: Layout
    pace: Pace | None


def plan_elsewhere(preset: Preset, kind: str, num_devices: int) -> str:
    """The whole plan for devices of a kind that need not be here; nothing is allocated or started.

    Raises ValueError for an unknown kind, or where the run cannot be divided among so many.
    """
    device = device_named(kind)
    layout = layout_of(preset, num_devices, is_gpu=True)
    pace = published_pace(preset.model, preset.stream.seq_len, device, num_devices)
    return plan_text(preset, None, Setting(device, num_devices, layout, pace))


def plan_here(preset: Preset, ranks: int, run: Path) -> str:
    """The whole plan for this machine in `ranks` processes, as far as it is known before anything is made or measured.

    Raises ValueError where the run cannot be divided among so many.
    """
    return plan_text(preset, None, setting_here(preset, None, ranks, run / "base"))


def setting_here(preset: Preset, model: Gpt | None, ranks: int, run: Path) -> Setting:
    """The setting of a run on this machine in `ranks` processes, its pace recorded, or probed with the model given.

    A probe takes less than a second of a CPU; GPUs are too quick for single rows to tell their pace.
    """
    dtype = getattr(torch, preset.loop.precision)
    device = this_device(dtype, ranks, preset.loop.peak_tflops)
    layout = layout_of(preset, ranks, is_gpu=device.is_gpu)
    seq_len = preset.stream.seq_len
    pace = recorded_pace(preset.model, seq_len, preset.loop.precision, device, ranks, run)
    if pace is None and model is not None and not device.is_gpu and layout.parts == layout.sequence == 1:
        pace = probed_pace(model, seq_len, dtype, ranks, preset.loop.compile)
    return Setting(device, ranks, layout, pace or published_pace(preset.model, seq_len, device, ranks))


def layout_of(preset: Preset, ranks: int, is_gpu: bool) -> Layout:
    """How the preset divides a run among `ranks`. Raises ValueError where it cannot."""
    micro_batches = preset.rows // preset.micro_rows
    seq_len = preset.stream.seq_len
    settled = settle(preset.parallel, ranks, preset.model, on_gpu=is_gpu, seq_len=seq_len, micro_batches=micro_batches)
    return layout_for(settled, preset.loop.precision, on_gpu=is_gpu, compiled=preset.loop.compile)


def plan_text(preset: Preset, epoch_tokens: int | None, setting: Setting | None = None) -> str:
    """Configuration, parameters, FLOPs, tokens, steps and, with a setting, memory, time, cost and doubts, as lines.

    `epoch_tokens` is the length of the text, None where it is not at hand.
    """
    model, step_tokens = preset.model, preset.step_tokens
    flops = model.train_flops_per_token(preset.stream.seq_len)
    tokens = _tokens(preset, setting)
    lines = ["configuration"]
    for key, value in dataclasses.asdict(preset).items():
        lines.append(f"  {key:20} {json.dumps(value, ensure_ascii=False)}")
    lines += [
        "plan",
        _line("parameters", f"{_count(model.num_params)} ({_count(model.num_matrix_params)} in matrices)"),
        _line("FLOPs per token", f"{flops / 1e6:,.1f} M"),
        _line("tokens per step", f"{step_tokens:,}"),
        _line("tokens per epoch", _count(epoch_tokens) if epoch_tokens else "not known before the text is there"),
        _line("run", _run(preset, tokens, epoch_tokens, flops)),
    ]
    found: list[str] = []
    if setting is not None:
        memory = memory_of_step(model, preset.stream.seq_len, preset.micro_rows, setting.layout)
        lines += [_line("devices", _devices(setting)), _line("memory", _memory(memory, setting, preset))]
        lines += _time_and_cost(preset, tokens, setting)
        found = _too_large(preset, memory, setting)
    found += doubts(preset, tokens, epoch_tokens, _hours(tokens, setting))
    return "\n".join([*lines, *(f"warning: {doubt}" for doubt in found)])


def _tokens(preset: Preset, setting: Setting | None) -> float | None:
    if preset.loop.steps is not None:
        return preset.loop.steps * preset.step_tokens
    if setting is None or setting.pace is None or preset.loop.minutes is None:
        return None
    return setting.pace.tokens_per_s * preset.loop.minutes * 60


def _hours(tokens: float | None, setting: Setting | None) -> float | None:
    return tokens / setting.pace.tokens_per_s / 3600 if tokens and setting and setting.pace else None


def _run(preset: Preset, tokens: float | None, epoch_tokens: int | None, flops: float) -> str:
    loop = preset.loop
    if loop.steps is None:
        length = f"{loop.minutes} minutes of training, decay over the last {preset.schedule.decay_fraction:.0%}"
    else:
        length = f"{loop.steps:,} steps"
    parts = [length]
    if tokens is not None:
        parts.append(f"{_count(tokens)} tokens")
        parts += [f"{tokens / epoch_tokens:.2f} epochs"] if epoch_tokens else []
        parts += [f"{tokens / preset.model.num_params:.1f} tokens a parameter", f"{tokens * flops:.2e} FLOPs"]
    return ", ".join(parts)


def _devices(setting: Setting) -> str:
    layout, device = setting.layout, setting.device
    degrees = (("data", layout.data), ("sequence", layout.sequence), ("tensor", layout.tensor))
    divided = [f"{name} {degree}" for name, degree in degrees if degree > 1]
    kept = ["weights and optimizer divided among data and sequence"] if layout.shard else []
    kept += ["blocks recomputed"] if layout.recompute else []
    return ", ".join([f"{setting.num_devices} x {device.kind}", *divided, *kept])


def _memory(memory: Memory, setting: Setting, preset: Preset) -> str:
    parts = [
        f"{name} {_size(getattr(memory, field))}"
        for field, name in (
            ("weights", "weights"),
            ("gradients", "gradients"),
            ("optimizer", "optimizer"),
            ("copies", "working copies"),
            ("activations", f"activations of {preset.micro_rows} rows"),
            ("head", "logits and head"),
            ("step", "optimizer's step"),
        )
        if getattr(memory, field)
    ]
    room = f" of {_size(setting.device.memory)} that it may use" if setting.device.memory else ""
    return f"{_size(memory.total)} a device{room}: {', '.join(parts)}"


def _time_and_cost(preset: Preset, tokens: float | None, setting: Setting) -> list[str]:
    pace = setting.pace
    if pace is None:
        return [_line("expected time", "not known before it is measured: a run with loop.steps=20 tells")]
    hours = _hours(tokens, setting)
    if hours is None:
        return []
    is_band = pace.slow != 1 or pace.fast != 1
    band = f" (between {_duration(hours / pace.fast)} and {_duration(hours / pace.slow)})" if is_band else ""
    lines = [
        _line("expected pace", f"{pace.tokens_per_s:,.0f} tokens/s, {pace.basis}"),
        _line("expected time", f"{_duration(hours)}{band if preset.loop.steps else ''}"),
    ]
    spent, price = hours * setting.num_devices, preset.plan.price_per_hour
    if price is not None:
        lines.append(_line("expected cost", f"{spent * price:,.2f} for {spent:,.1f} device-hours at {price:g}"))
    elif setting.device.is_gpu:
        lines.append(_line("expected cost", f"{spent:,.1f} device-hours (--price says what one costs)"))
    return lines


def _too_large(preset: Preset, memory: Memory, setting: Setting) -> list[str]:
    room = setting.device.memory
    if room is None or memory.total <= room:
        return []
    remedy = what_fits(preset.model, preset.stream.seq_len, preset.micro_rows, preset.rows, setting.layout, room)
    needed = f"a step takes {_size(memory.total)} a device, which may use {_size(room)}"
    return [f"{needed}: {remedy + ' fits' if remedy else 'take more devices, or larger ones'}"]


def _line(name: str, value: str) -> str:
    return f"  {name:20} {value}"


def _count(number: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.2f} {letter}"
    return f"{number:,.0f}"


def _size(number: float) -> str:
    return f"{number / 2**30:,.1f} GiB" if number >= 2**30 else f"{number / 2**20:,.0f} MiB"


def _duration(hours: float) -> str:
    if hours < 1 / 30:
        return f"{hours * 3600:.0f} s"
    if hours < 2:
        return f"{hours * 60:.1f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
