"""Credits: paid before, or given. Those that end first are used first, and what a last month leaves of them expires."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal, minor_unit
from pleiade.domain.price import NANO
from pleiade.domain.tenants import Actor
from pleiade.invoices.acts import name_of, note
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.meter import DAY, LAST_MONTH
from pleiade.ledger.clock import wall_ms
from pleiade.ledger.folds import joined, nano_sums
from pleiade.ledger.periods import check_period, month_of
from pleiade.ledger.posting import post_in
from pleiade.prices.rules import currency_problems
from pleiade.store import unit_of_work
from pleiade.store.books import rollups, series, transfers
from pleiade.store.invoices import credit_grants


class Grant(NamedTuple):
    """Credits that were granted at once."""

    id: str
    currency: str
    amount: int  # nano
    period: str
    last_period: str  # "" = they never expire
    paid: bool


def grants_of(connection: sa.Connection, organisation: str, currency: str) -> list[Grant]:
    """All that an organisation was ever granted, in the order in which they are used."""
    table = credit_grants.c
    query = sa.select(table.id, table.currency, table.amount, table.period, table.last_period, table.paid).where(
        table.organisation == organisation, table.currency == currency
    )
    found = [Grant(*row) for row in connection.execute(query.order_by(table.created, table.id))]
    return sorted(found, key=lambda grant: (grant.last_period or LAST_MONTH, grant.period))


def add_grant(connection: sa.Connection, organisation: str, grant: Grant) -> None:
    """Note a grant, beside its transfer."""
    row = {**grant._asdict(), "organisation": organisation, "created": int(time.time())}
    connection.execute(sa.insert(credit_grants).values(row))


def balance(connection: sa.Connection, account: str, currency: str, through: str) -> int:
    """What was credited to an account less what was debited, in months up to and with `through`, in nano."""
    calls = connection.execute(
        sa.select(*nano_sums(rollups.c.cost))
        .join_from(series, rollups, rollups.c.series == series.c.id)
        .where(
            series.c.debit == account,
            series.c.currency == currency,
            series.c.period <= through,
            rollups.c.span == DAY,
        )
    ).one()
    total = -joined(calls[0], calls[1])
    for column, sign in ((transfers.c.credit, 1), (transfers.c.debit, -1)):
        moved = connection.execute(
            sa.select(sa.func.sum(transfers.c.units), sa.func.sum(transfers.c.nano)).where(
                column == account, transfers.c.currency == currency, transfers.c.period <= through
            )
        ).one()
        total += sign * joined(moved[0] or 0, moved[1] or 0)
    return total


def expiring(connection: sa.Connection, organisation: str, currency: str, through: str) -> list[tuple[Grant, int]]:
    """Grants whose last month is `through` or earlier, with what is left of each; none that has expired already."""
    grants = [grant for grant in grants_of(connection, organisation, currency) if grant.period <= through]
    if not any(grant.last_period and grant.last_period <= through for grant in grants):
        return []
    left = balance(connection, f"credits:{organisation}", currency, through)
    return left_of_ending(grants, _expired(connection, organisation), left, through)


def left_of_ending(
    grants: Sequence[Grant], gone: Mapping[str, int], left: int, through: str
) -> list[tuple[Grant, int]]:
    """What is left of each grant whose last month is `through` or earlier.

    `grants` come in the order in which they are used, `left` nano are left of all together, and of those in `gone` so
    much expired before.
    """
    used = sum(grant.amount for grant in grants if grant.id not in gone) - left
    found = []
    for grant in grants:
        if grant.id in gone:
            continue
        taken = min(grant.amount, max(used, 0))
        used -= taken
        if grant.last_period and grant.last_period <= through:
            found.append((grant, grant.amount - taken))
    return found


def expire_in(
    connection: sa.Connection, organisation: str, storefront: str, through: str, time_ms: int, actor: str
) -> None:
    """Book the end of every grant whose last month is `through` or earlier."""
    query = sa.select(credit_grants.c.currency).where(credit_grants.c.organisation == organisation).distinct()
    for currency in sorted(connection.scalars(query)):
        ended = expiring(connection, organisation, currency, through)
        moves = [_expiry(organisation, storefront, grant, amount, time_ms) for grant, amount in ended if amount]
        post_in(connection, moves, actor)


def grant(
    db: sa.Engine,
    organisation: str,
    storefront: str,
    currency: str,
    nano: int,
    *,
    actor: Actor,
    paid: bool,
    last_period: str = "",
    memo: str = "",
) -> Grant:
    """Grant credits from now on, bought or given; `last_period` is the last month that they can pay for ("": forever).

    Raises InvoiceError for an amount that cannot be paid in the currency, and for a month that is over.
    """
    period = month_of(wall_ms())
    if problems := currency_problems(currency):
        raise InvoiceError("; ".join(problems))
    if nano <= 0 or nano % minor_unit(CURRENCIES[currency]):
        raise InvoiceError(f"credits of {decimal(nano)} {currency}: say an amount above zero that can be paid")
    if last_period:
        check_period(last_period)
        if last_period < period:
            raise InvoiceError(f"{last_period} is over: these credits could pay for nothing")
    made = Grant(f"grant_{secrets.token_hex(12)}", currency, nano, period, last_period, paid)
    transfer = Transfer(
        id=made.id,
        kind=TransferKind.CREDIT,
        debit="cash" if paid else f"discounts:{storefront}",
        credit=f"credits:{organisation}",
        amount=nano,
        currency=currency,
        organisation=organisation,
        reference=made.id,
        memo=memo or ("credits bought" if paid else "credits given"),
    )
    with unit_of_work(db) as connection:
        post_in(connection, [transfer], name_of(actor))
        add_grant(connection, organisation, made)
        told = {"amount": f"{decimal(nano)} {currency}", "paid": str(paid), "until": last_period}
        note(connection, actor, "credits.granted", organisation, made.id, **told)
    return made


def _expiry(organisation: str, storefront: str, grant: Grant, amount: int, time_ms: int) -> Transfer:
    """What books the end of a grant: what was paid for is earned, what was given is taken back."""
    return Transfer(
        id=f"{grant.id}:expired",
        kind=TransferKind.CREDIT,
        debit=f"credits:{organisation}",
        credit=f"revenue:{storefront}" if grant.paid else f"discounts:{storefront}",
        amount=amount,
        currency=grant.currency,
        organisation=organisation,
        time_ms=time_ms,
        reference=grant.id,
        memo=f"credits of {grant.period} that could be used until {grant.last_period}",
    )


def _expired(connection: sa.Connection, organisation: str) -> dict[str, int]:
    query = sa.select(transfers.c.id, transfers.c.units, transfers.c.nano).where(
        transfers.c.debit == f"credits:{organisation}", transfers.c.id.like("%:expired")
    )
    return {row.id.removesuffix(":expired"): row.units * NANO + row.nano for row in connection.execute(query)}
