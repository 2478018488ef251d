"""An organisation's month as it stands in the database, as documents: what drafts and final invoices share."""

import secrets
from typing import NamedTuple

import sqlalchemy as sa

from pleiade.invoices.agreements import subscribers, terms_of
from pleiade.invoices.credits import balance, expiring
from pleiade.invoices.document import Document, LineType, Party
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.meter import Metered, Service, charged, metered, payers, services
from pleiade.invoices.month import Month, compute
from pleiade.invoices.organisations import organisation_of
from pleiade.invoices.rules import Rules, current_rules, customer_of, tax_of
from pleiade.ledger.periods import bounds_of, closed_of, month_of
from pleiade.prices import PriceBook
from pleiade.store import reading

NOBODY = Rules(seller=Party(name="(no seller set)"))  # drafts need none


class Opened(NamedTuple):
    """A document, and what it was computed from."""

    document: Document
    calls: list[Metered]
    services: list[Service]


def billable(db: sa.Engine, period: str) -> list[str]:
    """Organisations whose month is to be billed and not final yet, by id. Raises LedgerError for what is no month."""
    bounds_of(period)
    with reading(db) as connection:
        found = charged(connection, period) | subscribers(connection, period)
        closed = closed_of(connection, found)
    return sorted(organisation for organisation in found if (organisation, period) not in closed)


def open_month(connection: sa.Connection, prices: PriceBook, organisation: str, period: str) -> list[Opened]:
    """The documents of a month, one for each currency. Raises InvoiceError: nothing to bill, or the month is final."""
    who = organisation_of(connection, organisation)
    if (organisation, period) in closed_of(connection, [organisation]):
        raise InvoiceError(f"{period} of {organisation} is final: pleiade invoice list --organisation {organisation}")
    calls = [call for call in metered(connection, organisation, period) if call.currency]
    booked = services(connection, organisation, period)
    terms = terms_of(connection, organisation, period)
    currencies = {call.currency for call in calls} | {service.currency for service in booked}
    if terms is not None and terms.plan is not None:
        currencies.add(terms.currency)
    if terms is not None and calls and terms.currency not in {call.currency for call in calls}:
        sold = ", ".join(sorted({call.currency for call in calls}))
        raise InvoiceError(
            f"the terms of {organisation} are in {terms.currency}, but its calls were sold in {sold}: agree terms in "
            f"that currency (pleiade invoice terms {organisation} FILE)"
        )
    rules = current_rules(connection) or NOBODY
    customer = customer_of(connection, organisation, who.name)
    opened = []
    for currency in sorted(currencies):
        mine = [call for call in calls if call.currency == currency]
        extra = [service for service in booked if service.currency == currency]
        month = Month(
            id=f"inv_{secrets.token_hex(12)}",
            organisation=organisation,
            storefront=who.storefront.value,
            billing=who.billing.value,
            period=period,
            currency=currency,
            seller=rules.seller,
            customer=customer,
            calls=mine,
            services=extra,
            terms=terms if terms is not None and terms.currency == currency else None,
            tax_rule=tax_of(rules.tax, rules.seller, customer),
            available=_available(connection, organisation, currency, period, mine, extra),
        )
        document = compute(month, prices)
        if any(line.type is not LineType.TAX for line in document.lines):  # calls that failed alone are no bill
            opened.append(Opened(document, mine, extra))
    if not opened:
        raise InvoiceError(f"there is nothing to bill: {organisation} used nothing that is for sale in {period}")
    return opened


def _available(
    connection: sa.Connection,
    organisation: str,
    currency: str,
    period: str,
    calls: list[Metered],
    booked: list[Service],
) -> int:
    """Credits that may pay for a month, in nano, what its own calls took from them included."""
    account = payers(organisation)[1]
    left = balance(connection, account, currency, period)
    before = month_of(bounds_of(period)[0] * 1000 - 1)
    left -= sum(amount for _, amount in expiring(connection, organisation, currency, before))
    taken = sum(call.cost for call in calls if call.debit == account)
    return left + taken + sum(service.amount for service in booked if service.account == account)
