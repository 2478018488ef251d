"""Markdown tables of numbers: what a card and the page of models share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pleiade.lab.cards.record import Number, Results, SuiteResult

Row = tuple[str, ...]


def table(heading: Row, rows: Iterable[Row]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (heading, ("---",) * len(heading), *rows)]


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def bits_table(told: Results, columns: Sequence[tuple[str, Results]]) -> list[str]:
    """Bits per byte by domain and language, the languages' own lines first; `told` decides which lines there are.

    The protocol stands above.
    """
    bits = [results.bits() for _, results in columns]
    rows = []
    for name, language in told.bits():
        values = (f"{each[name, language]:.3f}" if (name, language) in each else "" for each in bits)
        rows.append((name, language, *values))
    return [
        protocol(told.suites["heldout"]),
        "",
        *table(("domain", "language", *(name for name, _ in columns)), rows),
    ]


def suite_lines(suite: SuiteResult) -> list[str]:
    """A suite's protocol and its numbers."""
    rows = [(cell(n.name), n.language, number_words(n), chance_words(n), f"{n.count:,}") for n in suite.numbers]
    return [
        f"**{suite.title}.** {protocol(suite)}",
        "",
        *table(("", "language", "value", "chance", "n"), rows),
    ]


def protocol(suite: SuiteResult) -> str:
    sampled = (
        "" if suite.items == suite.items_in_set else f" A fixed sample of {suite.items:,} of {suite.items_in_set:,}."
    )
    note = f" {suite.note[0].upper()}{suite.note[1:].rstrip('.')}." if suite.note else ""
    return f"{suite.protocol}{sampled}{note}"


def number_words(number: Number) -> str:
    """A value in its unit, with its standard error."""
    if number.unit == "share":
        error = f" ± {100 * number.error:.1f}" if number.error is not None else ""
        return f"{100 * number.value:.1f}{error} %"
    return (
        f"{number.value:,.3f} {number.unit}" if number.unit == "bits per byte" else f"{number.value:,.1f} {number.unit}"
    )


def chance_words(number: Number) -> str:
    """What guessing gives, where that is known."""
    return f"{100 * number.chance:.1f} %" if number.chance is not None else ""
