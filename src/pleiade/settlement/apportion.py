"""Dividing whole units by shares: dealt one after another, each to the party that is furthest behind its share.

This is Sainte-Laguë's method (also Webster's), as parliaments use it for seats. Unlike the largest remainder it
never takes a unit back when there is one more to divide, so what a party has got depends on the total alone, and
not on the periods in which the total came. The order of the parties breaks ties.
"""

from collections.abc import Sequence
from fractions import Fraction


def apportion(weights: Sequence[int], units: int) -> list[int]:
    """Whole parts of `units` (>= 0) in proportion to `weights` (>= 0, not all 0); their sum is `units`."""
    total = sum(weights)
    # Every unit whose turn has come by then, ties included: a beginning of the deal, nearly as long as wanted.
    parts = [(2 * units * weight + total) // (2 * total) for weight in weights]
    left = units - sum(parts)
    while left > 0:
        turns = [
            (Fraction(2 * part + 1, weight), n)
            for n, (part, weight) in enumerate(zip(parts, weights, strict=True))
            if weight
        ]
        parts[min(turns)[1]] += 1
        left -= 1
    while left < 0:
        turns = [
            (Fraction(2 * part - 1, weight), n)
            for n, (part, weight) in enumerate(zip(parts, weights, strict=True))
            if part
        ]
        parts[max(turns)[1]] -= 1
        left += 1
    return parts


def dealt_until(weights: Sequence[int], party: int, units: int) -> int:
    """How many units have been dealt at the moment when `party` (of weight > 0) gets its `units`-th one (>= 1).

    `apportion(weights, that number)[party]` is `units`, and one unit less gives it one less.
    """
    turn, own = 2 * units - 1, weights[party]
    dealt = units
    for other, weight in enumerate(weights):
        if other == party:
            continue
        # Units of `other` whose turn (2k + 1) / weight comes before turn / own, or with it if it stands earlier.
        last = turn * weight // own if other < party else -(-turn * weight // own) - 1
        dealt += (last + 1) // 2
    return dealt
