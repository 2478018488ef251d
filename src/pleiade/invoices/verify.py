"""Meter = invoice: every final document is computed again from the ledger and compared, to the byte and to the nano."""

from collections import defaultdict

import msgspec
import sqlalchemy as sa

from pleiade.domain.books import Transfer
from pleiade.domain.money import decimal
from pleiade.invoices import postings
from pleiade.invoices.document import Document, Kind, LineType, canonical
from pleiade.invoices.meter import LAST_MONTH, earlier_months, metered, payers, services
from pleiade.invoices.month import Month, compute
from pleiade.invoices.records import Invoice, Status, hash_of, read
from pleiade.ledger.balances import balance_in
from pleiade.ledger.periods import bounds_of, closed_of
from pleiade.ledger.posting import transfer_of
from pleiade.prices import PriceBook, book_in
from pleiade.store import reading
from pleiade.store.books import transfers
from pleiade.store.invoices import invoice_numbers, invoices


def verify(db: sa.Engine) -> list[str]:
    """All in which bills and ledger differ, in words; nothing if every invoice is what the meter says. StoreError."""
    with reading(db) as connection:
        if connection.dialect.name == "postgresql":  # calls arrive meanwhile: all questions are about one moment
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        final = read(connection, invoices.c.status != Status.DRAFT.value)
        problems = _gaps(connection, final)
        prices = book_in(connection)
        for invoice in final:
            problems += [f"{invoice.number}: {problem}" for problem in _differences(connection, prices, invoice)]
        problems += _owed(connection, final)
    return problems


def month_again(connection: sa.Connection, document: Document) -> Month:
    """What an invoice was computed from: the ledger's part read once more, the rest as the document has it."""
    currency, organisation, period = document.currency, document.organisation, document.period
    return Month(
        id=document.id,
        organisation=organisation,
        storefront=document.storefront,
        billing=document.billing,
        period=period,
        currency=currency,
        seller=document.seller,
        customer=document.customer,
        calls=[call for call in metered(connection, organisation, period) if call.currency == currency],
        services=[service for service in services(connection, organisation, period) if service.currency == currency],
        terms=document.terms,
        tax_rule=document.tax_rule,
        available=max(document.credits, 0),  # that so much was there then, its posting shows
    )


def again(month: Month, prices: PriceBook, document: Document) -> Document:
    """An invoice's document, computed once more: the same bytes, if nobody touched the ledger, the prices or it."""
    made = compute(month, prices)
    return msgspec.structs.replace(made, number=document.number, issued=document.issued, pay_by=document.pay_by)


def _differences(connection: sa.Connection, prices: PriceBook, invoice: Invoice) -> list[str]:
    document = invoice.document
    problems = []
    if hash_of(document) != invoice.sha256:
        problems.append("the document was changed: its hash is another one")
    if document.net + document.tax != document.total or document.net != sum(
        line.amount for line in document.lines if line.type is not LineType.TAX
    ):
        problems.append("its lines do not add up to its total")
    if invoice.kind is Kind.CREDIT_NOTE:
        expected = postings.of_credit_note(document)
    else:
        month = month_again(connection, document)
        anew = again(month, prices, document)
        if canonical(anew) != canonical(document):
            change = decimal(document.total - anew.total)
            problems.append(
                f"the ledger gives another document now (the invoice has {change} {document.currency} more)"
            )
        last_ms = bounds_of(document.period)[1] * 1000 - 1
        expected = postings.of_invoice(document, month.calls, month.services, last_ms)
    return problems + _unposted(connection, document, expected)


def _unposted(connection: sa.Connection, document: Document, expected: list[Transfer]) -> list[str]:
    """Differences between what a document moves and what was posted for it (payments apart)."""
    rows = connection.execute(sa.select(transfers).where(transfers.c.reference == document.id))
    posted = {row.id: transfer_of(row) for row in rows}
    posted.pop(f"{document.id}:payment", None)
    wanted = {transfer.id: transfer for transfer in expected}
    return [
        f"the ledger's transfer {name} is not what the document says"
        for name in sorted(posted.keys() | wanted.keys())
        if posted.get(name) != wanted.get(name)
    ]


def _gaps(connection: sa.Connection, final: list[Invoice]) -> list[str]:
    """Numbers that were given to nothing."""
    counted = {row.name: row.value for row in connection.execute(sa.select(invoice_numbers))}
    there: dict[str, list[int]] = defaultdict(list)
    for invoice in final:
        there[invoice.kind.value].append(int(invoice.number[-6:]) if invoice.number[-6:].isdigit() else 0)
    return [
        f"{kind}s are numbered up to {last}, and there are {len(there[kind])}: some are missing"
        for kind, last in sorted(counted.items())
        if len(there[kind]) != last
    ]


def _owed(connection: sa.Connection, final: list[Invoice]) -> list[str]:
    """What an organisation owes by the ledger is what its invoices leave open and what is not invoiced yet."""
    problems = []
    open_by: dict[tuple[str, str], int] = defaultdict(int)
    for invoice in final:
        open_by[invoice.document.organisation, invoice.document.currency] += invoice.open
    for (organisation, currency), still in sorted(open_by.items()):
        account = payers(organisation)[0]
        closed = {period for _, period in closed_of(connection, [organisation])}
        for period in earlier_months(connection, organisation, LAST_MONTH) - closed:
            still += sum(
                call.cost
                for call in metered(connection, organisation, period)
                if (call.debit, call.currency) == (account, currency)
            )
            still += sum(
                service.amount
                for service in services(connection, organisation, period)
                if (service.account, service.currency) == (account, currency)
            )
        owed = balance_in(connection, account).get(currency, 0)
        if owed != still:
            problems.append(
                f"{account} is {decimal(owed)} {currency} in the ledger, but {decimal(still)} by its invoices and "
                "by what is not invoiced yet"
            )
    return problems
