"""Bills as the routes tell them: every amount an exact decimal string, never a JSON number."""

from typing import Any

import msgspec

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal
from pleiade.domain.price import Price
from pleiade.domain.tenants import Organisation
from pleiade.invoices import Invoice
from pleiade.invoices.document import Document
from pleiade.invoices.origins import Origin
from pleiade.ledger.periods import bounds_of


def summary(invoice: Invoice) -> dict[str, Any]:
    """One bill as a line of a list."""
    document = invoice.document
    return {
        "object": "organization.invoice",
        "id": invoice.id,
        "number": invoice.number or None,
        "kind": invoice.kind.value,
        "status": invoice.status.value,
        "organization_id": document.organisation,
        "customer_name": document.customer.name,
        "storefront": document.storefront,
        "billing": document.billing,
        "period": document.period,
        "currency": document.currency,
        **money(document),
        "credited": amount(invoice.credited, document.currency),
        "open": amount(invoice.open, document.currency),
        "of": document.of or None,
        "reason": document.reason or None,
        "created_at": invoice.created,
        "issued_at": document.issued or None,
        "pay_by": document.pay_by or None,
        "paid_at": invoice.paid or None,
    }


def in_full(invoice: Invoice, notes: list[Invoice], owner: Organisation, prices: list[Price]) -> dict[str, Any]:
    """One bill with its lines, who sells and buys, the credit notes over it, and the prices that its lines name."""
    document = invoice.document
    begin, end = bounds_of(document.period)
    return {
        **summary(invoice),
        "organization_name": owner.name,
        "period_start": begin,
        "period_end": end,
        "seller": msgspec.to_builtins(document.seller),
        "customer": msgspec.to_builtins(document.customer),
        "lines": [
            {**msgspec.to_builtins(line), "amount": amount(line.amount, document.currency)} for line in document.lines
        ],
        "prices": [_price(price) for price in prices],
        "terms_from": document.terms.start if document.terms is not None else None,
        "tax_rule": msgspec.to_builtins(document.tax_rule) if document.tax_rule is not None else None,
        "credit_notes": [summary(note) for note in notes],
        "sha256": invoice.sha256,
    }


def origins_told(document: Document, found: list[Origin]) -> dict[str, Any]:
    """The calls of a bill by day and model, and their sum."""
    return {
        "object": "list",
        "currency": document.currency,
        "total": amount(sum(each.cost for each in found), document.currency),
        "data": [
            {
                "object": "organization.invoice.origin",
                "start_time": each.start,
                "model": each.model,
                "project_id": each.project,
                "num_model_requests": each.calls,
                "input_tokens": each.prompt_tokens,
                "input_cached_tokens": each.cached_tokens,
                "output_tokens": each.completion_tokens,
                "output_reasoning_tokens": each.reasoning_tokens,
                "images": each.images,
                "amount": amount(each.cost, document.currency),
            }
            for each in found
        ],
    }


def customer(organisation: Organisation, *, unbilled: bool) -> dict[str, Any]:
    """An organisation that gets bills; `unbilled`: the month asked about is still to be billed."""
    return {
        "object": "organization.customer",
        "id": organisation.id,
        "name": organisation.name,
        "billing": organisation.billing.value,
        "storefront": organisation.storefront.value,
        "currency": organisation.currency,
        "unbilled": unbilled,
    }


def money(document: Document) -> dict[str, str]:
    """What a bill comes to."""
    names = ("net", "tax", "total", "credits", "due")
    return {name: amount(getattr(document, name), document.currency) for name in names}


def amount(nano: int, currency: str) -> str:
    """An exact decimal string with at least the currency's own digits."""
    return decimal(nano, CURRENCIES[currency])


def _price(price: Price) -> dict[str, Any]:
    rates = [msgspec.to_builtins(rate) for rate in price.rates]
    return {"id": price.id, "model": price.model, "version": price.version, "since": price.effective, "rates": rates}
