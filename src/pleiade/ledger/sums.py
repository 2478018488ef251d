"""Counting entries: by hour and by day for each series, and by day for the coarse series of the totals."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pleiade.domain.books import Entry
from pleiade.ledger.bulk import adding, insert_rows
from pleiade.store.books import rollups, totals

HOUR, DAY = 3600, 86400  # seconds
SUMS = tuple(column.name for column in rollups.columns if not column.primary_key)

Key = tuple[int, int]  # start in Unix seconds, number of the series


class Sums:
    """What a batch of entries adds to the sums of the database."""

    def __init__(self) -> None:
        self._hours: dict[Key, list[int]] = {}
        self._coarse: dict[int, int] = {}  # number of a series → number of its coarse one

    def add(self, entry: Entry, number: int, coarse: int) -> None:
        """Count an entry in its hour, in the order of SUMS."""
        self._coarse[number] = coarse
        key = (entry.time_ms // (1000 * HOUR) * HOUR, number)
        sums = self._hours.get(key)
        if sums is None:
            sums = self._hours[key] = [0] * len(SUMS)
        sums[0] += 1
        sums[1] += entry.estimated
        sums[2] += entry.prompt_tokens
        sums[3] += entry.cached_tokens
        sums[4] += entry.completion_tokens
        sums[5] += entry.reasoning_tokens
        sums[6] += entry.images
        sums[7] += entry.audio
        sums[8] += entry.cost
        sums[9] += entry.ms

    def write(self, connection: sa.Connection) -> None:
        """Add all to the database's, in the order of keys (so that no two keepers wait for each other in a circle)."""
        days = _merged((start - start % DAY, number, sums) for (start, number), sums in self._hours.items())
        coarse = _merged((start, self._coarse[number], sums) for (start, number), sums in days.items())
        by_hour = [(HOUR, *key, *self._hours[key]) for key in sorted(self._hours)]
        by_day = [(DAY, *key, *days[key]) for key in sorted(days)]
        insert_rows(connection, rollups, by_hour + by_day, adding(rollups, SUMS))
        insert_rows(connection, totals, [(*key, *coarse[key]) for key in sorted(coarse)], adding(totals, SUMS))


def _merged(rows: Iterable[tuple[int, int, Sequence[int]]]) -> Mapping[Key, Sequence[int]]:
    """Sums of rows that have the same start and number."""
    found: dict[Key, Sequence[int]] = {}
    for start, number, sums in rows:
        before = found.get((start, number))
        found[start, number] = sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]
    return found
