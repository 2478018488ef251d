"""The stages of a picture model, and how minutes are shared out to them."""

from __future__ import annotations

# Where a stage's length is set, and its weight when the minutes of a whole run are shared out.
LENGTHS = {
    "encoder": ("encoder.loop.minutes", 2.0),
    "base": ("loop.minutes", 12.0),
    "few": ("few.loop.minutes", 8.0),
    "enlarger": ("enlarger.loop.minutes", 2.0),
}
STAGES = tuple(LENGTHS)
MEASURING = "measuring"  # the encoder that only measures: on no way, since nothing is made with it


def way_to(stage: str) -> tuple[str, ...]:
    """The stages from the first to this one; the measuring encoder stands alone."""
    if stage == MEASURING:
        return (MEASURING,)
    return STAGES[: STAGES.index(stage) + 1]


def share_minutes(minutes: float, until: str) -> list[str]:
    """Assignments (`key=value`) that give each stage on the way to `until` its part of `minutes` of training."""
    lengths = [LENGTHS["encoder" if stage == MEASURING else stage] for stage in way_to(until)]
    whole = sum(weight for _, weight in lengths)
    return [f"{key}={minutes * weight / whole:.2f}" for key, weight in lengths]
