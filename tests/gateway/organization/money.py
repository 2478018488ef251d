"""A house with money in its ledger: two customers' calls, costs, a seller, and an agreement with one of them."""

import sqlalchemy as sa
from customers import Customer

from invoices.business import at, price, sell, seller, tokens
from pleiade.domain import OPERATOR, Role
from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.tenants import Billing
from pleiade.invoices import draft, finalise
from pleiade.invoices.document import Party
from pleiade.invoices.rules import set_customer
from pleiade.ledger.posting import post
from pleiade.settlement.kept import Kept, keep
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.organisations import update_organisation

AGREEMENT = """
name = "{name}"
currency = "USD"

[assumptions]
recovered = 2

[[parties]]
id = "house"

[[parties]]
id = "partner"
name = "The partner"

[[investments]]
party = "partner"
date = 2026-01-01
amount = 10

[[tranches]]
name = "recovery"
shares = {{ house = 0.25, partner = 0.75 }}
until = {{ party = "partner", multiple = "recovered" }}

[[tranches]]
name = "sharing"
shares = {{ house = "1/2", partner = "1/2" }}
"""


def house_key(db: sa.Engine) -> str:
    """A key of an administrator of the house."""
    key, _ = create_key(
        db, name="house", role=Role.ADMIN, organisation="default", project="default", kind="admin", actor=OPERATOR
    )
    return key


def pays(db: sa.Engine, customer: Customer, *, country: str = "FR") -> None:
    """From now on the customer gets bills."""
    update_organisation(db, customer.id, billing=Billing.INVOICED, actor=OPERATOR)
    set_customer(db, customer.id, Party(name=f"{customer.id} SAS", country=country), actor=OPERATOR)


def trade(db: sa.Engine, *customers: Customer) -> None:
    """Calls in September and October 2026 by each, and what they cost the house; nothing is billed yet."""
    seller(db)
    sold = price(db)
    for customer in customers:
        pays(db, customer)
        sell(db, customer.id, sold, [tokens(20_000_000, 5_000_000)], "2026-09-10")
        sell(db, customer.id, sold, [tokens(10_000_000, 2_000_000), tokens(500, 250)], "2026-10-05")
        sell(db, customer.id, sold, [tokens(1_000_000, 1_000_000, cached=400_000)], "2026-10-06")
    post(db, [spent("hosting-2026-10", "expense:hosting", 1), spent("engine-2026-10", "cost:engine-hours", 2)], "test")


def spent(id: str, account: str, amount: int, when: str = "2026-10-20") -> Transfer:
    """Dollars that the house paid."""
    return Transfer(
        id=id,
        kind=TransferKind.EXPENSE,
        debit=account,
        credit="cash",
        amount=amount * 10**9,
        currency="USD",
        time_ms=at(when) * 1000,
    )


def issued(db: sa.Engine, customer: Customer, period: str = "2026-09") -> str:
    """The id of the customer's bill of a month."""
    return finalise(db, customer.id, period, actor=OPERATOR)[0].id


def drafted(db: sa.Engine, customer: Customer, period: str = "2026-09") -> str:
    """The id of the draft of a month."""
    return draft(db, customer.id, period)[0].id


def agreed(db: sa.Engine, partner: str = "", name: str = "Two partners") -> Kept:
    """An agreement, with an organisation that looks on as the partner."""
    partners = {"partner": partner} if partner else {}
    return keep(db, AGREEMENT.format(name=name), partners, nobody)


def a_bill(db: sa.Engine, organisation: str) -> str:
    """The id of a final bill of an organisation that did not call at all, as a line of its own."""
    seller(db)
    charged = Transfer(
        id=f"charged-{organisation}",
        kind=TransferKind.ADJUSTMENT,
        debit=f"receivable:{organisation}",
        credit="revenue:openai",
        amount=12_500_000_000,
        currency="USD",
        organisation=organisation,
        time_ms=at("2026-09-10") * 1000,
        memo="secret-bill",
    )
    post(db, [charged], "test")
    return finalise(db, organisation, "2026-09", actor=OPERATOR)[0].id


def nobody(connection: sa.Connection, kept: Kept) -> None:
    """Writes nothing into the audit log."""
