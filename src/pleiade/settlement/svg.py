"""The cumulative waterfall as a picture: one SVG file that needs nothing else, a panel for each scenario."""

from collections.abc import Sequence
from fractions import Fraction
from xml.sax.saxutils import escape

from pleiade.settlement.amounts import grouped
from pleiade.settlement.settling import Settlement
from pleiade.settlement.words import cumulative, ended_in, ended_told

# Okabe and Ito's colours, which people with any colour vision tell apart.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
WIDTH, TOP, LEFT, RIGHT, BOTTOM = 960, 64, 24, 200, 40
LEGEND = 44  # height of a party in it
LOWEST = 360  # height of a panel with few parties
NARROW = 160  # nearer to the left edge, a label stands right of its line


def draw(panels: Sequence[tuple[str, Settlement]]) -> str:
    """An SVG document: for each (title, settlement), areas of what each party has been paid so far, stacked.

    Lines across mark the periods in which tranches ended.
    """
    agreement = panels[0][1].agreement
    panel = max(LOWEST, TOP + LEGEND * len(agreement.parties) + BOTTOM)
    height = panel * len(panels)
    body = [_panel(title, each, panel * number, panel) for number, (title, each) in enumerate(panels)]
    name = escape(f"{agreement.name}: paid so far, in {agreement.currency}")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            'font-family="system-ui, sans-serif" font-size="13">',
            f"<title>{name}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _panel(title: str, settlement: Settlement, top: int, height: int) -> str:
    agreement, sums = settlement.agreement, cumulative(settlement)
    labels = [each.profit.period.label for each in settlement.periods]
    largest = max(sum(row) for row in sums) or 1
    floor = top + height - BOTTOM
    x = [_between(LEFT, WIDTH - RIGHT, number + 1, len(sums)) for number in range(len(sums))]

    def y(units: int) -> str:
        return _between(floor, top + TOP, units, largest)

    lines = [f'<text x="{LEFT}" y="{top + 24}" font-size="16" font-weight="600">{escape(title)}</text>']
    for n, party in enumerate(agreement.parties):
        below = [0, *(sum(row[:n]) for row in sums)]
        above = [0, *(sum(row[: n + 1]) for row in sums)]
        across = [str(LEFT), *x]
        points = [f"{at},{y(units)}" for at, units in zip(across, above, strict=True)]
        points += [f"{at},{y(units)}" for at, units in reversed(list(zip(across, below, strict=True)))]
        colour = COLOURS[n % len(COLOURS)]
        paid = grouped(settlement.paid[n], agreement.digits)
        told = f"<title>{escape(party.name)}: {paid}</title>"
        lines.append(f'<polygon points="{" ".join(points)}" fill="{colour}">{told}</polygon>')
        at = top + TOP + LEGEND * n
        lines += [
            f'<rect x="{WIDTH - RIGHT + 16}" y="{at}" width="12" height="12" fill="{colour}"/>',
            f'<text x="{WIDTH - RIGHT + 34}" y="{at + 11}">{escape(party.name)}</text>',
            f'<text x="{WIDTH - RIGHT + 34}" y="{at + 28}" fill="#444444">{paid}</text>',
        ]
    for level, (number, names) in enumerate(sorted(ended_in(settlement).items())):
        at, told = top + TOP - 6 - 14 * (level % 2), escape(f"{ended_told(names)} {labels[number]}")
        lines += [
            f'<line x1="{x[number]}" x2="{x[number]}" y1="{at}" y2="{floor}" stroke="#222222" stroke-dasharray="4 3"/>',
            f'<text x="{x[number]}" y="{at}" {_beside(x[number])}>{told}</text>',
        ]
    for quarter in (1, 2, 3, 4):
        units = largest * quarter // 4
        told = grouped(units, agreement.digits)
        lines += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(units)}" y2="{y(units)}" stroke="#00000022"/>',
            f'<text x="{LEFT}" y="{y(units)}" dy="-3" font-size="11" fill="#444444">{told}</text>',
        ]
    lines += [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}" stroke="#222222"/>',
        f'<text x="{LEFT}" y="{floor + 20}">{escape(labels[0])}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{floor + 20}" text-anchor="end">{escape(labels[-1])}</text>',
    ]
    return "\n".join(lines)


def _beside(x: str) -> str:
    """On which side of its line a label has room."""
    return 'dx="4"' if float(x) < NARROW else 'dx="-4" text-anchor="end"'


def _between(start: int, end: int, part: int, whole: int) -> str:
    """A place between two others, to a tenth of a pixel; exact, so that the file is the same everywhere."""
    tenths = round(Fraction(10 * (end - start) * part, whole)) + 10 * start
    return f"{tenths // 10}.{tenths % 10}"
