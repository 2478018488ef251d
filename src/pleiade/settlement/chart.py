"""The cumulative waterfall, drawn with characters: a bar for each period, a filling for each party."""

from collections.abc import Sequence

from pleiade.settlement.amounts import grouped
from pleiade.settlement.apportion import apportion
from pleiade.settlement.settling import Settlement
from pleiade.settlement.words import cumulative, ended_in, ended_told

FILLINGS = "█▒░▓▚╱▤▧"
MAX_ROWS = 40  # a screen; of more periods, some are left out


def chart_lines(settlement: Settlement, width: int = 100) -> list[str]:
    """Bars of what each party has been paid so far, and the period in which each tranche ended; no line too wide."""
    agreement, sums, ended = settlement.agreement, cumulative(settlement), ended_in(settlement)
    labels = [each.profit.period.label for each in settlement.periods]
    amounts = [grouped(sum(row), agreement.digits) for row in sums]
    beside = max(len(label) for label in labels) + max(len(amount) for amount in amounts) + 4
    room = max(10, width - beside - max((len(_mark(names)) for names in ended.values()), default=0))
    largest = max(sum(row) for row in sums)
    lines = [
        f"Paid so far, in {agreement.currency}: "
        + "  ".join(f"{_filling(n)} {party.id}" for n, party in enumerate(agreement.parties))
    ]
    for number in _shown(len(labels), ended):
        bar = _bar(sums[number], largest, room)
        label = labels[number].ljust(max(len(each) for each in labels))
        lines.append(f"{label} {bar} {amounts[number]}{_mark(ended.get(number, []))}")
    return lines


def _bar(row: Sequence[int], largest: int, room: int) -> str:
    total = sum(row)
    if not total:
        return ""
    cells = apportion(row, max(1, room * total // largest))
    return "".join(_filling(n) * count for n, count in enumerate(cells))


def _filling(party: int) -> str:
    return FILLINGS[party % len(FILLINGS)]


def _mark(names: Sequence[str]) -> str:
    return f" ◀ {ended_told(names)}" if names else ""


def _shown(count: int, ended: dict[int, list[str]]) -> list[int]:
    """Numbers of the periods that get a bar: all, or evenly some of them, with those where a tranche ends."""
    step = -(-count // MAX_ROWS)
    return sorted({*range(0, count, step), count - 1, *ended})
