"""Drafts from the text itself: what followed the last few tokens the last time they occurred (prompt lookup).

The network checks all drafts of a step at once, and a draft is kept only where it equals the token that the
sampler picks from that position's own logits with that position's own random number. So the text is the
very one that decoding without drafts gives, greedy or not. After arXiv 2304.04487 and A. Saxena's prompt
lookup.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST_DRAFT = 6
_LONGEST_NGRAM = 3
_PAUSE = 48  # tokens without drafts after they kept missing
_WORTH = 0.35  # share of drafts that must be right, for the wider step costs time


class Drafter:
    """Guesses for one sequence, and a memory of how good they were."""

    __slots__ = ("_paused_until", "_rate")

    def __init__(self) -> None:
        self._rate = 0.6  # a moving average of the accepted share; starts hopeful
        self._paused_until = 0

    def propose(self, tokens: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
        """Up to `longest` guesses for what follows `tokens`; none where nothing repeats or pays."""
        if longest <= 0 or len(tokens) < self._paused_until:
            return tokens[:0]
        for size in range(min(_LONGEST_NGRAM, len(tokens) - 1), 1, -1):
            start = latest_occurrence(tokens, size)
            if start >= 0:
                return tokens[start : start + min(longest, LONGEST_DRAFT)]
        return tokens[:0]

    def learn(self, proposed: int, accepted: int, length: int) -> None:
        """Note how a draft went; `length` is the text's length now."""
        if proposed == 0:
            return
        self._rate += 0.25 * (accepted / proposed - self._rate)
        if self._rate < _WORTH:
            self._paused_until = length + _PAUSE
            self._rate = 0.6


def latest_occurrence(tokens: NDArray[np.int64], size: int) -> int:
    """Where the latest earlier occurrence of the last `size` tokens ends; -1 where there is none."""
    count = len(tokens) - size
    matches = tokens[:count] == tokens[-size]
    for offset in range(1, size):
        matches &= tokens[offset : count + offset] == tokens[offset - size]
    places = np.flatnonzero(matches)
    return int(places[-1]) + size if places.size else -1
