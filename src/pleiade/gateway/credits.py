"""What prepaid organisations may still use: their credits as the ledger knows them."""

import sqlalchemy as sa

from pleiade.domain.tenants import Billing
from pleiade.ledger.balances import balances, spent_by
from pleiade.quota import Credit
from pleiade.store import reading
from pleiade.store.tenants import organisations

Credits = dict[tuple[str, str], Credit]  # by organisation and currency


def read_credits(db: sa.Engine, month: str) -> Credits:
    """What every prepaid organisation may use in that month ("2026-11"). May block. Raises StoreError.

    What was spent is read before what is left: a call that is booked in between makes the sum smaller, never larger.
    """
    table = organisations.c
    query = sa.select(table.id).where(table.billing == Billing.PREPAID, table.deleted == 0)
    with reading(db) as connection:
        ids = list(connection.scalars(query))
    booked = spent_by(db, "organisation", ids, month)
    left = balances(db, [f"credits:{id}" for id in ids])
    found: Credits = {}
    for account, currency in left:
        id = account.removeprefix("credits:")
        of_month = booked.get((id, currency), 0)
        found[id, currency] = Credit(of_month - left[account, currency], of_month)
    return found
