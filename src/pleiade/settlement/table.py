"""A settlement for people: tranches, who gets what in each period and why, totals, and what remains."""

from collections.abc import Sequence

from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import decimal, grouped, percent
from pleiade.settlement.periods import gaps
from pleiade.settlement.scenario import Scenario
from pleiade.settlement.settling import Settlement
from pleiade.settlement.waterfall import Kind, Part
from pleiade.settlement.words import assumptions_told, capped, end_told, missing_told, remaining_told, shares_told


def settlement_lines(settlement: Settlement) -> list[str]:
    """The whole page, but for the drawing (chart.py)."""
    agreement, last = settlement.agreement, settlement.periods[-1]
    missing = missing_told(gaps([each.profit.period for each in settlement.periods]))
    return [
        *_heading(agreement),
        "",
        *_tranches(settlement),
        "",
        *_periods(settlement),
        "",
        *remaining_told(agreement, last.next, last.carried),
        *([f"Note: {missing}."] if missing else []),
    ]


def scenarios_lines(scenarios: Sequence[Scenario]) -> list[str]:
    """Growth rates side by side: the year in which each tranche ends, and what each party was paid by the end."""
    agreement = scenarios[0].settlement.agreement
    periods = scenarios[0].settlement.periods
    first, last = periods[0].profit, periods[-1].profit.period
    heads = [f"growth {percent(each.growth)}" for each in scenarios]
    ends = [
        [
            tranche.name,
            *(_year(each.settlement, number) for each in scenarios),
        ]
        for number, tranche in enumerate(agreement.tranches)
        if tranche.end is not None
    ]
    paid = [
        [party.id, *(grouped(each.settlement.paid[n], agreement.digits) for each in scenarios)]
        for n, party in enumerate(agreement.parties)
    ]
    profit = ["profit", *(grouped(sum(each.settlement.totals), agreement.digits) for each in scenarios)]
    return [
        *_heading(agreement),
        f"Profits from {grouped(first.units, agreement.digits)} in {first.period.label}, through {last.label}.",
        "",
        *_aligned([["tranche ends in", *heads], *ends], left=1),
        "",
        *_aligned([[f"paid by {last.label}", *heads], *paid, profit], left=1),
    ]


def _heading(agreement: Agreement) -> list[str]:
    assumed = assumptions_told(agreement)
    return [
        f"{agreement.name}. Amounts in {agreement.currency}, to {decimal(1, agreement.digits)}.",
        *([f"Assumed: {', '.join(assumed)}."] if assumed else []),
    ]


def _tranches(settlement: Settlement) -> list[str]:
    """Two lines for each: its shares; when it ends, or ended."""
    agreement, day = settlement.agreement, settlement.periods[-1].profit.period.last
    width = max(len(tranche.name) for tranche in agreement.tranches)
    lines = []
    for number, tranche in enumerate(agreement.tranches):
        ended = settlement.ends[number]
        when = "" if ended is None else f": ended in {settlement.periods[ended].profit.period.label}"
        lines.append(f"{tranche.name.ljust(width)}  {shares_told(agreement, number)}")
        lines.append(f"{' ' * width}  {end_told(agreement, number, day)}{when}")
    return lines


def _periods(settlement: Settlement) -> list[str]:
    agreement = settlement.agreement
    rows = [["period", "profit", *(party.id for party in agreement.parties), "why"]]
    for each in settlement.periods:
        detailed = len(each.parts) > 1
        whole = "of which:" if detailed else "".join(_why(agreement, part) for part in each.parts)
        rows.append([each.profit.period.label, *_amounts(agreement, each.profit.units, each.shares), whole])
        if detailed:
            rows += [
                ["", *_amounts(agreement, part.units, part.shares), f"  {_why(agreement, part)}"] for part in each.parts
            ]
    rows.append(["total", *_amounts(agreement, sum(settlement.totals), settlement.totals), ""])
    if settlement.paid != settlement.totals:
        rows.append(["paid", *_amounts(agreement, sum(settlement.paid), settlement.paid), ""])
    return _aligned(rows, left=1)


def _amounts(agreement: Agreement, whole: int, parts: Sequence[int]) -> list[str]:
    return [grouped(units, agreement.digits) for units in (whole, *parts)]


def _why(agreement: Agreement, part: Part) -> str:
    tranche = agreement.tranches[part.stage.tranche].name
    at_cap = "".join(f", {party.id} at its cap" for party in capped(agreement, part))
    match part.kind:
        case Kind.PAID:
            return f"{tranche}{at_cap}"
        case Kind.LOSS:
            return f"loss, carried forward as in {tranche}{at_cap}"
        case Kind.MADE_GOOD:
            return f"makes good a loss, as in {tranche}{at_cap}"


def _year(settlement: Settlement, tranche: int) -> str:
    ended = settlement.ends[tranche]
    return "later" if ended is None else settlement.periods[ended].profit.period.label


def _aligned(rows: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Columns: the first `left` ones and words at the end to the left, numbers to the right."""
    columns = range(len(rows[0]))
    widths = [max(len(row[column]) for row in rows) for column in columns]
    words = [column < left or rows[0][column] == "why" for column in columns]
    return [
        "  ".join(
            cell.ljust(width) if word else cell.rjust(width)
            for cell, width, word in zip(row, widths, words, strict=True)
        ).rstrip()
        for row in rows
    ]


def due_lines(agreement: Agreement, due: Sequence[int]) -> list[str]:
    """What is to be paid now: a line for each party."""
    rows = [["due now", agreement.currency]]
    for n, party in enumerate(agreement.parties):
        rows.append([party.id, grouped(due[n], agreement.digits)])
    return _aligned(rows, left=1)
