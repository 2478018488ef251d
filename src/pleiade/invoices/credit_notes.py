"""Credit notes: an invoice is never changed, another document takes back what it asked for."""

import secrets
import time
from fractions import Fraction

import sqlalchemy as sa

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import minor_unit
from pleiade.domain.tenants import Actor
from pleiade.invoices import postings
from pleiade.invoices.acts import name_of, note
from pleiade.invoices.credits import Grant, add_grant
from pleiade.invoices.document import Document, Kind, Line, LineType
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.month import to_unit
from pleiade.invoices.numbering import next_number
from pleiade.invoices.opening import NOBODY
from pleiade.invoices.records import Invoice, Status, amount, find, hash_of, mark_paid, write
from pleiade.invoices.rules import current_rules
from pleiade.ledger.periods import month_of
from pleiade.ledger.posting import post_in
from pleiade.store import unit_of_work


def credit(db: sa.Engine, number: str, *, actor: Actor, reason: str, nano: int | None = None, now: int = 0) -> Invoice:
    """A credit note over an invoice: all that is left of it, or `nano` (tax included). It is final at once.

    It lowers what is open of the invoice; what was paid already becomes credits for the months to come. Raises
    InvoiceError for a draft, a credit note, an amount of nothing, of more than the invoice, or finer than can be paid.
    """
    now = now or int(time.time())
    with unit_of_work(db) as connection:
        invoice = find(connection, number, lock=True)
        rules = current_rules(connection) or NOBODY
        given = _checked(invoice, nano)
        document = _document(
            invoice, given, reason, now, next_number(connection, rules.numbering.credit_notes, Kind.CREDIT_NOTE)
        )
        post_in(connection, postings.of_credit_note(document), name_of(actor))
        if document.credits:
            grant = Grant(document.id, document.currency, document.credits, month_of(now * 1000), "", False)
            add_grant(connection, document.organisation, grant)
        made = Invoice(
            id=document.id,
            number=document.number,
            kind=Kind.CREDIT_NOTE,
            status=Status.FINAL,
            document=document,
            sha256=hash_of(document),
            created=now,
            finalised=now,
        )
        write(connection, made, of=invoice.id)
        if invoice.status is Status.FINAL and invoice.open == document.total - document.credits:
            mark_paid(connection, invoice.id, now)
        told = {"credited": amount(given, document.currency), "of": invoice.number, "reason": reason}
        note(connection, actor, "invoice.credited", document.organisation, document.number, **told)
    return made


def _checked(invoice: Invoice, nano: int | None) -> int:
    """What is credited, in nano."""
    document = invoice.document
    if invoice.kind is not Kind.INVOICE:
        raise InvoiceError(f"{invoice.name} is a credit note: credit the invoice, {document.of}")
    if invoice.status is Status.DRAFT:
        raise InvoiceError(f"{invoice.name} is a draft: change what it is made from, and draft it again")
    left = document.total - invoice.credited
    if left <= 0:
        raise InvoiceError(f"{invoice.name} is credited in full already")
    given = left if nano is None else nano
    if given <= 0:
        raise InvoiceError(f"a credit note over {amount(given, document.currency)}: say more than nothing")
    if given > left:
        raise InvoiceError(
            f"{amount(given, document.currency)} is more than what is left of {invoice.name}: "
            f"{amount(left, document.currency)}"
        )
    if given % minor_unit(CURRENCIES[document.currency]):
        raise InvoiceError(f"{amount(given, document.currency)} cannot be paid in {document.currency}: round it")
    return given


def _document(invoice: Invoice, given: int, reason: str, now: int, number: str) -> Document:
    of = invoice.document
    unit = minor_unit(CURRENCIES[of.currency])

    def tax_of(credited: int) -> int:
        return to_unit(Fraction(of.tax * credited, of.total), unit)

    # Of what has been credited together, so that the parts' taxes add up to the whole's.
    tax = tax_of(invoice.credited + given) - tax_of(invoice.credited)
    owed = min(given, invoice.open)
    lines = [Line(type=LineType.CREDIT, text=f"Credit for {of.number}, {of.period}", amount=given - tax)]
    if of.tax_rule is not None:
        rule = of.tax_rule
        lines.append(Line(type=LineType.TAX, text=f"Tax {rule.name}", amount=tax, percent=rule.rate, rule=rule.name))
    return Document(
        id=f"cn_{secrets.token_hex(12)}",
        kind=Kind.CREDIT_NOTE,
        organisation=of.organisation,
        storefront=of.storefront,
        billing=of.billing,
        period=of.period,
        currency=of.currency,
        seller=of.seller,
        customer=of.customer,
        lines=tuple(lines),
        net=given - tax,
        tax=tax,
        total=given,
        credits=given - owed,
        due=-owed,
        number=number,
        issued=now,
        tax_rule=of.tax_rule,
        of=of.number,
        reason=reason,
    )
