"""Sums of runs by minute and by hour, and how many took how long: what an overview is told from."""

from collections.abc import Iterable

import sqlalchemy as sa

from pleiade.ledger.bulk import adding, insert_rows
from pleiade.runs.buckets import bucket_of
from pleiade.runs.nouns import OUTCOMES, Run
from pleiade.store.runs import run_sums, run_times

MINUTE, HOUR = 60, 3600
FIRST, WHOLE = 0, 1  # run_times.what
COUNTED = ("calls", "failed", "refused", "cancelled")
SUMMED = ("prompt_tokens", "completion_tokens", "cached_tokens", "images", "cost")

Key = tuple[int, int, str, str, str]  # span, start, organisation, project, deployment


def add_sums(connection: sa.Connection, runs: Iterable[Run]) -> None:
    """Add `runs` to the sums, in the order of their keys (so that no two keepers wait for each other in a circle)."""
    sums: dict[tuple[*Key, str], list[int]] = {}
    times: dict[tuple[*Key, int, int], int] = {}
    for run in runs:
        counted = [1, *(int(run.outcome == outcome) for outcome in OUTCOMES[1:])]
        values = [*counted, *(getattr(run, name) for name in SUMMED)]
        second = run.time_ms // 1000
        deployment = run.deployment if run.model else ""  # what a caller made up is no name of ours
        for span in (MINUTE, HOUR):
            key = (span, second - second % span, run.organisation, run.project, deployment)
            before = sums.get((*key, run.currency))
            sums[*key, run.currency] = (
                values if before is None else [a + b for a, b in zip(before, values, strict=True)]
            )
            if run.outcome == "completed":  # how fast a refusal is tells nothing of the engines
                for what, ms in ((FIRST, run.first_ms if run.stream else 0), (WHOLE, run.ms)):
                    if ms:
                        place = (*key, what, bucket_of(ms))
                        times[place] = times.get(place, 0) + 1
    if sums:
        insert_rows(
            connection, run_sums, [(*key, *sums[key]) for key in sorted(sums)], adding(run_sums, (*COUNTED, *SUMMED))
        )
    if times:
        insert_rows(connection, run_times, [(*key, times[key]) for key in sorted(times)], adding(run_times, ("calls",)))
