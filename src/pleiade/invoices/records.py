"""Invoices and credit notes as the database keeps them."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal
from pleiade.invoices.document import Document, Kind, canonical, parse
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.meter import LAST_MONTH, earlier_months
from pleiade.ledger.periods import closed_of
from pleiade.store import reading
from pleiade.store.invoices import invoices

AT_ONCE = 500  # ids in one question


class Status(StrEnum):
    """Life of an invoice. A credit note is final from the start."""

    DRAFT = "draft"
    FINAL = "final"
    PAID = "paid"


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """A document with its state."""

    id: str
    number: str  # "" while it is a draft
    kind: Kind
    status: Status
    document: Document
    sha256: str  # of the document's canonical bytes
    created: int  # Unix seconds
    finalised: int = 0
    paid: int = 0
    credited: int = 0  # nano, by credit notes
    open: int = 0  # nano, still to be paid

    @property
    def name(self) -> str:
        """What people call it."""
        document = self.document
        return self.number or f"draft of {document.organisation} for {document.period}"


def read(connection: sa.Connection, where: sa.ColumnElement[bool], *, lock: bool = False) -> list[Invoice]:
    """Invoices and credit notes by month and number, with what credit notes took off them."""
    query = sa.select(invoices).where(where).order_by(invoices.c.period, invoices.c.organisation, invoices.c.created)
    rows = connection.execute(query.with_for_update() if lock else query).all()
    found = []
    credited = _notes(connection, [row.id for row in rows])
    for row in rows:
        document = parse(row.document)
        notes = credited[row.id]
        status = Status(row.status)
        owed = document.due - sum(note.total - note.credits for note in notes) if status is Status.FINAL else 0
        found.append(
            Invoice(
                id=row.id,
                number=row.number or "",
                kind=Kind(row.kind),
                status=status,
                document=document,
                sha256=row.sha256,
                created=row.created,
                finalised=row.finalised,
                paid=row.paid,
                credited=sum(note.total for note in notes),
                open=owed if row.kind == Kind.INVOICE else 0,
            )
        )
    return found


def _notes(connection: sa.Connection, invoice_ids: Sequence[str]) -> dict[str, list[Document]]:
    """The credit notes over each of these invoices."""
    found: dict[str, list[Document]] = defaultdict(list)
    table = invoices.c
    for first in range(0, len(invoice_ids), AT_ONCE):
        query = sa.select(table.of, table.document).where(table.of.in_(invoice_ids[first : first + AT_ONCE]))
        for row in connection.execute(query):
            found[row.of].append(parse(row.document))
    return found


def write(connection: sa.Connection, invoice: Invoice, of: str = "") -> None:
    """Insert an invoice; `of`: the id of what a credit note is about.

    Raises IntegrityError where somebody else invoiced that month at the same moment.
    """
    document = invoice.document
    slot = f"{document.organisation}/{document.period}/{document.currency}"
    connection.execute(
        sa.insert(invoices).values(
            id=invoice.id,
            slot=slot if invoice.kind is Kind.INVOICE else invoice.id,
            number=invoice.number or None,
            kind=invoice.kind.value,
            organisation=document.organisation,
            period=document.period,
            currency=document.currency,
            status=invoice.status.value,
            of=of,
            document=canonical(document).decode(),
            sha256=invoice.sha256,
            created=invoice.created,
            finalised=invoice.finalised,
            paid=invoice.paid,
        )
    )


def drop_drafts(connection: sa.Connection, organisation: str, period: str) -> None:
    """Forget the drafts of a month: new ones, or the final invoice, take their place."""
    table = invoices.c
    drafts = sa.and_(table.organisation == organisation, table.period == period, table.status == Status.DRAFT.value)
    connection.execute(sa.delete(invoices).where(drafts))


def draft_ids(connection: sa.Connection, organisation: str, period: str) -> dict[str, str]:
    """The ids of a month's drafts by currency: what takes their place keeps them, so that a link to one goes on."""
    table = invoices.c
    drafts = sa.and_(table.organisation == organisation, table.period == period, table.status == Status.DRAFT.value)
    return {row.currency: row.id for row in connection.execute(sa.select(table.currency, table.id).where(drafts))}


def mark_paid(connection: sa.Connection, invoice_id: str, now: int) -> None:
    """Nothing is open any more: it was paid, or credited."""
    connection.execute(
        sa.update(invoices).where(invoices.c.id == invoice_id).values(status=Status.PAID.value, paid=now)
    )


def hash_of(document: Document) -> str:
    """SHA-256 of a document's canonical bytes, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def get_invoice(db: sa.Engine, wanted: str) -> Invoice:
    """The invoice or credit note of that number or id. Raises InvoiceError."""
    with reading(db) as connection:
        return find(connection, wanted)


def find(connection: sa.Connection, wanted: str, *, lock: bool = False) -> Invoice:
    """`get_invoice`, on a connection; `lock` keeps others from changing it until the transaction ends."""
    found = read(connection, sa.or_(invoices.c.number == wanted, invoices.c.id == wanted), lock=lock)
    if not found:
        raise InvoiceError(f"no invoice has the number {wanted!r}; `pleiade invoice list` shows them")
    return found[0]


def list_invoices(db: sa.Engine, organisation: str = "", period: str = "", status: str = "") -> list[Invoice]:
    """Invoices and credit notes, by month; of one organisation, one month, one status only where said."""
    where = [
        column == value
        for column, value in (
            (invoices.c.organisation, organisation),
            (invoices.c.period, period),
            (invoices.c.status, status),
        )
        if value
    ]
    with reading(db) as connection:
        return read(connection, sa.and_(sa.true(), *where))


def unpaid(db: sa.Engine, organisation: str) -> Sequence[str]:
    """What an organisation still has to pay, in words: invoices that are open, months that are not invoiced yet."""
    with reading(db) as connection:
        due = read(
            connection,
            sa.and_(invoices.c.organisation == organisation, invoices.c.status == Status.FINAL.value),
        )
        said = [
            f"{invoice.number} of {invoice.document.period}: {amount(invoice.open, invoice.document.currency)}"
            for invoice in due
            if invoice.open > 0
        ]
        closed = closed_of(connection, [organisation])
        months = sorted(earlier_months(connection, organisation, LAST_MONTH))
        said += [f"{month} is not invoiced yet" for month in months if (organisation, month) not in closed]
    return said


def amount(nano: int, currency: str) -> str:
    """An amount for people: "12.50 USD"."""
    return f"{decimal(nano, CURRENCIES[currency])} {currency}"
