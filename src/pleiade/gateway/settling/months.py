"""From an agreement and the ledger's months to a settlement: what is closed as it was, the rest as it is booked."""

import datetime
from collections.abc import Sequence
from fractions import Fraction

import msgspec
import sqlalchemy as sa

from pleiade.invoices import billable
from pleiade.ledger.profit import Flows, booked_months, monthly_flows
from pleiade.settlement import Profit, Settlement, SettlementError, settle
from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import exact
from pleiade.settlement.kept import Kept
from pleiade.settlement.periods import Period
from pleiade.settlement.profits import ledger_profits, months_of
from pleiade.settlement.record import settled_profits
from pleiade.settlement.whatif import Levers, NewShare, profits_if, with_share


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The months that an agreement can be settled for; "" where there are none."""

    first: str  # of all: the first that is closed, or else booked
    last: str  # the newest that is over
    closed: str  # the last that is closed
    running: str  # the month that is not over


class Divided(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement, and what it was made from."""

    settlement: Settlement
    new: int  # how many of its periods, the last ones, are not closed
    flows: Flows  # of the months of the ledger
    left_out: tuple[str, ...]  # currencies in which something was earned too
    late: int  # smallest units that were booked for closed months and come with the next one
    unbilled: tuple[
        tuple[str, int], ...
    ]  # months that are not closed, and how many organisations are still to be billed


def span_of(db: sa.Engine, agreement: Agreement, now: datetime.datetime) -> Span:
    """Which months there are to settle. Raises StoreError."""
    running = now.strftime("%Y-%m")
    last = (now.replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")
    closed = sorted(settled_profits(db, agreement))
    booked = [month for month in booked_months(db, agreement.currency) if month <= running]
    first = closed[0][0].strftime("%Y-%m") if closed else (booked[0] if booked else "")
    return Span(first=first, last=last, closed=closed[-1][1].strftime("%Y-%m") if closed else "", running=running)


def closed_only(db: sa.Engine, kept: Kept) -> Settlement | None:
    """What is closed under an agreement; None where nothing is. Raises SettlementError, StoreError."""
    agreement = kept.agreement()
    closed = settled_profits(db, agreement)
    if not closed:
        return None
    profits = [Profit(_period(*days), closed[days]) for days in sorted(closed)]
    return settle(agreement, profits)


def divided(db: sa.Engine, kept: Kept, first: str, through: str, now: datetime.datetime) -> Divided | None:
    """The settlement through a month, by default the newest that is over; None where nothing is booked.

    Raises SettlementError for months in a wrong order, or closed periods that are no months; LedgerError, StoreError.
    """
    agreement = kept.agreement()
    span = span_of(db, agreement, now)
    begin = span.first if span.closed else first or span.first
    if not begin:
        return None
    end = through or max(span.last, span.closed)
    if not through and end < begin:
        end = begin  # nothing but the month that is running
    if end < span.closed:
        end = span.closed  # what is closed, stays in sight
    months = months_of(f"{begin}..{end}")
    closed = settled_profits(db, agreement)
    named = {_period(*days).label for days in closed}
    if not named <= set(months):
        raise SettlementError(
            "periods that are no months are settled under this agreement: go on with `pleiade settle --profits FILE "
            "--record`"
        )
    flows = monthly_flows(db, months)
    rows = [(month, sum(flows.get((month, agreement.currency), {}).values()), agreement.currency) for month in months]
    profits, late = ledger_profits(rows, months, agreement, closed)
    open_months = [month for month in months if month not in named]
    waiting = ((month, len(billable(db, month))) for month in open_months)
    return Divided(
        settlement=settle(agreement, profits),
        new=len(open_months),
        flows=flows,
        left_out=tuple(sorted({currency for _, currency in flows} - {agreement.currency})),
        late=late,
        unbilled=tuple((month, count) for month, count in waiting if count),
    )


def what_if(
    kept: Kept, months: Sequence[str], flows: Flows, levers: Levers, share: NewShare | None, assumed: dict[str, str]
) -> Settlement:
    """The same months under other circumstances: nothing is read, nothing is written. Raises SettlementError."""
    agreement = kept.agreement(assumed)
    booked = [(month, flows.get((month, agreement.currency), {})) for month in months]
    profits = profits_if(booked, agreement, levers)
    return settle(with_share(agreement, share) if share is not None else agreement, profits)


def number(text: str, what: str) -> Fraction:
    """A number of a request. Raises SettlementError."""
    return exact(text, what)


def _period(first: datetime.date, last: datetime.date) -> Period:
    """A closed period by the shortest name that its days have."""
    month = first.strftime("%Y-%m")
    whole_month = first.day == 1 and (last + datetime.timedelta(days=1)).day == 1
    if whole_month and last.strftime("%Y-%m") == month:
        return Period(month, first, last)
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return Period(f"{first.year:04}", first, last)
    return Period(f"{first}..{last}", first, last)
