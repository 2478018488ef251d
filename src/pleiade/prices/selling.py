"""What must be true before something is put on sale."""

import time

import sqlalchemy as sa

from pleiade.domain.model import Model
from pleiade.domain.tenants import Billing
from pleiade.prices.book import require_priced
from pleiade.prices.catalogue import book
from pleiade.prices.errors import UnpricedError
from pleiade.store import reading
from pleiade.store.tenants import organisations


def require_sellable(db: sa.Engine, model: Model) -> None:
    """A model that is made callable has a price in the storefront of every organisation that pays.

    The house's own organisations pay nothing and need none. Raises UnpricedError with a command for each price that is
    missing.
    """
    table = organisations.c
    paying = sa.select(table.storefront).where(
        table.billing != Billing.INTERNAL.value, table.archived == 0, table.deleted == 0
    )
    with reading(db) as connection:
        storefronts = sorted(set(connection.scalars(paying)))
    prices = book(db)
    missing = []
    for storefront in storefronts:
        try:
            require_priced(prices, storefront, model.id, time.time(), kind=model.kind)
        except UnpricedError as error:
            missing.append(str(error))
    if missing:
        raise UnpricedError("\n  ".join(missing))
