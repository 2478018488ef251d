"""Dividing whole units by shares: dealt one after another, each to the party that is furthest behind its share.

This is Sainte-Laguë's method (also Webster's), as parliaments use it for seats. Unlike the largest remainder it
never takes a unit back when there is one more to divide, so what a party has got depends on the total alone, and
not on the periods in which the total came. Of parties that are equally far behind, the one that stands last among
the parties is served first: where the first one's goal ends a tranche, the others have got what is theirs by then.
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
        parts[min(_turn(2 * parts[n] + 1, weight, n) for n, weight in enumerate(weights) if weight)[-1]] += 1
        left -= 1
    while left < 0:
        parts[max(_turn(2 * parts[n] - 1, weight, n) for n, weight in enumerate(weights) if parts[n])[-1]] -= 1
        left += 1
    return parts


def _turn(odd: int, weight: int, party: int) -> tuple[Fraction, int, int]:
    """When a unit is dealt: the smaller, the sooner. A party's units come at 1/weight, 3/weight, 5/weight, …"""
    return Fraction(odd, weight), -party, party


def dealt_until(weights: Sequence[int], party: int, units: int) -> int:
    """How many units have been dealt at the moment when `party` (of weight > 0) gets its `units`-th one (>= 1).

    `apportion(weights, that number)[party]` is `units`, and one unit less gives it one less.
    """
    turn, own = 2 * units - 1, weights[party]
    dealt = units
    for other, weight in enumerate(weights):
        if other == party:
            continue
        # Units of `other` whose turn comes before turn / own, or with it where `other` is served first.
        last = turn * weight // own if other > party else -(-turn * weight // own) - 1
        dealt += (last + 1) // 2
    return dealt
