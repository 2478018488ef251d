"""One month of one organisation in one currency as a document: pure arithmetic, the same books give the same bytes."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import minor_unit, nano
from pleiade.invoices.document import Document, Kind, Line, LineType, Party, TaxRule
from pleiade.invoices.lines import adjustment_lines, usage_lines
from pleiade.invoices.meter import Metered, Service
from pleiade.prices import PriceBook
from pleiade.prices.arithmetic import half_even
from pleiade.prices.terms import Terms


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """All that a month's document is computed from."""

    id: str
    organisation: str
    storefront: str
    billing: str
    period: str
    currency: str
    seller: Party
    customer: Party
    calls: Sequence[Metered]
    services: Sequence[Service]
    terms: Terms | None
    tax_rule: TaxRule | None
    available: int  # nano of credits, what the month's calls took from them included


def compute(month: Month, book: PriceBook) -> Document:
    """The document of a month, as a draft.

    Usage is at list prices, as booked; then come free quantities, tiers, discounts and the plan's fee; the net total is
    rounded to what can be paid, half to even, and so is the tax on it; credits pay first.
    """
    lines = usage_lines(month.calls, book)
    lines += [
        Line(type=LineType.SERVICE, text=service.memo, amount=service.amount, kind=service.kind)
        for service in month.services
    ]
    if month.terms is not None:
        lines += adjustment_lines(lines, month.terms)
        if (plan := month.terms.plan) is not None:
            lines.append(Line(type=LineType.PLAN, text=f"Plan {plan.name}", amount=nano(plan.fee)))
    unit = minor_unit(CURRENCIES[month.currency])
    raw = sum(line.amount for line in lines)
    net = to_unit(Fraction(raw), unit)
    if net != raw:
        lines.append(Line(type=LineType.ROUNDING, text="Rounding", amount=net - raw))
    tax = 0
    if (rule := month.tax_rule) is not None:
        tax = to_unit(net * Fraction(rule.rate) / 100, unit) if net > 0 else 0
        lines.append(Line(type=LineType.TAX, text=f"Tax {rule.name}", amount=tax, percent=rule.rate, rule=rule.name))
    total = net + tax
    # A total below zero is given as credits.
    credits = min(total, max(month.available, 0) // unit * unit)
    return Document(
        id=month.id,
        kind=Kind.INVOICE,
        organisation=month.organisation,
        storefront=month.storefront,
        billing=month.billing,
        period=month.period,
        currency=month.currency,
        seller=month.seller,
        customer=month.customer,
        lines=tuple(lines),
        net=net,
        tax=tax,
        total=total,
        credits=credits,
        due=total - credits,
        terms=month.terms,
        tax_rule=rule,
    )


def to_unit(amount: Fraction, unit: int) -> int:
    """The nearest multiple of `unit` nano; of two that are as near, the even one."""
    return half_even(amount / unit) * unit
