"""Whose bills they are: organisations as the store has them, deleted ones too."""

import msgspec
import sqlalchemy as sa

from pleiade.domain.tenants import Organisation
from pleiade.invoices.errors import InvoiceError
from pleiade.store.tenants import organisations


def organisation_of(connection: sa.Connection, organisation: str) -> Organisation:
    """The organisation of that id, deleted ones too: the books name them. Raises InvoiceError."""
    row = connection.execute(sa.select(organisations).where(organisations.c.id == organisation)).mappings().first()
    if row is None:
        raise InvoiceError(f"no organisation has the id {organisation!r}; `pleiade org list` shows them")
    return msgspec.convert({str(name): value for name, value in row.items()}, Organisation)
