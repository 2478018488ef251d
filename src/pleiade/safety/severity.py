"""From probabilities to severities: 0 to 7 inside, safe, low, medium or high outside (wire-contract §5.1)."""

from collections.abc import Sequence
from typing import Literal

from pleiade.safety.taxonomy import AZURE_SEVERITIES, HARMS, TAXONOMY

Level = Literal["safe", "low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("safe", "low", "medium", "high")
LOW, MEDIUM, HIGH = 2, 4, 6

_COLUMNS = [
    (place, TAXONOMY[harm].azure, TAXONOMY[harm].ceiling)
    for place, harm in enumerate(HARMS)
    if TAXONOMY[harm].azure in AZURE_SEVERITIES
]
# A score of `_SURE` reaches the ceiling: calibrated scores near 1 are rare, and a certain threat is no less than one.
_SURE, _DOUBTFUL = 0.8, 0.2


def severities(scores: Sequence[float]) -> dict[str, int]:
    """Azure's four categories, 0 to 7, from the scores of `HARMS`: the worst of the harms that each covers.

    A harm counts by its ceiling, and less where it is doubtful: nothing below a score of 0.2, all of it from 0.8 on.
    """
    found = dict.fromkeys(AZURE_SEVERITIES, 0)
    for place, category, ceiling in _COLUMNS:
        share = min(max((float(scores[place]) - _DOUBTFUL) / (_SURE - _DOUBTFUL), 0.0), 1.0)
        found[category] = max(found[category], round(ceiling * share))
    return found


def level(severity: int) -> Level:
    """The word for a severity: 0–1 safe, 2–3 low, 4–5 medium, 6–7 high."""
    return LEVELS[severity // 2]
