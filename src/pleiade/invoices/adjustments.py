"""What is charged or given back by hand: a line of its own on the invoice of its month, with its reason."""

import secrets

import sqlalchemy as sa

from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.tenants import Actor, Billing
from pleiade.invoices.acts import name_of, note
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.organisations import organisation_of
from pleiade.invoices.records import amount
from pleiade.ledger.accounts import payer, revenue
from pleiade.ledger.clock import wall_ms
from pleiade.ledger.periods import bounds_of, closed_of, month_of
from pleiade.ledger.posting import post_in
from pleiade.store import unit_of_work


def adjust(
    db: sa.Engine,
    organisation: str,
    nano: int,
    *,
    actor: Actor,
    memo: str,
    period: str = "",
    id: str = "",
) -> Transfer:
    """Charge an organisation `nano` of its currency (below 0: give it back), on the invoice of `period` (now's month).

    `id` names the adjustment: the same one made again changes nothing. Raises InvoiceError for nothing, without a
    reason, for the house's own use, for a month that is final or has not begun; LedgerError, StoreError.
    """
    if not nano:
        raise InvoiceError("an adjustment of nothing: say an amount, below zero to give something back")
    if not memo.strip():
        raise InvoiceError("an adjustment stands on the invoice with its reason: say one")
    with unit_of_work(db) as connection:
        who = organisation_of(connection, organisation)
        if who.billing is Billing.INTERNAL:
            raise InvoiceError(f"{who.name} is the house's own use and gets no bills: there is nothing to adjust")
        now = wall_ms()
        moment = now
        if period and period != month_of(now):
            begin, end = bounds_of(period)
            if begin * 1000 > now:
                raise InvoiceError(f"{period} has not begun: adjust this month, or one that is not final yet")
            moment = end * 1000 - 1
        if (organisation, month_of(moment)) in closed_of(connection, [organisation]):
            raise InvoiceError(
                f"{month_of(moment)} of {who.name} is final and stays as it is: make a credit note over its invoice, "
                "or adjust a month that is open"
            )
        account, storefront = payer(who.billing.value, organisation), who.storefront.value
        transfer = Transfer(
            id=f"adjustment:{id or secrets.token_hex(12)}",
            kind=TransferKind.ADJUSTMENT,
            debit=account if nano > 0 else f"discounts:{storefront}",
            credit=revenue(storefront) if nano > 0 else account,
            amount=abs(nano),
            currency=who.currency,
            organisation=organisation,
            time_ms=0 if moment == now else moment,
            memo=memo.strip(),
        )
        if post_in(connection, [transfer], name_of(actor)):
            told = {"amount": amount(nano, who.currency), "memo": transfer.memo, "period": month_of(moment)}
            note(connection, actor, "invoice.adjusted", organisation, transfer.id, **told)
    return transfer
