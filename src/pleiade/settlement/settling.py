"""From profits by period to who gets what, why, and what remains: a fold over the waterfall."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import msgspec

from pleiade.settlement.agreement import Agreement, cap_on, goal_on
from pleiade.settlement.periods import Period
from pleiade.settlement.waterfall import Kind, Part, Position, profit_until_next, run_down, stage_on


class Profit(msgspec.Struct, frozen=True):
    """The profit of a period in smallest units; a loss is negative."""

    period: Period
    units: int


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What remains at the end of a period until the tranche in force ends."""

    tranche: int
    profit: int | None  # further profit that ends it; None = profit alone does not
    lacking: tuple[tuple[int, int], ...]  # whose receipts end it (all of them), by number, and what each still lacks
    last_day: date | None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """One period: its parts, and each party's share of the whole."""

    profit: Profit
    parts: tuple[Part, ...]
    shares: tuple[int, ...]  # sum to the profit
    paid: tuple[int, ...]  # of these, what the parties receive
    carried: int  # losses carried forward at its end, >= 0
    next: Next


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """All periods under one agreement."""

    agreement: Agreement
    periods: tuple[Settled, ...]
    totals: tuple[int, ...]  # sum to the sum of the profits
    paid: tuple[int, ...]
    ends: tuple[int | None, ...]  # of each tranche: the number of the period in which it ended


def settle(agreement: Agreement, profits: Sequence[Profit]) -> Settlement:
    """Divide `profits`, which are in order of time (periods.check_order), by `agreement`."""
    position, everyone = Position(agreement), range(len(agreement.parties))
    ends: list[int | None] = [None] * len(agreement.tranches)
    settled: list[Settled] = []
    for number, profit in enumerate(profits):
        parts = _together(part for day, units in _by_day(agreement, profit) for part in run_down(position, units, day))
        remaining = _next(position, profit.period.last)
        over = remaining.tranche + (remaining.last_day == profit.period.last)  # a tranche that ends with this very day
        for tranche in range(len(ends)):
            if tranche >= over:
                ends[tranche] = None  # not yet; or again in force, as there was a further investment
            elif ends[tranche] is None:
                ends[tranche] = number
        settled.append(
            Settled(
                profit=profit,
                parts=parts,
                shares=tuple(sum(part.shares[n] for part in parts) for n in everyone),
                paid=tuple(sum(part.shares[n] for part in parts if part.kind is Kind.PAID) for n in everyone),
                carried=position.carried,
                next=remaining,
            )
        )
    return Settlement(
        agreement=agreement,
        periods=tuple(settled),
        totals=tuple(sum(each.shares[n] for each in settled) for n in everyone),
        paid=tuple(position.received),
        ends=tuple(ends),
    )


def due(settlement: Settlement, new: int) -> tuple[int, ...]:
    """What the last `new` periods pay to each party, in smallest units."""
    periods = settlement.periods[len(settlement.periods) - new :]
    return tuple(sum(each.paid[n] for each in periods) for n in range(len(settlement.agreement.parties)))


def _by_day(agreement: Agreement, profit: Profit) -> Iterator[tuple[date, int]]:
    """The period cut where a date of the agreement lies inside it; its profit is divided by days."""
    period = profit.period
    cuts = {each.day for each in agreement.investments}
    cuts |= {
        tranche.end.last_day + timedelta(days=1)
        for tranche in agreement.tranches
        if tranche.end and tranche.end.last_day and tranche.end.last_day < period.last
    }
    starts = [period.first, *sorted(day for day in cuts if period.first < day <= period.last)]
    sign, whole, given = (-1 if profit.units < 0 else 1), abs(profit.units), 0
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        days = period.days if following is None else (following - period.first).days
        until_then = whole * days // period.days  # of the whole, not of the piece: nothing is lost by rounding
        yield start, sign * (until_then - given)
        given = until_then


def _together(parts: Iterator[Part]) -> tuple[Part, ...]:
    """Parts of the same stage and kind that follow each other become one."""
    joined: list[Part] = []
    for part in parts:
        if joined and (joined[-1].kind, joined[-1].stage) == (part.kind, part.stage):
            before = joined.pop()
            shares = tuple(a + b for a, b in zip(before.shares, part.shares, strict=True))
            part = Part(part.kind, part.stage, before.units + part.units, shares)
        joined.append(part)
    return tuple(joined)


def _next(position: Position, day: date) -> Next:
    agreement = position.agreement
    number = stage_on(position, day).tranche
    end = agreement.tranches[number].end
    goals: list[tuple[int, int | None]] = []
    if end is not None and end.goal is not None:
        goals = [(agreement.index(end.party), goal_on(agreement, end.party, end.goal, day))]
    elif end is not None and end.caps:
        goals = [(n, cap_on(agreement, n, day)) for n, share in enumerate(agreement.tranches[number].shares) if share]
    return Next(
        tranche=number,
        profit=profit_until_next(position, day),
        lacking=tuple((n, max(0, goal - position.received[n])) for n, goal in goals if goal is not None),
        last_day=None if end is None else end.last_day,
    )
