"""Warm-up, stable, decay (WSD): the stable phase may be cut at any moment, because only the decay has a length."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScheduleConfig:
    """Linear warm-up over `warmup_steps`; linear decay to `final_scale` over the last `decay_fraction` of the run."""

    warmup_steps: int = 60
    decay_fraction: float = 0.45
    final_scale: float = 0.0


@dataclass(frozen=True)
class Decay:
    """A decided end of the run: the scale falls from `start_scale` at step `first` to the final one at step `last`.

    It is kept in the checkpoint, so that a resumed run follows the decision instead of taking another.
    """

    first: int
    last: int
    start_scale: float = 1.0


WARMUP_SHARE = 0.1  # of a run with a deadline: its warm-up ends by then, however few steps that were


def learning_rate_scale(step: int, config: ScheduleConfig, decay: Decay | None, used: float = 0.0) -> float:
    """The factor on every peak learning rate at `step` (from 0); `used` is the share of a deadline that is gone."""
    if decay is None or step < decay.first:
        return min(1.0, max((step + 1) / max(1, config.warmup_steps), used / WARMUP_SHARE))
    left = max(0.0, (decay.last - step) / max(1, decay.last - decay.first))
    return config.final_scale + (decay.start_scale - config.final_scale) * left


def decay_for_steps(num_steps: int, config: ScheduleConfig) -> Decay:
    """The decay of a run of known length."""
    first = round(num_steps * (1.0 - config.decay_fraction))
    return Decay(first, num_steps, learning_rate_scale(max(0, first - 1), config, None))


def revise_decay(
    step: int, seconds_per_step: float, elapsed: float, remaining: float, config: ScheduleConfig, decay: Decay | None
) -> Decay | None:
    """The decay of a run with a deadline, decided anew when the pace has changed by more than a tenth.

    `elapsed` and `remaining` are seconds. Returns `decay` itself while nothing has to change: None before
    the time left is just the decay's share of the run.
    """
    steps_left = max(1, int(remaining / seconds_per_step))
    scale = learning_rate_scale(step, config, decay, elapsed / (elapsed + remaining) if elapsed else 0.0)
    if decay is None:
        is_due = remaining <= (elapsed + remaining) * config.decay_fraction
        return Decay(step, step + steps_left, scale) if is_due else None
    planned = decay.last - step
    if abs(planned - steps_left) <= 0.1 * planned or planned <= 20:
        return decay
    return Decay(step, step + steps_left, scale)


def decay_to_go_on_with(decided: Decay | None, wanted: Decay | None, step: int) -> Decay | None:
    """The decay of a run resumed at `step`: `decided` by its checkpoint, `wanted` by the number of steps given now.

    None of either means a deadline. Until a decay begins, another length, or a deadline, takes its place. Raises
    ValueError where the wanted one should have begun by now, or the decided one has.
    """
    if decided is not None and wanted is not None and decided.last == wanted.last:
        return decided
    if decided is not None and wanted is None and step >= decided.first:
        return decided  # a deadline moves the end of what has begun
    if decided is not None and wanted is not None and step > decided.first:
        raise ValueError(
            f"at step {step} the learning rate falls already, to end at step {decided.last}: it is too late for "
            f"{wanted.last} steps; go on with {decided.last}, or give another --run"
        )
    if wanted is not None and step > wanted.first:
        raise ValueError(
            f"at step {step} it is too late for {wanted.last} steps: for those the learning rate falls from step "
            f"{wanted.first} on; give more steps, or another --run"
        )
    return wanted
