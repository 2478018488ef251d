"""Where a bill's lines come from: the calls of its month in the ledger, by day and model, and the prices they had."""

from typing import NamedTuple

import sqlalchemy as sa

from pleiade.domain.price import Price
from pleiade.invoices.document import Document
from pleiade.invoices.meter import DAY, payers
from pleiade.ledger.folds import columns_by, joined, nano_sums
from pleiade.prices import book_in
from pleiade.store import reading
from pleiade.store.books import rollups, series

COUNTED = ("calls", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "images")


class Origin(NamedTuple):
    """What one model's calls of one day were, and cost at list prices."""

    start: int  # Unix seconds
    model: str
    project: str
    calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    images: int
    cost: int  # nano


def origins(db: sa.Engine, document: Document) -> list[Origin]:
    """The calls that a bill is about, by day, model and project; their costs add up to its lines of usage.

    Calls that reached the ledger late for an earlier month stand at their own day. Raises StoreError.
    """
    by = [rollups.c.start, *columns_by(["model", "project"])]
    sums = [sa.func.sum(rollups.c[name]) for name in COUNTED]
    query = (
        sa.select(*by, *sums, *nano_sums(rollups.c.cost))
        .join_from(series, rollups, rollups.c.series == series.c.id)
        .where(
            series.c.organisation == document.organisation,
            series.c.period == document.period,
            series.c.currency == document.currency,
            series.c.debit.in_(payers(document.organisation)),
            rollups.c.span == DAY,
        )
        .group_by(*by)
        .order_by(*by)
    )
    with reading(db) as connection:
        return [
            Origin._make((*row[:3], *(int(count) for count in row[3:-2]), joined(int(row[-2]), int(row[-1]))))
            for row in connection.execute(query)
        ]


def prices_of(db: sa.Engine, document: Document) -> list[Price]:
    """The price versions that its lines name, in their order. Raises StoreError."""
    with reading(db) as connection:
        book = book_in(connection)
    found = (book.get(name) for name in dict.fromkeys(line.price for line in document.lines if line.price))
    return [price for price in found if price is not None]
