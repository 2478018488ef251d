"""Feedback read through, with what each row is about; and ratings counted by deployment."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from pleiade.feedback.inbox import list_page
from pleiade.feedback.nouns import About, Given, Verdict, Wanted
from pleiade.feedback.subjects import about
from pleiade.store import reading
from pleiade.store.feedback import feedback

AT_ONCE = 200


def read_through(db: sa.Engine, wanted: Wanted) -> Iterator[tuple[Given, About | None]]:
    """Every row, what changed last first; None beside one without consent, or of which nothing is kept. May block."""
    after: Given | None = None
    while True:
        with reading(db) as connection:
            rows, more = list_page(connection, wanted, after=after, limit=AT_ONCE)
            found = [(given, about(connection, given)) for given in rows]
        yield from found
        if not more:
            return
        after = rows[-1]


def count_verdicts(
    connection: sa.Connection, project: str, deployments: Sequence[str], since: int
) -> dict[tuple[str, Verdict], int]:
    """How often answers of each deployment were rated up and down since a moment (Unix microseconds)."""
    row = feedback.c
    query = (
        sa.select(row.deployment, row.verdict, sa.func.count())
        .where(row.project == project, row.deployment.in_(list(deployments)), row.updated >= since)
        .group_by(row.deployment, row.verdict)
    )
    return {(found[0], found[1]): int(found[2]) for found in connection.execute(query)}
