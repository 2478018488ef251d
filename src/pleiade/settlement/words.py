"""The waterfall in words: why a part is divided as it is, what ends a tranche, what remains."""

from collections.abc import Sequence
from datetime import date

from pleiade.settlement.agreement import Agreement, Party, cap_on, goal_on
from pleiade.settlement.amounts import grouped, percent
from pleiade.settlement.settling import Next, Settlement
from pleiade.settlement.waterfall import Kind, Part


def end_told(agreement: Agreement, number: int, day: date) -> str:
    """When the tranche ends, with the amounts of that day: "until microsoft has received 13,000,000,000.00"."""
    end = agreement.tranches[number].end
    if end is None:
        return "for good"
    told = []
    if end.goal is not None:
        goal = grouped(goal_on(agreement, end.party, end.goal, day), agreement.digits)
        told.append(f"until {end.party} has received {goal}")
    if end.last_day is not None:
        told.append(f"through {end.last_day}")
    if end.caps:
        shares = agreement.tranches[number].shares
        caps = [
            f"{party.id} {grouped(cap, agreement.digits)}"
            for n, party in enumerate(agreement.parties)
            if shares[n] and (cap := cap_on(agreement, n, day)) is not None
        ]
        told.append(f"until at their caps: {' and '.join(caps)}")
    return " or ".join(told)


def shares_told(agreement: Agreement, number: int) -> str:
    """The shares of a tranche: "75 % microsoft, 25 % other_investors"."""
    named = zip(agreement.parties, agreement.tranches[number].shares, strict=True)
    return ", ".join(f"{percent(share)} {party.id}" for party, share in named if share)


def why(agreement: Agreement, part: Part, day: date) -> str:
    """Which tranche divides this part, by which shares, and until when."""
    tranche = agreement.tranches[part.stage.tranche]
    shares = shares_told(agreement, part.stage.tranche)
    for party in capped(agreement, part):
        shares += f"; {party.id} is at its cap, its share falls to {party.then}"
    match part.kind:
        case Kind.PAID:
            return f"{tranche.name}: {shares}, {end_told(agreement, part.stage.tranche, day)}"
        case Kind.LOSS:
            return f"loss, carried forward: {shares}, as in {tranche.name}"
        case Kind.MADE_GOOD:
            return f"makes good a loss carried forward: {shares}, as it was booked"


def capped(agreement: Agreement, part: Part) -> list[Party]:
    """Who was at its cap while this part was divided."""
    return [agreement.parties[number] for number in part.stage.capped]


def remaining_told(agreement: Agreement, remaining: Next, carried: int) -> list[str]:
    """What remains until the tranche in force ends, in sentences."""
    digits, tranche = agreement.digits, agreement.tranches[remaining.tranche].name
    told = []
    if carried:
        told.append(f"Losses of {grouped(carried, digits)} are carried forward; the next profits make them good first.")
    lacking = [f"{agreement.parties[n].id} lacks {grouped(units, digits)}" for n, units in remaining.lacking]
    if lacking:
        told.append(f"Until {tranche} ends, {' and '.join(lacking)}.")
    if remaining.profit is not None:
        told.append(f"Further profits of {grouped(remaining.profit, digits)} end {tranche}.")
    if remaining.last_day is not None:
        told.append(f"{tranche} ends with {remaining.last_day} at the latest.")
    return told or [f"{tranche} is the last tranche."]


def cumulative(settlement: Settlement) -> list[list[int]]:
    """What each party has been paid by the end of each period, in smallest units."""
    sums, rows = [0] * len(settlement.agreement.parties), []
    for settled in settlement.periods:
        sums = [before + paid for before, paid in zip(sums, settled.paid, strict=True)]
        rows.append(sums)
    return rows


def ended_in(settlement: Settlement) -> dict[int, list[str]]:
    """Names of the tranches that ended in each period, by the period's number."""
    ended: dict[int, list[str]] = {}
    for tranche, number in zip(settlement.agreement.tranches, settlement.ends, strict=True):
        if number is not None:
            ended.setdefault(number, []).append(tranche.name)
    return ended


def ended_told(names: Sequence[str]) -> str:
    """That these tranches end: "recovery ends"."""
    return f"{' and '.join(names)} {'ends' if len(names) == 1 else 'end'}"


def assumptions_told(agreement: Agreement) -> list[str]:
    """The values that the agreement's text is silent about, as "name = value"."""
    return [f"{name} = {value}" for name, value in agreement.assumptions.items()]


def missing_told(missing: Sequence[str]) -> str:
    """A note about days that no period covers; "" where there are none."""
    return f"no period covers {', '.join(missing)}: counted as no profit" if missing else ""
