"""What a picture run will take, told before its first step."""

from __future__ import annotations

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.presets import PixPreset
from pleiade.lab.view.words import short

TYPICAL_CAPTION = 16  # tokens


def pix_plan(preset: PixPreset, drawings: Drawings | None, ranks: int) -> str:
    """Parameters, FLOPs, pictures and time, as far as they are known before the first step."""
    model, loop = preset.model, preset.loop
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
        lines.append(f"  drawings    {len(drawings.split('train')):,} to learn from, of {len(drawings.rows):,}")
    if loop.steps is not None:
        lines.append(
            f"  the run     {loop.steps:,} steps = {short(loop.steps * preset.rows)} pictures = "
            f"{short(loop.steps * step_flops)}FLOP"
        )
    else:
        lines.append(f"  the run     {loop.minutes} minutes; its steps follow from the pace of the first ones")
    return "\n".join(lines)
