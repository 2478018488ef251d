"""A short form of `make crash`, on both databases."""

import pytest

from crash.crash import crash
from pleiade.domain.books import Outcome


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_after_kills_and_a_lost_database_every_call_stands_in_the_books_once(kind: str) -> None:
    report = await crash(callers=40, kills=3, stops=1, kind=kind, seed=7, pause_s=1.0, pace_s=0.1)
    assert not report.problems
    assert report.outcomes[Outcome.CRASHED]
    assert report.outcomes[Outcome.COMPLETED] >= len(report.seen.finished) > 0
    assert report.cost > 0
