"""What calls did over a time, in steps and in sum, and how each deployment fared: folds of the sums of runs."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.ledger.folds import joined, nano_sums
from pleiade.runs.buckets import quantile
from pleiade.runs.sums import COUNTED, FIRST, HOUR, MINUTE, SUMMED, WHOLE
from pleiade.store.runs import run_sums, run_times

K = TypeVar("K", bound=Hashable)
_NUMBERS = tuple(name for name in (*COUNTED, *SUMMED) if name != "cost")


class Range(msgspec.Struct, frozen=True):
    """A time that can be asked for: how long, in which steps, from which sums."""

    seconds: int
    step: int
    span: int


RANGES = {
    "1h": Range(HOUR, MINUTE, MINUTE),
    "24h": Range(24 * HOUR, 15 * MINUTE, MINUTE),
    "7d": Range(7 * 24 * HOUR, HOUR, HOUR),
    "30d": Range(30 * 24 * HOUR, 6 * HOUR, HOUR),
}


class Tally(msgspec.Struct):
    """What some calls add up to."""

    numbers: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(_NUMBERS, 0))
    costs: dict[str, int] = {}  # currency → nano
    first: dict[int, int] = {}  # bucket → calls
    whole: dict[int, int] = {}

    def add(self, other: "Tally") -> None:
        """Add another one's."""
        _add(self.numbers, other.numbers)
        _add(self.costs, other.costs)
        _add(self.first, other.first)
        _add(self.whole, other.whole)

    def quantiles(self) -> dict[str, float | None]:
        """Times in milliseconds, within a tenth."""
        return {
            "first_token_p50_ms": quantile(self.first, 0.5),
            "first_token_p95_ms": quantile(self.first, 0.95),
            "total_p50_ms": quantile(self.whole, 0.5),
            "total_p95_ms": quantile(self.whole, 0.95),
        }


def _add(mine: dict[K, int], its: Mapping[K, int]) -> None:
    for name, count in its.items():
        mine[name] = mine.get(name, 0) + count


def fold(
    connection: sa.Connection, organisation: str, projects: Sequence[str], wanted: Range, now: int
) -> tuple[list[int], dict[int, Tally], dict[str, Tally]]:
    """The starts of the steps up to `now`; what happened in each that had calls; and the same by deployment."""
    last = now - now % wanted.step + wanted.step
    first = last - wanted.seconds
    steps: dict[int, Tally] = {}
    deployments: dict[str, Tally] = {}

    def tallies(start: int, deployment: str) -> tuple[Tally, Tally]:
        return steps.setdefault(start, Tally()), deployments.setdefault(deployment, Tally())

    table = run_sums.c
    sums = [sa.func.sum(table[name]) for name in _NUMBERS]
    for start, deployment, currency, *numbers, units, nano in _rows(
        connection,
        run_sums,
        [table.currency],
        [*sums, *nano_sums(table.cost)],
        organisation,
        projects,
        wanted,
        first,
        last,
    ):
        cost = joined(units, nano)
        told = Tally(
            numbers=dict(zip(_NUMBERS, map(int, numbers), strict=True)),
            costs={currency: cost} if currency and cost else {},
        )
        for tally in tallies(start, deployment):
            tally.add(told)
    times = run_times.c
    for start, deployment, what, bucket, calls in _rows(
        connection,
        run_times,
        [times.what, times.bucket],
        [sa.func.sum(times.calls)],
        organisation,
        projects,
        wanted,
        first,
        last,
    ):
        told = Tally(first={bucket: int(calls)}) if what == FIRST else Tally(whole={bucket: int(calls)})
        assert what in (FIRST, WHOLE)
        for tally in tallies(start, deployment):
            tally.add(told)
    return list(range(first, last, wanted.step)), steps, deployments


def _rows(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[sa.ColumnElement[Any]],
    sums: Sequence[sa.ColumnElement[Any]],
    organisation: str,
    projects: Sequence[str],
    wanted: Range,
    first: int,
    last: int,
) -> list[tuple[Any, ...]]:
    step = (table.c.start - table.c.start % wanted.step).label("step")
    chosen = [
        table.c.span == wanted.span,
        table.c.start >= first,
        table.c.start < last,
        table.c.organisation == organisation,
    ]
    if projects:
        chosen.append(table.c.project.in_(projects))
    groups = [step, table.c.deployment, *names]
    return [tuple(row) for row in connection.execute(sa.select(*groups, *sums).where(*chosen).group_by(*groups))]
