"""Bills in the shapes of other billing systems: what Stripe and Lago would tell about them, to feed what listens there.

Amounts are in the currency's smallest unit, as both have them; what is finer goes into metadata, exact.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal, minor_unit
from pleiade.invoices.document import Document, Kind, Line, LineType
from pleiade.ledger.periods import bounds_of


def stripe(document: Document) -> list[dict[str, Any]]:
    """Events: a meter event for each line of usage, then `invoice.finalized` or `credit_note.created`."""
    begin, end = bounds_of(document.period)
    events = [
        _stripe_event(
            f"{document.id}_{number}",
            "billing.meter_event.created",
            {
                "object": "billing.meter_event",
                "event_name": f"{line.model}:{line.kind}",
                "identifier": f"{document.id}:{number}",
                "payload": {"stripe_customer_id": document.organisation, "value": str(line.quantity)},
                "timestamp": end - 1,
                "created": document.issued,
                "livemode": True,
            },
            document.issued,
        )
        for number, line in enumerate(document.lines)
        if line.type is LineType.USAGE and document.kind is Kind.INVOICE
    ]
    if document.kind is Kind.CREDIT_NOTE:
        return [_stripe_event(document.id, "credit_note.created", _stripe_credit_note(document), document.issued)]
    return [
        *events,
        _stripe_event(document.id, "invoice.finalized", _stripe_invoice(document, begin, end), document.issued),
    ]


def lago(document: Document) -> list[dict[str, Any]]:
    """Usage events as Lago takes them, then its webhook `invoice.created` or `credit_note.created`."""
    _, end = bounds_of(document.period)
    if document.kind is Kind.CREDIT_NOTE:
        return [_lago_credit_note(document)]
    events = [
        {
            "event": {
                "transaction_id": f"{document.id}:{number}",
                "external_subscription_id": document.organisation,
                "code": line.kind,
                "timestamp": end - 1,
                "properties": {"model": line.model, "quantity": str(line.quantity), "price": line.price},
            }
        }
        for number, line in enumerate(document.lines)
        if line.type is LineType.USAGE
    ]
    return [*events, _lago_invoice(document)]


def in_minor_units(lines: Sequence[Line], currency: str) -> list[int]:
    """Each line in whole smallest units, so that they add up to what all lines together round to.

    Each is the difference of two rounded running sums: no line is off by a whole unit.
    """
    unit = minor_unit(CURRENCIES[currency])
    amounts, running, told = [], 0, 0
    for line in lines:
        running += line.amount
        now = round_half_up(running, unit)
        amounts.append(now - told)
        told = now
    return amounts


def round_half_up(nano: int, unit: int) -> int:
    """Nano in units, the nearest; halves go up."""
    return (2 * nano + unit) // (2 * unit)


def _stripe_event(identity: str, event: str, body: dict[str, Any], created: int) -> dict[str, Any]:
    return {
        "id": f"evt_{identity}",
        "object": "event",
        "type": event,
        "created": created,
        "livemode": True,
        "data": {"object": body},
    }


def _stripe_invoice(document: Document, begin: int, end: int) -> dict[str, Any]:
    lines = [line for line in document.lines if line.type is not LineType.TAX]
    cents = in_minor_units(lines, document.currency)
    unit = minor_unit(CURRENCIES[document.currency])
    return {
        "id": document.id,
        "object": "invoice",
        "number": document.number,
        "status": "open" if document.due else "paid",
        "currency": document.currency.lower(),
        "customer": document.organisation,
        "customer_name": document.customer.name,
        "customer_email": document.customer.email or None,
        "customer_address": {
            "country": document.customer.country or None,
            "line1": " ".join(document.customer.address),
        },
        "account_name": document.seller.name,
        "account_country": document.seller.country or None,
        "created": document.issued,
        "due_date": document.pay_by,
        "period_start": begin,
        "period_end": end,
        "subtotal": document.net // unit,
        "total_excluding_tax": document.net // unit,
        "total": document.total // unit,
        "total_taxes": [
            {"amount": line.amount // unit, "tax_behavior": "exclusive", "taxability_reason": line.rule}
            for line in document.lines
            if line.type is LineType.TAX
        ],
        "starting_balance": -document.credits // unit,
        "amount_due": document.due // unit,
        "amount_paid": 0,
        "amount_remaining": document.due // unit,
        "lines": {
            "object": "list",
            "has_more": False,
            "data": [
                {
                    "id": f"il_{document.id}_{number}",
                    "object": "line_item",
                    "amount": amount,
                    "currency": document.currency.lower(),
                    "description": line.text,
                    "quantity": line.quantity or None,
                    "period": {"start": begin, "end": end},
                    "metadata": {
                        "amount": decimal(line.amount),
                        "type": line.type.value,
                        "model": line.model,
                        "kind": line.kind,
                        "rate": line.rate,
                        "per": str(line.per),
                    },
                }
                for number, (line, amount) in enumerate(zip(lines, cents, strict=True))
            ],
        },
    }


def _stripe_credit_note(document: Document) -> dict[str, Any]:
    unit = minor_unit(CURRENCIES[document.currency])
    return {
        "id": document.id,
        "object": "credit_note",
        "number": document.number,
        "currency": document.currency.lower(),
        "customer": document.organisation,
        "invoice": document.of,
        "memo": document.reason,
        "status": "issued",
        "created": document.issued,
        "amount": document.total // unit,
        "subtotal": document.net // unit,
        "total": document.total // unit,
        "post_payment_amount": document.credits // unit,
        "pre_payment_amount": -document.due // unit,
    }


def _lago_invoice(document: Document) -> dict[str, Any]:
    lines = [line for line in document.lines if line.type is not LineType.TAX]
    unit = minor_unit(CURRENCIES[document.currency])
    return {
        "webhook_type": "invoice.created",
        "object_type": "invoice",
        "organization_id": document.seller.name,
        "invoice": {
            "lago_id": document.id,
            "number": document.number,
            "issuing_date": _day(document.issued),
            "payment_due_date": _day(document.pay_by),
            "invoice_type": "subscription",
            "status": "finalized",
            "payment_status": "pending" if document.due else "succeeded",
            "currency": document.currency,
            "fees_amount_cents": document.net // unit,
            "sub_total_excluding_taxes_amount_cents": document.net // unit,
            "taxes_amount_cents": document.tax // unit,
            "sub_total_including_taxes_amount_cents": document.total // unit,
            "prepaid_credit_amount_cents": document.credits // unit,
            "total_amount_cents": document.due // unit,
            "customer": {
                "external_id": document.organisation,
                "name": document.customer.name,
                "country": document.customer.country or None,
                "email": document.customer.email or None,
                "tax_identification_number": document.customer.tax_id or None,
            },
            "fees": [
                {
                    "lago_id": f"{document.id}:{number}",
                    "external_subscription_id": document.organisation,
                    "item": {"type": _lago_type(line), "code": line.kind or line.type.value, "name": line.text},
                    "units": str(line.quantity or 1),
                    "precise_amount": decimal(line.amount),
                    "amount_cents": amount,
                    "amount_currency": document.currency,
                }
                for number, (line, amount) in enumerate(
                    zip(lines, in_minor_units(lines, document.currency), strict=True)
                )
            ],
        },
    }


def _lago_credit_note(document: Document) -> dict[str, Any]:
    unit = minor_unit(CURRENCIES[document.currency])
    return {
        "webhook_type": "credit_note.created",
        "object_type": "credit_note",
        "credit_note": {
            "lago_id": document.id,
            "number": document.number,
            "invoice_number": document.of,
            "issuing_date": _day(document.issued),
            "credit_status": "available" if document.credits else "consumed",
            "reason": "other",
            "description": document.reason,
            "currency": document.currency,
            "total_amount_cents": document.total // unit,
            "taxes_amount_cents": document.tax // unit,
            "sub_total_excluding_taxes_amount_cents": document.net // unit,
            "credit_amount_cents": document.credits // unit,
            "balance_amount_cents": document.credits // unit,
        },
    }


def _lago_type(line: Line) -> str:
    return {LineType.USAGE: "charge", LineType.PLAN: "subscription"}.get(line.type, "add_on")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
