"""The life of an invoice: draft, final, paid. Document, number, postings and the closing of the month are one
transaction: all of it happens, or nothing."""

import time
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain.tenants import Actor
from pleiade.invoices import postings
from pleiade.invoices.acts import name_of, note
from pleiade.invoices.credits import expire_in
from pleiade.invoices.document import Document, Kind
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.meter import earlier_months
from pleiade.invoices.numbering import next_number
from pleiade.invoices.opening import open_month
from pleiade.invoices.organisations import organisation_of
from pleiade.invoices.records import (
    Invoice,
    Status,
    amount,
    draft_ids,
    drop_drafts,
    find,
    hash_of,
    mark_paid,
    write,
)
from pleiade.invoices.rules import current_rules
from pleiade.ledger.periods import bounds_of, close_period_in, closed_of, lock_closings, month_of
from pleiade.ledger.posting import post_in
from pleiade.prices import book_in
from pleiade.store import unit_of_work

DAY_S = 86400


def draft(db: sa.Engine, organisation: str, period: str) -> list[Invoice]:
    """What a month's invoice would be now, one for each currency in which something was sold (nearly always one).

    A draft may be made again and again, also while the month runs. Raises InvoiceError where there is nothing to bill
    or the month is final, LedgerError for what is no month, StoreError.
    """
    bounds_of(period)
    now = int(time.time())
    with unit_of_work(db) as connection:
        opened = open_month(connection, book_in(connection), organisation, period)
        ids = draft_ids(connection, organisation, period)
        drop_drafts(connection, organisation, period)
        return [_kept(connection, _named(one.document, ids), Status.DRAFT, now) for one in opened]


def finalise(
    db: sa.Engine,
    organisation: str,
    period: str,
    *,
    actor: Actor,
    now: int = 0,
    seen: Mapping[str, int] | None = None,
) -> list[Invoice]:
    """Make a month's invoice final: number it, post what it adds to the ledger, close the month.

    `seen`: totals (nano, by currency) that somebody looked at before they agreed; where the month has another one by
    now, nothing is done. What calls of that month reach the ledger later belong to the next one. Raises InvoiceError
    where the month is not over, is final already, an earlier one is not, or a seller is missing; LedgerError,
    StoreError.
    """
    begin, end = bounds_of(period)
    now = now or int(time.time())
    if now < end:
        raise InvoiceError(f"{period} is not over (months are UTC's): draft it now, make it final afterwards")
    try:
        with unit_of_work(db) as connection:
            lock_closings(connection)
            rules = current_rules(connection)
            if rules is None:
                raise InvoiceError("who sells? Apply a file with the seller and the taxes: pleiade invoice seller FILE")
            _require_order(connection, organisation, period)
            last_ms = end * 1000 - 1
            storefront = organisation_of(connection, organisation).storefront.value
            expire_in(connection, organisation, storefront, month_of(begin * 1000 - 1), last_ms, name_of(actor))
            final = []
            months = open_month(connection, book_in(connection), organisation, period)
            if seen is not None:
                _require_seen([opened.document for opened in months], seen)
            ids = draft_ids(connection, organisation, period)
            drop_drafts(connection, organisation, period)
            for opened in months:
                document = msgspec.structs.replace(
                    _named(opened.document, ids),
                    number=next_number(connection, rules.numbering.invoices, Kind.INVOICE),
                    issued=now,
                    pay_by=now + rules.days * DAY_S,
                )
                moves = postings.of_invoice(document, opened.calls, opened.services, last_ms)
                post_in(connection, moves, name_of(actor))
                final.append(_kept(connection, document, Status.FINAL if document.due else Status.PAID, now))
            expire_in(connection, organisation, storefront, period, last_ms, name_of(actor))
            close_period_in(connection, organisation, period)
            for invoice in final:
                total = amount(invoice.document.total, invoice.document.currency)
                note(connection, actor, "invoice.finalised", organisation, invoice.number, period=period, total=total)
    except sa.exc.IntegrityError as error:
        raise InvoiceError(f"somebody else invoiced {period} at the same moment: pleiade invoice list") from error
    return final


def pay(db: sa.Engine, number: str, *, actor: Actor, reference: str = "", now: int = 0) -> Invoice:
    """Note that all that is open of an invoice was paid. Raises InvoiceError for a draft and for one that is paid."""
    now = now or int(time.time())
    with unit_of_work(db) as connection:
        invoice = find(connection, number, lock=True)
        if invoice.kind is not Kind.INVOICE:
            raise InvoiceError(f"{invoice.name} is a credit note: nothing is paid on it")
        if invoice.status is Status.DRAFT:
            raise InvoiceError(f"{invoice.name} is a draft: make it final first (pleiade invoice finalise)")
        if invoice.status is Status.PAID:
            raise InvoiceError(f"{invoice.name} is paid already: nothing was booked")
        transfer = postings.payment(invoice.document, invoice.open, reference or f"payment of {invoice.number}")
        post_in(connection, [transfer], name_of(actor))
        mark_paid(connection, invoice.id, now)
        paid = amount(invoice.open, invoice.document.currency)
        note(connection, actor, "invoice.paid", invoice.document.organisation, invoice.number, paid=paid)
    return msgspec.structs.replace(invoice, status=Status.PAID, paid=now, open=0)


def _require_order(connection: sa.Connection, organisation: str, period: str) -> None:
    """Months become final one after the other: credits and late calls move on to the next."""
    earlier = earlier_months(connection, organisation, period)
    closed = closed_of(connection, [organisation])
    if waiting := sorted(month for month in earlier if (organisation, month) not in closed):
        raise InvoiceError(
            f"{waiting[0]} is not final yet, and months become final in their order: "
            f"pleiade invoice finalise {organisation} {waiting[0]}"
        )


def _require_seen(documents: Sequence[Document], seen: Mapping[str, int]) -> None:
    """Nobody makes final what they have not seen."""
    now = {document.currency: document.total for document in documents}
    if any(now.get(currency) != total for currency, total in seen.items()):
        totals = " and ".join(amount(document.total, document.currency) for document in documents)
        raise InvoiceError(
            f"the month has changed since you looked at it, and is {totals} now: draft it again, and look"
        )


def _named(document: Document, ids: Mapping[str, str]) -> Document:
    """The document under the id of the draft that it takes the place of."""
    return msgspec.structs.replace(document, id=ids.get(document.currency, document.id))


def _kept(connection: sa.Connection, document: Document, status: Status, now: int) -> Invoice:
    """Write a document with its state."""
    final = status is not Status.DRAFT
    invoice = Invoice(
        id=document.id,
        number=document.number,
        kind=document.kind,
        status=status,
        document=document,
        sha256=hash_of(document),
        created=now,
        finalised=now if final else 0,
        paid=now if status is Status.PAID else 0,
        open=document.due if status is Status.FINAL else 0,
    )
    write(connection, invoice)
    return invoice
