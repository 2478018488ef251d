"""What a picture run will take, stage by stage, told before its first step."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.presets import PixPreset
from pleiade.lab.dalle.stages import MEASURING, STAGES
from pleiade.lab.planning.pace import latest_start, recorded_speed
from pleiade.lab.train import LoopConfig
from pleiade.lab.view.words import duration, short

TYPICAL_CAPTION = 16  # tokens


def pix_plan(
    preset: PixPreset, drawings: Drawings | None, ranks: int, run: Path, stages: Sequence[str] = STAGES
) -> str:
    """Parameters, FLOPs, and of each stage pictures and time, as far as they are known before the first step."""
    model = preset.model
    step_flops = 3 * preset.rows * model.pass_flops(TYPICAL_CAPTION)
    lines = [
        "plan",
        f"  network     {short(model.num_params)} parameters: {model.num_layers} blocks of {model.hidden_size}, "
        f"text {model.text_layers}; {model.size} px in {model.num_patches} patches of {model.patch}",
        f"  a pass      {short(model.pass_flops(TYPICAL_CAPTION))}FLOP for one picture with {TYPICAL_CAPTION} words",
        f"  a step      {preset.rows} pictures, {preset.micro_rows} at a time on {ranks} ranks, "
        f"{short(step_flops)}FLOP",
    ]
    if drawings is not None:
        learned = len(drawings.to_learn(preset.styles).split("train"))
        lines.append(f"  drawings    {learned:,} to learn from, of {len(drawings.rows):,}")
    return "\n".join([*lines, *(f"  {stage:<11} {_length(preset, stage, run)}" for stage in stages)])


def _length(preset: PixPreset, stage: str, run: Path) -> str:
    loop, rows = _loop_and_rows(preset, stage)
    if loop.minutes is not None:
        return f"{loop.minutes:g} minutes, {rows} pictures a step; how many steps follows from the pace of the first"
    pictures = (loop.steps or 0) * rows
    told = f"{loop.steps:,} steps = {short(pictures)} pictures"
    if stage == "base":
        told += f" = {short(3 * pictures * preset.model.pass_flops(TYPICAL_CAPTION))}FLOP"
    measured = _measured(preset, stage, loop, run)
    if measured is None:
        return f"{told}; how long is told from the first steps on"
    speed, ranks, where = measured
    team = "one rank" if ranks == 1 else f"{ranks} ranks"
    return f"{told}; {duration(pictures / speed)} at {short(speed)} pictures/s, as measured on {team} in {where}"


def _loop_and_rows(preset: PixPreset, stage: str) -> tuple[LoopConfig, int]:
    parts = {
        "encoder": (preset.encoder.loop, preset.encoder.rows),
        MEASURING: (preset.encoder.loop, preset.encoder.rows),
        "base": (preset.loop, preset.rows),
        "few": (preset.few.loop, preset.few.rows),
        "enlarger": (preset.enlarger.loop, preset.enlarger.rows),
    }
    return parts[stage]


def _measured(preset: PixPreset, stage: str, loop: LoopConfig, run: Path) -> tuple[float, int, str] | None:
    """Pictures a second of this run's stage before it stopped, or of a run beside it, of this shape on such a machine.

    With the number of ranks that it was measured on, and the folder.
    """
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    wanted = {"device": device, "precision": loop.precision}
    shape = json.loads(json.dumps(dataclasses.asdict(preset.model)))
    beside = sorted(run.parent.glob("*/base/preset.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for other in [run, *(path.parent.parent for path in beside)]:
        folder = other / stage
        began = latest_start(folder)
        if _shape(other) == shape and wanted.items() <= began.items():
            speed = recorded_speed(folder / "metrics.jsonl")
            if speed:
                return speed, int(began["ranks"]), folder.as_posix()
    return None


def _shape(run: Path) -> object:
    try:
        return json.loads((run / "base" / "preset.json").read_text("utf-8"))["model"]
    except (OSError, ValueError, KeyError):  # no run, or a damaged one: it tells no pace
        return None
