"""What is sold beside calls, at the price list: hours of provisioned capacity, training by tokens or hours."""

import secrets
import time
from decimal import Decimal

import sqlalchemy as sa

from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.price import RateKind
from pleiade.domain.tenants import Actor
from pleiade.invoices.acts import name_of, note
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.organisations import organisation_of
from pleiade.invoices.records import amount
from pleiade.ledger.accounts import payer, revenue
from pleiade.ledger.posting import post_in
from pleiade.prices import UnpricedError, book_in
from pleiade.prices import charge as price_of
from pleiade.store import unit_of_work

SOLD = {
    RateKind.PROVISIONED_HOUR: (TransferKind.PROVISIONED, "unit-hours of provisioned capacity"),
    RateKind.TRAINING_TOKEN: (TransferKind.TRAINING, "tokens of training"),
    RateKind.TRAINING_HOUR: (TransferKind.TRAINING, "accelerator-hours of training"),
}


def charge(
    db: sa.Engine,
    organisation: str,
    model: str,
    kind: RateKind,
    quantity: Decimal,
    *,
    actor: Actor,
    id: str = "",
    project: str = "",
    memo: str = "",
) -> Transfer:
    """Charge an organisation now for `quantity` of what is not a call, at its storefront's price: it is on its invoice.

    `id` names the charge (a job's id, say): the same charge made again changes nothing. Raises InvoiceError for a
    quantity of nothing and for a kind that calls are billed by, UnpricedError, LedgerError, StoreError.
    """
    if kind not in SOLD:
        raise InvoiceError(f"{kind.value} is counted by calls: charge {', '.join(kind.value for kind in SOLD)}")
    if not (quantity.is_finite() and quantity > 0):
        raise InvoiceError(f"a quantity of {quantity}: say how much there was of it, above zero")
    with unit_of_work(db) as connection:
        who = organisation_of(connection, organisation)
        price = book_in(connection).find(who.storefront.value, model, time.time())
        if price is None:
            raise UnpricedError(
                f"{model} has no price in the storefront {who.storefront.value}: pleiade price set {model} "
                f"--storefront {who.storefront.value} --currency {who.currency} --{kind.value.replace('_', '-')} AMOUNT"
            )
        nano = price_of(price, {kind: quantity})
        if not nano:
            raise InvoiceError(f"{quantity} {kind.value} of {model} cost nothing: there is nothing to book")
        transfer_kind, unit = SOLD[kind]
        transfer = Transfer(
            id=f"charge:{id or secrets.token_hex(12)}",
            kind=transfer_kind,
            debit=payer(who.billing.value, organisation),
            credit=revenue(who.storefront.value),
            amount=nano,
            currency=price.currency,
            organisation=organisation,
            project=project,
            reference=price.id,
            memo=memo or f"{model}, {quantity:,f} {unit}",
        )
        if post_in(connection, [transfer], name_of(actor)):
            told = {"amount": amount(nano, price.currency), "memo": transfer.memo}
            note(connection, actor, "service.charged", organisation, transfer.id, **told)
    return transfer
