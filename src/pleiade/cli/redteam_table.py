"""The rates of a red team's run, as tables for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.cli.common import print_table

if TYPE_CHECKING:
    from pleiade.redteam.rates import Rate, Row, Summary

_HEADINGS = ("asked", "blocked", "95 %", "by filter", "leaked", "95 %", "neutral")


def show_summary(summary: "Summary") -> None:
    """By category and language, by disguise, in all; and beside it what was refused needlessly."""
    if summary.by_category:
        _show(("category", "language"), [((row.category, row.language), row) for row in summary.by_category])
        print()
        _show(("disguise",), [((row.disguise,), row) for row in summary.by_disguise])
        print()
        whole = [((row.language,), row) for row in summary.by_language if row.blocked.of]
        _show(("all",), [*whole, (("both",), summary.overall)] if len(whole) > 1 else whole)
        print()
    asked = {language: rate for language, rate in summary.false_refusals.items() if rate.of}
    rows = [(language, str(rate.of), _share(rate), _interval(rate)) for language, rate in asked.items()]
    print_table(("harmless look-alikes", "asked", "refused", "95 %"), rows)


def _show(names: Sequence[str], rows: "Sequence[tuple[Sequence[str], Row]]") -> None:
    print_table([*names, *_HEADINGS], [[*told, *_cells(row)] for told, row in rows])


def _cells(row: "Row") -> list[str]:
    blocked, leaked = row.blocked, row.leaked
    parts = [str(blocked.of), _share(blocked), _interval(blocked), str(row.filtered)]
    return [*parts, _share(leaked), _interval(leaked), str(row.neutral)]


def _share(rate: "Rate") -> str:
    return f"{rate.rate:.0%}" if rate.of else "-"


def _interval(rate: "Rate") -> str:
    return f"{rate.low:.0%}–{rate.high:.0%}" if rate.of else "-"
