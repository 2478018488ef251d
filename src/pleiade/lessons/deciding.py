"""When a candidate is worse, said in one sentence: by the gate's figures, and by what people think of its answers."""

import math

from pleiade.lessons.nouns import LessonSide

Z = 1.96  # two-sided 95 %
LEAST_RATINGS = 5  # of each side, before anybody's thumbs decide anything


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): honest for few ratings, and for none or all of them down."""
    if not of:
        return 0.0, 1.0
    share, squared = count / of, Z * Z
    centre = (share + squared / (2 * of)) / (1 + squared / of)
    half = Z / (1 + squared / of) * math.sqrt(share * (1 - share) / of + squared / (4 * of * of))
    return max(0.0, centre - half), min(1.0, centre + half)


def fails_gate(incumbent: LessonSide, candidate: LessonSide, margin: float) -> str:
    """Why the candidate does not pass the gate; "" = it passes."""
    mine, theirs = incumbent.gate or 0.0, candidate.gate or 0.0
    if theirs < mine - margin:
        return (
            f"The candidate failed the gate: it reaches {theirs:.3f} on {candidate.graded} rows and the model that "
            f"serves now {mine:.3f}; {margin:g} below is allowed."
        )
    allowed = max(1, round(margin * candidate.graded))  # more than the incumbent's: a classifier errs, too
    harmful, before = candidate.flagged, incumbent.flagged
    if harmful is not None and before is not None and harmful > before + allowed:
        return (
            f"The candidate failed the gate: {harmful} of its {candidate.graded} answers are harmful by the "
            f"moderation model, and {before} of the answers of the model that serves now."
        )
    return ""


def fails_canary(incumbent: LessonSide, candidate: LessonSide) -> str:
    """Why people's ratings speak against the candidate; "" = they do not, or not clearly.

    Clearly: the interval of its share of thumbs down lies wholly above the incumbent's.
    """
    if min(_rated(incumbent), _rated(candidate)) < LEAST_RATINGS or candidate.down_low <= incumbent.down_high:
        return ""
    return (
        f"People rate the candidate worse: {_told(candidate)} of its answers down, and {_told(incumbent)} of those of "
        "the model that serves now."
    )


def stands(incumbent: LessonSide, candidate: LessonSide) -> str:
    """What a person who decides should know."""
    return (
        f"The candidate waits for a decision: {_told(candidate)} of its rated answers are down, beside "
        f"{_told(incumbent)} of the others; in the gate it reaches {candidate.gate or 0:.3f} beside "
        f"{incumbent.gate or 0:.3f}."
    )


def _rated(side: LessonSide) -> int:
    return side.up + side.down


def _told(side: LessonSide) -> str:
    return f"{side.down} of {_rated(side)}"
