"""What an invoice or credit note moves between accounts. The calls themselves are booked already, at list prices."""

from collections.abc import Sequence

from pleiade.domain.books import Transfer, TransferKind
from pleiade.invoices.document import Document, LineType
from pleiade.invoices.meter import Metered, Service, payers

_KINDS = {
    LineType.ALLOWANCE: TransferKind.DISCOUNT,
    LineType.TIERS: TransferKind.DISCOUNT,
    LineType.DISCOUNT: TransferKind.DISCOUNT,
    LineType.PLAN: TransferKind.PLAN,
    LineType.ROUNDING: TransferKind.INVOICE,
    LineType.TAX: TransferKind.TAX,
}


def of_invoice(
    document: Document, calls: Sequence[Metered], services: Sequence[Service], time_ms: int
) -> list[Transfer]:
    """One transfer for each line that is not booked yet, and one between credits and what is owed.

    Afterwards the month has added exactly `document.due` to what the organisation owes.
    """
    receivable, credits = payers(document.organisation)
    payer = credits if document.billing == "prepaid" else receivable
    owed = sum(call.cost for call in calls if call.debit == receivable)
    owed += sum(service.amount for service in services if service.account == receivable)
    posted = []
    for number, line in enumerate(document.lines):
        kind = _KINDS.get(line.type)
        if kind is None or not line.amount:
            continue
        if line.type is LineType.TAX:
            other = f"tax:{line.rule}"
        else:
            other = f"{'revenue' if line.amount > 0 else 'discounts'}:{document.storefront}"
        posted.append(_move(document, f"{number}", kind, line.amount, payer, other, time_ms, line.text))
        owed += line.amount if payer == receivable else 0
    if change := document.due - owed:
        text = "owed beyond the credits" if change > 0 else "paid from credits"
        posted.append(_move(document, "credits", TransferKind.CREDIT, change, receivable, credits, time_ms, text))
    return posted


def of_credit_note(document: Document) -> list[Transfer]:
    """What a credit note gives back: net and tax, first off what is owed, then as credits."""
    receivable, credits = payers(document.organisation)
    left = {receivable: document.total - document.credits, credits: document.credits}
    sources = [(f"discounts:{document.storefront}", document.net)]
    if document.tax_rule is not None:
        sources.append((f"tax:{document.tax_rule.name}", document.tax))
    posted = []
    text = f"credit note {document.number} for {document.of}"
    for source, amount in sources:
        for target in (receivable, credits):
            part = min(amount, left[target])
            if part:
                name = f"{source.partition(':')[0]}-{target.partition(':')[0]}"
                time_ms = document.issued * 1000
                posted.append(_move(document, name, TransferKind.CREDIT, part, source, target, time_ms, text))
                left[target] -= part
                amount -= part
    return posted


def payment(document: Document, amount: int, memo: str) -> Transfer:
    """Money that was received for an invoice."""
    receivable, _ = payers(document.organisation)
    return _move(document, "payment", TransferKind.PAYMENT, amount, "cash", receivable, 0, memo)


def _move(
    document: Document, name: str, kind: TransferKind, amount: int, debit: str, credit: str, time_ms: int, memo: str
) -> Transfer:
    """From `debit` to `credit`, or the other way round where the amount is below zero."""
    if amount < 0:
        debit, credit = credit, debit
    return Transfer(
        id=f"{document.id}:{name}",
        kind=kind,
        debit=debit,
        credit=credit,
        amount=abs(amount),
        currency=document.currency,
        organisation=document.organisation,
        time_ms=time_ms,
        reference=document.id,
        memo=memo,
    )
