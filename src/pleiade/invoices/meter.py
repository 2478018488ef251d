"""What an organisation's month holds in the ledger: calls by model, price and outcome, and what else was booked."""

from typing import NamedTuple

import sqlalchemy as sa

from pleiade.domain.books import TransferKind
from pleiade.domain.price import NANO
from pleiade.ledger.folds import COUNTS, columns_by, joined, nano_sums
from pleiade.store.books import rollups, series, transfers

DAY = 86400  # span of the sums that are read, in seconds
LAST_MONTH = "9999-99"  # after every month
SERVICES = (TransferKind.PROVISIONED, TransferKind.TRAINING, TransferKind.ADJUSTMENT)


class Metered(NamedTuple):
    """Calls of one month that cost by the same price and ended alike."""

    currency: str
    model: str
    price: str
    size: str
    quality: str
    outcome: str
    debit: str
    calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    images: int
    audio: int
    cost: int  # nano


class Service(NamedTuple):
    """A transfer that the month's invoice tells: what was provided beside calls. `amount` in nano, below 0 if given."""

    currency: str
    kind: str
    memo: str
    amount: int
    account: str  # of the organisation


def payers(organisation: str) -> tuple[str, str]:
    """The accounts by which an organisation pays: what it owes, and what it has paid before."""
    return f"receivable:{organisation}", f"credits:{organisation}"


def metered(connection: sa.Connection, organisation: str, period: str) -> list[Metered]:
    """The calls that an organisation pays for in a month, in a fixed order; own use of the house is not among them."""
    by = columns_by(["currency", "model", "price", "image_size", "image_quality", "outcome", "debit"])
    sums = [sa.func.sum(rollups.c[name]) for name in ("calls", *COUNTS)]
    query = (
        sa.select(*by, *sums, *nano_sums(rollups.c.cost))
        .join_from(series, rollups, rollups.c.series == series.c.id)
        .where(
            series.c.organisation == organisation,
            series.c.period == period,
            series.c.debit.in_(payers(organisation)),
            rollups.c.span == DAY,
        )
        .group_by(*by)
    )
    rows = []
    for row in connection.execute(query):
        counts = [int(count) for count in row[len(by) : -2]]
        rows.append(Metered._make((*row[: len(by)], *counts, joined(int(row[-2]), int(row[-1])))))
    return sorted(rows)


def services(connection: sa.Connection, organisation: str, period: str) -> list[Service]:
    """What else the organisation was charged or given in a month, in the order in which it was booked."""
    accounts = payers(organisation)
    query = (
        sa.select(transfers)
        .where(
            transfers.c.organisation == organisation,
            transfers.c.period == period,
            transfers.c.kind.in_([kind.value for kind in SERVICES]),
            sa.or_(transfers.c.debit.in_(accounts), transfers.c.credit.in_(accounts)),
        )
        .order_by(transfers.c.sequence)
    )
    found = []
    for row in connection.execute(query):
        charged = row.debit in accounts
        amount = (row.units * NANO + row.nano) * (1 if charged else -1)
        account = row.debit if charged else row.credit
        found.append(Service(row.currency, row.kind, row.memo or row.id, amount, account))
    return found


def charged(connection: sa.Connection, period: str) -> set[str]:
    """Organisations that were charged something in a month, by calls or otherwise."""
    calls = (
        sa.select(series.c.organisation)
        .join_from(series, rollups, rollups.c.series == series.c.id)
        .where(
            series.c.period == period,
            sa.or_(*(series.c.debit.startswith(account) for account in ("receivable:", "credits:"))),
            rollups.c.span == DAY,
            rollups.c.cost != 0,
        )
    )
    booked = sa.select(transfers.c.organisation).where(
        transfers.c.period == period,
        transfers.c.organisation != "",
        transfers.c.kind.in_([kind.value for kind in SERVICES]),
    )
    return {*connection.scalars(calls.distinct()), *connection.scalars(booked.distinct())}


def earlier_months(connection: sa.Connection, organisation: str, period: str) -> set[str]:
    """Months before `period` in which the organisation was charged something."""
    accounts = payers(organisation)
    calls = (
        sa.select(series.c.period)
        .join_from(series, rollups, rollups.c.series == series.c.id)
        .where(
            series.c.organisation == organisation,
            series.c.period < period,
            series.c.debit.in_(accounts),
            rollups.c.span == DAY,
            rollups.c.cost != 0,
        )
    )
    booked = sa.select(transfers.c.period).where(
        transfers.c.organisation == organisation,
        transfers.c.period < period,
        transfers.c.kind.in_([kind.value for kind in SERVICES]),
    )
    return {*connection.scalars(calls.distinct()), *connection.scalars(booked.distinct())}
