"""Numbers of invoices and credit notes: 1, 2, … without a gap, counted in the transaction that uses them."""

import sqlalchemy as sa

from pleiade.invoices.document import Kind
from pleiade.store.invoices import invoice_numbers

_COUNT = sa.text(
    "INSERT INTO invoice_numbers (name, value) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = invoice_numbers.value + 1"
)


def next_number(connection: sa.Connection, prefix: str, kind: Kind) -> str:
    """The next number of a kind; who comes at the same moment waits for this transaction to end."""
    connection.execute(_COUNT, {"name": kind.value})
    value = connection.scalar(sa.select(invoice_numbers.c.value).where(invoice_numbers.c.name == kind.value))
    return f"{prefix}{value:06d}"
