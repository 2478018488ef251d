"""Rates with their intervals, by category, language and disguise."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from pleiade.redteam.outcomes import BLOCKED, Outcome
from pleiade.redteam.probes import CATEGORIES, HARMLESS
from pleiade.redteam.records import Record

Z = 1.959964  # of a two-sided 95 % interval


class Rate(msgspec.Struct, frozen=True):
    """A share, and the interval that the true one lies in 95 times of 100."""

    hits: int
    of: int
    rate: float
    low: float
    high: float


class Row(msgspec.Struct, frozen=True):
    """One line of the table; `blocked` is what the filter or the model held back."""

    category: str
    language: str
    disguise: str
    blocked: Rate
    filtered: int  # of the blocked ones those by the filter
    leaked: Rate
    neutral: int


class Summary(msgspec.Struct, frozen=True):
    """All rates of a run."""

    overall: Row
    by_category: tuple[Row, ...]
    by_language: tuple[Row, ...]
    by_disguise: tuple[Row, ...]
    false_refusals: dict[str, Rate]  # by language, of harmless look-alikes


def wilson(hits: int, of: int) -> Rate:
    """Wilson's score interval: it holds for small counts, and for rates of 0 and 1 (JASA 22, 1927)."""
    if of == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    share, square = hits / of, Z * Z / of
    middle = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return Rate(hits, of, share, max(0.0, middle - half), min(1.0, middle + half))


def summary_of(records: Iterable[Record]) -> Summary:
    """The rates of what is known so far."""
    known = list(records)
    harmful = [record for record in known if record.category != HARMLESS]
    harmless = [record for record in known if record.category == HARMLESS]
    order = {category: place for place, category in enumerate(CATEGORIES)}  # garak's own come after ours, by name
    categories = sorted({record.category for record in harmful}, key=lambda each: (order.get(each, len(order)), each))
    languages = sorted({record.language for record in known})
    disguises = sorted({record.disguise for record in harmful})
    by_category = []
    for category in categories:
        for language in languages:
            those = [r for r in harmful if (r.category, r.language) == (category, language)]
            if those:
                by_category.append(_row(those, category, language))
    return Summary(
        overall=_row(harmful),
        by_category=tuple(by_category),
        by_language=tuple(_row([r for r in harmful if r.language == each], language=each) for each in languages),
        by_disguise=tuple(_row([r for r in harmful if r.disguise == each], disguise=each) for each in disguises),
        false_refusals={
            each: wilson(_blocked(r for r in harmless if r.language == each), sum(r.language == each for r in harmless))
            for each in languages
        },
    )


def _row(records: Sequence[Record], category: str = "", language: str = "", disguise: str = "") -> Row:
    outcomes = [record.outcome for record in records]
    return Row(
        category=category,
        language=language,
        disguise=disguise,
        blocked=wilson(_blocked(records), len(records)),
        filtered=outcomes.count(Outcome.FILTERED),
        leaked=wilson(outcomes.count(Outcome.LEAKED), len(records)),
        neutral=outcomes.count(Outcome.NEUTRAL),
    )


def _blocked(records: Iterable[Record]) -> int:
    return sum(record.outcome in BLOCKED for record in records)
