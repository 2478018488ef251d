"""What training costs: by token, at the base's price in the storefront of whoever pays; never zero by default."""

import time
from decimal import Decimal

import sqlalchemy as sa

from pleiade.domain.price import RateKind
from pleiade.domain.tenants import Actor, Billing, Storefront
from pleiade.finetuning.errors import RefusedError
from pleiade.finetuning.nouns import Stored
from pleiade.invoices.charges import charge
from pleiade.prices import book, book_in, rate_of
from pleiade.store import reading
from pleiade.store.books import transfers
from pleiade.store.tenants import organisations

_NOTHING = frozenset("0.")


def check_sold(connection: sa.Connection, storefront: Storefront, billing: Billing, model: str) -> bool:
    """Whether somebody pays for training `model`. Raises RefusedError where they would and no price is set."""
    price = book_in(connection).find(storefront.value, model, time.time())
    rate = rate_of(price, RateKind.TRAINING_TOKEN) if price is not None else None
    if rate is None and billing is not Billing.INTERNAL:
        raise RefusedError(
            f"Training `{model}` is not for sale here: it has no price by training token. Ask the operator to set one: "
            f"pleiade price set {model} --storefront {storefront.value} --training-token AMOUNT --per 1M …",
            status=403,
            code="model_not_for_sale",
        )
    return rate is not None


def bill(db: sa.Engine, stored: Stored, tokens: int) -> None:
    """Charge the job's organisation for `tokens`, once however often it is done. Raises InvoiceError, LedgerError.

    The house's own training without a price is no sale; neither is what a price gives away.
    """
    if not tokens or not stored.plan.sold:
        return
    with reading(db) as connection:
        there = connection.scalar(sa.select(transfers.c.id).where(transfers.c.id == f"charge:{stored.job.id}"))
        storefront = connection.scalar(
            sa.select(organisations.c.storefront).where(organisations.c.id == stored.organisation)
        )
    price = book(db).find(str(storefront), stored.plan.base, time.time())
    rate = rate_of(price, RateKind.TRAINING_TOKEN) if price is not None else None
    free = price is not None and price.free and rate is not None and _NOTHING.issuperset(rate.amount)
    if there is not None or free:
        return
    actor = Actor(type="api_key" if stored.plan.key else "session", user=stored.plan.user, key=stored.plan.key)
    charge(
        db,
        stored.organisation,
        stored.plan.base,
        RateKind.TRAINING_TOKEN,
        Decimal(tokens),
        actor=actor,
        id=stored.job.id,
        project=stored.project,
        memo=f"{stored.job.model}, {tokens:,} tokens of training ({stored.job.id})",
    )
