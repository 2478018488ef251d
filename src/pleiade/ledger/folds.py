"""What every fold of the sums shares: which names calls can be told apart by, and sums that fit no 64 bits."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from pleiade.domain.price import NANO
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.series import NAMES
from pleiade.store.books import series

COUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "images", "audio")
Where = Mapping[str, Collection[str]]  # name → the values that count, e.g. {"project": ["proj_1"]}


def columns_by(names: Sequence[str]) -> list[sa.Column[str]]:
    """Columns to group by. Raises LedgerError for a name that calls are not told apart by."""
    for name in names:
        if name not in NAMES:
            raise LedgerError(f"calls are not told apart by {name!r}: use {', '.join(NAMES)}")
    if len(set(names)) != len(names):
        raise LedgerError(f"{', '.join(names)}: a name is there twice")
    return [series.c[name] for name in names]


def conditions(where: Where) -> list[sa.ColumnElement[bool]]:
    """What `where` asks for. Raises LedgerError for an unknown name."""
    columns = columns_by(list(where))
    return [column.in_(sorted(where[column.name])) for column in columns]


def nano_sums(column: sa.ColumnElement[int]) -> list[sa.ColumnElement[int]]:
    """Two sums whose `joined` value is the column's sum: many months of nano do not fit into 64 bits."""
    return [sa.func.coalesce(sa.func.sum(column // NANO), 0), sa.func.coalesce(sa.func.sum(column % NANO), 0)]


def joined(units: int, nano: int) -> int:
    """The nano that `nano_sums` told (PostgreSQL gives Decimals)."""
    return int(units) * NANO + int(nano)
