"""What a person should look at twice before a run starts: each doubt is one sentence with the remedy."""

from __future__ import annotations

from pleiade.lab.presets import Preset

# Up to 4 epochs of the same text are worth nearly as much as new text, beyond 8 little is left (arXiv:2305.16264).
MANY_EPOCHS = 8
# 20 tokens a parameter use a budget best (arXiv:2203.15556); below this the model is too large for what it reads.
FEW_TOKENS = 3
LONG_HOURS = 24 * 60


def doubts(preset: Preset, tokens: float | None, epoch_tokens: int | None, hours: float | None) -> list[str]:
    """What is silly about a run of `tokens` over a text of `epoch_tokens`, expected to take `hours`; None = unknown."""
    return [
        *_about_schedule(preset),
        *_about_text(preset, tokens, epoch_tokens),
        *_about_time(hours),
    ]


def _about_time(hours: float | None) -> list[str]:
    if hours is None or hours <= LONG_HOURS:
        return []
    return [f"it takes {hours / 24:,.0f} days: more devices, or fewer loop.steps"]


def _about_schedule(preset: Preset) -> list[str]:
    steps, schedule = preset.loop.steps, preset.schedule
    if steps is None:
        return []
    stable = round(steps * (1 - schedule.decay_fraction))
    if schedule.warmup_steps >= steps:
        return [
            f"the warm-up of {schedule.warmup_steps} steps is longer than the run of {steps}: "
            f"schedule.warmup_steps={max(1, steps // 20)}"
        ]
    if schedule.warmup_steps > stable:
        return [
            f"the decay begins at step {stable}, before the warm-up of {schedule.warmup_steps} steps has ended: the "
            f"learning rate never reaches its peak; schedule.warmup_steps={max(1, stable // 4)}"
        ]
    return []


def _about_text(preset: Preset, tokens: float | None, epoch_tokens: int | None) -> list[str]:
    found = []
    params = preset.model.num_params
    if tokens is not None and tokens < FEW_TOKENS * params:
        found.append(
            f"{tokens / params:.1f} tokens a parameter: a smaller model learns more from so little text "
            "(about 20 a parameter use computation best); more loop.steps, or a smaller preset"
        )
    if epoch_tokens is None:
        return found
    if epoch_tokens < preset.step_tokens:
        found.append(
            f"a step of {preset.step_tokens:,} tokens is more than the whole text ({epoch_tokens:,}): lower rows, or "
            "give more text"
        )
    elif tokens is not None and tokens > MANY_EPOCHS * epoch_tokens:
        steps = MANY_EPOCHS * epoch_tokens // preset.step_tokens
        found.append(
            f"{tokens / epoch_tokens:.0f} epochs: the same text more than {MANY_EPOCHS} times teaches little but the "
            f"text itself; loop.steps={max(1, steps)}, or give more text"
        )
    return found
