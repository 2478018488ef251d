"""Profit by month: what the revenue accounts took in, less what the cost accounts took."""

from collections.abc import Sequence

import sqlalchemy as sa

from pleiade.ledger.accounts import COST, REVENUE
from pleiade.ledger.folds import joined, nano_sums
from pleiade.ledger.periods import check_period
from pleiade.store import reading
from pleiade.store.books import series, totals, transfers


def monthly_profit(db: sa.Engine, months: Sequence[str]) -> list[tuple[str, int, str]]:
    """(month, nano, currency) for each month and each currency in which anything was sold or spent in one of them.

    Credits of the classes `revenue` and `discounts`, `own-use`, `cost` and `expense`, less their debits: a month is the
    one that is billed. Raises LedgerError for what is no month, StoreError.
    """
    for month in months:
        check_period(month)
    sums: dict[tuple[str, str], int] = {}
    with reading(db) as connection:
        for side, sign in (("credit", 1), ("debit", -1)):
            for currency, month, units, nano in (
                *connection.execute(_calls(side, months)),
                *connection.execute(_transfers(side, months)),
            ):
                if currency:
                    sums[month, currency] = sums.get((month, currency), 0) + sign * joined(units, nano)
    currencies = sorted({currency for _, currency in sums})
    return [
        (month, sums.get((month, currency), 0), currency) for month in sorted(set(months)) for currency in currencies
    ]


def _calls(side: str, months: Sequence[str]) -> sa.Select[tuple[str, str, int, int]]:
    return (
        sa.select(series.c.currency, series.c.period, *nano_sums(totals.c.cost))
        .join_from(series, totals, totals.c.series == series.c.id)
        .where(series.c.period.in_(months), _of_profit(series.c[side]))
        .group_by(series.c.currency, series.c.period)
    )


def _transfers(side: str, months: Sequence[str]) -> sa.Select[tuple[str, str, int, int]]:
    return (
        sa.select(
            transfers.c.currency, transfers.c.period, sa.func.sum(transfers.c.units), sa.func.sum(transfers.c.nano)
        )
        .where(transfers.c.period.in_(months), _of_profit(transfers.c[side]))
        .group_by(transfers.c.currency, transfers.c.period)
    )


def _of_profit(account: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(account.like(f"{kind}:%") for kind in (*REVENUE, *COST)))
