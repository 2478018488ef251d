"""How one amount runs down the tranches: which one is in force, how much fits into it, who gets what.

The place in the waterfall is three facts: what was dealt in each stage, what losses wait to be made good, and what
each party has received. Everything is a whole number of smallest units, so each goal and each cap is met to the unit.
"""

import copy
import math
from collections.abc import Iterator
from datetime import date
from enum import StrEnum

import msgspec

from pleiade.settlement.agreement import Agreement, End, cap_on, goal_on
from pleiade.settlement.apportion import apportion, dealt_until


class Stage(msgspec.Struct, frozen=True):
    """A tranche together with who is at its cap in it: as long as neither changes, the shares don't."""

    tranche: int
    capped: tuple[int, ...]


class Kind(StrEnum):
    """What a part of a period's profit was used for."""

    PAID = "paid"  # to the parties
    LOSS = "loss"  # booked to the parties, carried forward
    MADE_GOOD = "made good"  # of a loss carried forward


class Part(msgspec.Struct, frozen=True):
    """A part of a period that one stage divides: `units` is negative for a loss; `shares` sum to it."""

    kind: Kind
    stage: Stage
    units: int
    shares: tuple[int, ...]


class Position:
    """Where the waterfall stands. It changes as amounts run down."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.dealt: dict[Stage, int] = {}
        self.losses: dict[Stage, int] = {}  # oldest first
        self.received = [0] * len(agreement.parties)

    def copy(self) -> "Position":
        """Another one at the same place."""
        other = copy.copy(self)
        other.dealt, other.losses, other.received = dict(self.dealt), dict(self.losses), list(self.received)
        return other

    @property
    def carried(self) -> int:
        """Losses that no profit has made good yet (>= 0)."""
        return sum(self.losses.values())


def run_down(position: Position, units: int, day: date) -> Iterator[Part]:
    """Book `units` of profit or loss as of `day`, part by part; the parts sum to `units`.

    A loss pays nobody and is carried forward, in the shares of the stage in force. A profit first makes good what is
    carried, the oldest loss first and in the shares in which it was booked; the rest is paid, tranche by tranche.
    """
    if units < 0:
        yield _lose(position, -units, day)
        return
    while units and position.losses:
        part = _make_good(position, units)
        units -= part.units
        yield part
    while units:
        stage = stage_on(position, day)
        room = room_in(position, stage, day)
        part = _pay(position, stage, units if room is None else min(units, room))
        units -= part.units
        yield part


def stage_on(position: Position, day: date) -> Stage:
    """The stage in force on `day`: the first tranche that has not ended, and who is at its cap in it."""
    agreement = position.agreement
    number = next(
        number
        for number, tranche in enumerate(agreement.tranches)
        if tranche.end is None or not _has_ended(position, number, tranche.end, day)
    )
    return Stage(number, tuple(n for n in _sharing(agreement, number) if _at_cap(position, n, day)))


def weights_of(agreement: Agreement, stage: Stage) -> list[int]:
    """The shares in `stage` as whole numbers of one common part; a party at its cap passes its share on."""
    shares = list(agreement.tranches[stage.tranche].shares)
    for number in stage.capped:
        shares[agreement.index(agreement.parties[number].then)] += shares[number]
        shares[number] = shares[number] * 0
    common = math.lcm(*(share.denominator for share in shares))
    return [int(share * common) for share in shares]


def room_in(position: Position, stage: Stage, day: date) -> int | None:
    """How many units `stage` still takes until a party is at its cap or the tranche ends; None = any number."""
    agreement, weights = position.agreement, weights_of(position.agreement, stage)
    so_far = position.dealt.get(stage, 0)
    got = apportion(weights, so_far)
    goals = [(n, cap_on(agreement, n, day)) for n in _sharing(agreement, stage.tranche) if n not in stage.capped]
    end = agreement.tranches[stage.tranche].end
    if end is not None and end.goal is not None:
        goals.append((agreement.index(end.party), goal_on(agreement, end.party, end.goal, day)))
    rooms = [
        dealt_until(weights, n, got[n] + goal - position.received[n]) - so_far
        for n, goal in goals
        if goal is not None and weights[n]
    ]
    return min(rooms, default=None)


def profit_until_next(position: Position, day: date) -> int | None:
    """The profit that it takes from here, losses made good first, until the tranche in force on `day` ends.

    None where profit alone does not end it: the last tranche, or one that ends by a date only.
    """
    ahead = position.copy()
    needed = ahead.carried
    ahead.losses.clear()
    stage = first = stage_on(ahead, day)
    while stage.tranche == first.tranche:
        room = room_in(ahead, stage, day)
        if room is None:
            return None
        _pay(ahead, stage, room)
        needed += room
        stage = stage_on(ahead, day)
    return needed


def _lose(position: Position, units: int, day: date) -> Part:
    stage = stage_on(position, day)
    weights, before = weights_of(position.agreement, stage), position.losses.get(stage, 0)
    shares = _minus(apportion(weights, before), apportion(weights, before + units))
    position.losses[stage] = before + units
    return Part(Kind.LOSS, stage, -units, shares)


def _make_good(position: Position, units: int) -> Part:
    stage, before = next(iter(position.losses.items()))
    weights, good = weights_of(position.agreement, stage), min(units, before)
    shares = _minus(apportion(weights, before), apportion(weights, before - good))
    position.losses[stage] = before - good
    if good == before:
        del position.losses[stage]
    return Part(Kind.MADE_GOOD, stage, good, shares)


def _pay(position: Position, stage: Stage, units: int) -> Part:
    weights, before = weights_of(position.agreement, stage), position.dealt.get(stage, 0)
    shares = _minus(apportion(weights, before + units), apportion(weights, before))
    position.dealt[stage] = before + units
    position.received = [had + share for had, share in zip(position.received, shares, strict=True)]
    return Part(Kind.PAID, stage, units, shares)


def _minus(one: list[int], other: list[int]) -> tuple[int, ...]:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _sharing(agreement: Agreement, tranche: int) -> list[int]:
    """Numbers of the parties that have a share of their own in the tranche."""
    return [number for number, share in enumerate(agreement.tranches[tranche].shares) if share]


def _at_cap(position: Position, number: int, day: date) -> bool:
    cap = cap_on(position.agreement, number, day)
    return cap is not None and position.received[number] >= cap


def _has_ended(position: Position, number: int, end: End, day: date) -> bool:
    agreement = position.agreement
    if end.last_day is not None and day > end.last_day:
        return True
    if end.goal is not None:
        received = position.received[agreement.index(end.party)]
        if received >= goal_on(agreement, end.party, end.goal, day):
            return True
    capped = [n for n in _sharing(agreement, number) if agreement.parties[n].cap is not None]
    return end.caps and all(_at_cap(position, n, day) for n in capped)
