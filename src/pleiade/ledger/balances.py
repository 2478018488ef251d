"""What an account holds, and what a payer has spent in a month: folds of the sums by day and of the transfers."""

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from pleiade.ledger.folds import joined, nano_sums
from pleiade.ledger.periods import check_period
from pleiade.ledger.series import COARSE
from pleiade.ledger.sums import DAY
from pleiade.store import reading
from pleiade.store.books import rollups, series, totals, transfers

Payer = Literal["organisation", "project", "key"]
AT_ONCE = 1000  # names in one statement


def balance(db: sa.Engine, account: str) -> dict[str, int]:
    """Currency → nano that were debited to an account less those credited, all calls and transfers together.

    What an organisation owes is above zero (`receivable:ORG`), what it has left of prepaid credits below
    (`credits:ORG`). Raises StoreError.
    """
    with reading(db) as connection:
        return balance_in(connection, account)


def balance_in(connection: sa.Connection, account: str) -> dict[str, int]:
    """`balance` within a transaction that does more."""
    return {currency: nano for (_, currency), nano in _balances(connection, [account]).items()}


def balances(db: sa.Engine, accounts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Account and currency → nano like `balance`, for many accounts at once. Raises StoreError."""
    found: dict[tuple[str, str], int] = {}
    with reading(db) as connection:
        for first in range(0, len(accounts), AT_ONCE):
            found |= _balances(connection, accounts[first : first + AT_ONCE])
    return found


def _balances(connection: sa.Connection, accounts: Sequence[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    moves = transfers.c
    for side, sign in (("debit", 1), ("credit", -1)):
        calls = (
            sa.select(series.c[side], series.c.currency, *nano_sums(totals.c.cost))
            .join_from(series, totals, totals.c.series == series.c.id)
            .where(series.c[side].in_(accounts))
            .group_by(series.c[side], series.c.currency)
        )
        moved = (
            sa.select(moves[side], moves.currency, sa.func.sum(moves.units), sa.func.sum(moves.nano))
            .where(moves[side].in_(accounts))
            .group_by(moves[side], moves.currency)
        )
        for account, currency, units, nano in (*connection.execute(calls), *connection.execute(moved)):
            if currency:  # "" = calls that were not for sale: they moved nothing
                found[account, currency] = found.get((account, currency), 0) + sign * joined(units, nano)
    return found


def spent(db: sa.Engine, scope: Payer, name: str, period: str) -> dict[str, int]:
    """Currency → nano that calls of an organisation, project or key cost in a month, at list prices.

    Raises LedgerError for what is no month, StoreError.
    """
    return {currency: nano for (_, currency), nano in spent_by(db, scope, [name], period).items()}


def spent_by(db: sa.Engine, scope: Payer, names: Sequence[str], period: str) -> dict[tuple[str, str], int]:
    """Name and currency → nano like `spent`, for many organisations, projects or keys at once."""
    check_period(period)
    table, chosen = (totals, []) if scope in COARSE else (rollups, [rollups.c.span == DAY])
    found: dict[tuple[str, str], int] = {}
    with reading(db) as connection:
        for first in range(0, len(names), AT_ONCE):
            statement = (
                sa.select(series.c[scope], series.c.currency, *nano_sums(table.c.cost))
                .join_from(series, table, table.c.series == series.c.id)
                .where(series.c[scope].in_(names[first : first + AT_ONCE]), series.c.period == period, *chosen)
                .group_by(series.c[scope], series.c.currency)
            )
            for name, currency, units, nano in connection.execute(statement):
                if currency:
                    found[name, currency] = joined(units, nano)
    return found
