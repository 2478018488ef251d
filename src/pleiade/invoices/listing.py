"""Bills by the page, the newest month first: thousands of them cost no more than a screenful."""

from typing import NamedTuple

import sqlalchemy as sa

from pleiade.domain.tenants import Organisation
from pleiade.invoices.document import Kind
from pleiade.invoices.organisations import organisation_of
from pleiade.invoices.records import Invoice, Status, read
from pleiade.store import reading
from pleiade.store.invoices import invoices


class Found(NamedTuple):
    """A bill, the credit notes over it, and whose it is."""

    invoice: Invoice
    notes: list[Invoice]
    owner: Organisation


def invoices_page(
    db: sa.Engine,
    *,
    organisation: str = "",
    period: str = "",
    status: Status | None = None,
    kind: Kind | None = None,
    drafts: bool = True,
    after: str = "",
    limit: int = 100,
) -> tuple[list[Invoice], bool] | None:
    """Invoices and credit notes from right after the one with the id `after`, and whether more follow.

    `drafts` False leaves drafts out. None where no such list has an `after`. Raises StoreError.
    """
    table = invoices.c
    where = [
        column == value
        for column, value in (
            (table.organisation, organisation),
            (table.period, period),
            (table.status, status and status.value),
            (table.kind, kind and kind.value),
        )
        if value
    ]
    if not drafts:
        where.append(table.status != Status.DRAFT.value)
    place = sa.tuple_(table.period, table.created, table.id)
    with reading(db) as connection:
        if after:
            query = sa.select(table.period, table.created, table.id).where(table.id == after, *where)
            begin = connection.execute(query).one_or_none()
            if begin is None:
                return None
            where.append(place < sa.tuple_(*(sa.literal(value) for value in begin)))
        newest_first = (table.period.desc(), table.created.desc(), table.id.desc())
        ids = list(connection.scalars(sa.select(table.id).where(*where).order_by(*newest_first).limit(limit + 1)))
        by_id = {invoice.id: invoice for invoice in read(connection, table.id.in_(ids[:limit]))}
        return [by_id[one] for one in ids[:limit]], len(ids) > limit


def invoice_with_notes(db: sa.Engine, invoice_id: str) -> Found | None:
    """A bill, the credit notes over it, and whose it is; None where there is none with that id. Raises StoreError."""
    with reading(db) as connection:
        found = read(connection, invoices.c.id == invoice_id)
        if not found:
            return None
        notes = read(connection, invoices.c.of == invoice_id)
        return Found(found[0], notes, organisation_of(connection, found[0].document.organisation))
