"""The plan that is printed before the first step, so that a silly run is stopped in its first second."""

from __future__ import annotations

import dataclasses
import json

from pleiade.lab.presets import Preset


def plan_text(preset: Preset, epoch_tokens: int, tokens_per_second: float | None = None) -> str:
    """Configuration, parameters, FLOPs, tokens, steps and (with a measured pace) expected time, as readable lines."""
    model, loop = preset.model, preset.loop
    flops = model.train_flops_per_token(preset.stream.seq_len)
    lines = ["configuration"]
    for key, value in dataclasses.asdict(preset).items():
        lines.append(f"  {key:20} {json.dumps(value, ensure_ascii=False)}")
    lines += [
        "plan",
        f"  parameters           {model.num_params / 1e6:.2f} M ({model.num_matrix_params / 1e6:.2f} M in matrices)",
        f"  FLOPs per token      {flops / 1e6:.1f} M",
        f"  tokens per step      {preset.step_tokens:,}",
        f"  tokens per epoch     {epoch_tokens / 1e6:.1f} M",
    ]
    if loop.steps is not None:
        tokens = loop.steps * preset.step_tokens
        lines.append(
            f"  run                  {loop.steps:,} steps, {tokens / 1e6:.1f} M tokens, "
            f"{tokens / max(1, epoch_tokens):.2f} epochs, {tokens * flops:.2e} FLOPs"
        )
        if tokens_per_second:
            lines.append(
                f"  expected time        {tokens / tokens_per_second / 60:.1f} min at {tokens_per_second:,.0f} tokens/s"
            )
    else:
        lines.append(
            f"  run                  {loop.minutes} minutes of training, decay over the last "
            f"{preset.schedule.decay_fraction:.0%}"
        )
        if tokens_per_second and loop.minutes:
            tokens = int(tokens_per_second * loop.minutes * 60)
            lines.append(f"  expected             {tokens / 1e6:.1f} M tokens at {tokens_per_second:,.0f} tokens/s")
    return "\n".join(lines)
