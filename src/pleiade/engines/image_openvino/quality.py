"""What a picture's quality costs: steps, candidates, and how many of these go on after each step."""

import msgspec

from pleiade.engines.image_openvino.folder import PixConfig


class Effort(msgspec.Struct, frozen=True):
    """How one picture is made."""

    steps: int
    candidates: int


def effort_for(config: PixConfig, quality: str, *, can_rank: bool) -> Effort:
    """The effort of `low`, `medium` or `high`; a model that cannot rank draws one candidate."""
    return Effort(config.steps[quality], config.best_of[quality] if can_rank else 1)


def survivors(candidates: int, steps: int, step: int) -> int:
    """How many candidates go on after `step` steps: half of them fall after each quarter of the way.

    The network predicts the clean picture at every step, so that what it will be can be ranked before it is done.
    """
    quarter = max(1, steps // 4)
    return max(1, candidates >> (step // quarter)) if step < steps else 1
