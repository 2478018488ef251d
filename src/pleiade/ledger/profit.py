"""Profit by month: what the revenue accounts took in, less what the cost accounts took."""

from collections.abc import Sequence

import sqlalchemy as sa

from pleiade.ledger.accounts import COST, REVENUE
from pleiade.ledger.folds import joined, nano_sums
from pleiade.ledger.periods import check_period
from pleiade.store import reading
from pleiade.store.books import series, totals, transfers

Flows = dict[tuple[str, str], dict[str, int]]


def monthly_profit(db: sa.Engine, months: Sequence[str]) -> list[tuple[str, int, str]]:
    """(month, nano, currency) for each month and each currency in which anything was sold or spent in one of them.

    Credits of the classes `revenue` and `discounts`, `own-use`, `cost` and `expense`, less their debits: a month is the
    one that is billed. Raises LedgerError for what is no month, StoreError.
    """
    flows = monthly_flows(db, months)
    currencies = sorted({currency for _, currency in flows})
    return [
        (month, sum(flows.get((month, currency), {}).values()), currency)
        for month in sorted(set(months))
        for currency in currencies
    ]


def monthly_flows(db: sa.Engine, months: Sequence[str]) -> Flows:
    """What each class of account brought (above 0) or took (below 0), in nano, by month and currency.

    The classes are those of `monthly_profit`, whose numbers are these ones' sums. Raises LedgerError, StoreError.
    """
    for month in months:
        check_period(month)
    flows: Flows = {}
    with reading(db) as connection:
        for side, sign in (("credit", 1), ("debit", -1)):
            for currency, month, account, units, nano in (
                *connection.execute(_calls(side, months)),
                *connection.execute(_transfers(side, months)),
            ):
                if currency:
                    classes = flows.setdefault((month, currency), {})
                    kind = account.partition(":")[0]
                    classes[kind] = classes.get(kind, 0) + sign * joined(units, nano)
    return flows


def booked_months(db: sa.Engine, currency: str) -> list[str]:
    """The months in which anything of a profit in `currency` was booked, in order. Raises StoreError."""
    of_calls = sa.select(series.c.period).where(
        series.c.currency == currency, sa.or_(_of_profit(series.c.credit), _of_profit(series.c.debit))
    )
    of_transfers = sa.select(transfers.c.period).where(
        transfers.c.currency == currency, sa.or_(_of_profit(transfers.c.credit), _of_profit(transfers.c.debit))
    )
    with reading(db) as connection:
        return sorted({*connection.scalars(of_calls.distinct()), *connection.scalars(of_transfers.distinct())})


def _calls(side: str, months: Sequence[str]) -> sa.Select[tuple[str, str, str, int, int]]:
    return (
        sa.select(series.c.currency, series.c.period, series.c[side], *nano_sums(totals.c.cost))
        .join_from(series, totals, totals.c.series == series.c.id)
        .where(series.c.period.in_(months), _of_profit(series.c[side]))
        .group_by(series.c.currency, series.c.period, series.c[side])
    )


def _transfers(side: str, months: Sequence[str]) -> sa.Select[tuple[str, str, str, int, int]]:
    account = transfers.c[side]
    return (
        sa.select(
            transfers.c.currency,
            transfers.c.period,
            account,
            sa.func.sum(transfers.c.units),
            sa.func.sum(transfers.c.nano),
        )
        .where(transfers.c.period.in_(months), _of_profit(account))
        .group_by(transfers.c.currency, transfers.c.period, account)
    )


def _of_profit(account: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(account.like(f"{kind}:%") for kind in (*REVENUE, *COST)))
