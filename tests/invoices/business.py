"""A small business to be billed: organisations, prices, and calls that reach the ledger by its own way."""

from datetime import UTC, datetime
from itertools import count

import sqlalchemy as sa

from pleiade.domain.books import Outcome, Reservation, Settlement
from pleiade.domain.model import ModelKind
from pleiade.domain.price import Price, Rate, RateKind
from pleiade.domain.tenants import OPERATOR, Billing, Storefront
from pleiade.domain.usage import Usage
from pleiade.invoices.document import Party, TaxRule
from pleiade.invoices.rules import Rules, apply_rules
from pleiade.ledger.entering import enter
from pleiade.ledger.records import NO_HASH, Entered, Reserved, chained, entry_bytes
from pleiade.ledger.shipping import Shipment, Shipper
from pleiade.prices import cost, set_price
from pleiade.prices.catalogue import Offer
from pleiade.tenancy.organisations import create_organisation

ACTOR = OPERATOR
SELLER = Rules(
    seller=Party(
        name="Pléiade SARL", address=("1, rue des Étoiles", "75014 Paris"), country="FR", tax_id="FR00123456789"
    ),
    tax=(
        TaxRule(name="FR-20", country="FR", rate="20"),
        TaxRule(name="EU", country="DE", reverse_charge=True, note="Reverse charge: the buyer declares the tax."),
        TaxRule(name="none", country="*"),
    ),
)
SELLER_FILE = """
days = 14

[seller]
name = "Pléiade SARL"
address = ["1, rue des Étoiles", "75014 Paris"]
country = "FR"
tax_id = "FR00123456789"
payment = ["IBAN FR76 3000 4000"]

[numbering]
invoices = "PL-"
credit_notes = "PLC-"

[[tax]]
name = "FR-20"
country = "FR"
rate = "20"

[[tax]]
name = "other"
country = "*"
"""
_writers = count(1)


def at(text: str) -> int:
    """Unix seconds of "2026-10-05" or "2026-10-05T12:00"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def organisation(
    db: sa.Engine,
    name: str = "Customer",
    billing: str = "invoiced",
    storefront: str = "openai",
    currency: str = "USD",
) -> str:
    """The id of a new organisation."""
    made = create_organisation(
        db, name=name, billing=Billing(billing), storefront=Storefront(storefront), currency=currency, actor=OPERATOR
    )
    return made.id


def seller(db: sa.Engine) -> None:
    """Somebody who sells, with taxes."""
    apply_rules(db, SELLER, actor=ACTOR)


def price(
    db: sa.Engine, model: str = "chat", currency: str = "USD", storefront: str = "openai", **amounts: str
) -> Price:
    """A price since 2026-01-01, of tokens per million and of everything else per one."""
    per_million = {RateKind.INPUT, RateKind.CACHED_INPUT, RateKind.OUTPUT, RateKind.REASONING}
    rates = [
        Rate(kind=RateKind(name), amount=amount, per=10**6 if RateKind(name) in per_million else 1)
        for name, amount in (amounts or {"input": "0.15", "cached_input": "0.075", "output": "0.60"}).items()
    ]
    kind = ModelKind.IMAGE if "image" in amounts else ModelKind.TEXT
    return set_price(
        db,
        Offer(
            storefront=storefront,
            model=model,
            currency=currency,
            rates=tuple(rates),
            effective=at("2026-01-01"),
            kind=kind,
        ),
    )


def sell(
    db: sa.Engine,
    organisation: str,
    price: Price,
    usages: list[Usage],
    when: str = "2026-10-05",
    *,
    billing: str = "invoiced",
    size: str = "",
    quality: str = "",
    outcome: Outcome = Outcome.COMPLETED,
) -> int:
    """Calls of one moment, settled and shipped as a gateway's are; what they cost together, in nano."""
    writer, head, entered, total = f"writer-{next(_writers)}", NO_HASH, [], 0
    for sequence, usage in enumerate(usages, 1):
        call = f"{writer}-{sequence}"
        reservation = Reservation(
            call=call,
            organisation=organisation,
            project=f"proj_{organisation}",
            storefront=price.storefront,
            billing=billing,
            deployment=price.model,
            model=price.model,
            price=price.id,
            currency=price.currency,
            operation="chat",
            image_size=size,
            image_quality=quality,
        )
        charged = 0 if outcome is Outcome.FAILED else cost(price, usage, size=size, quality=quality)
        settled = Settlement(call=call, outcome=outcome, usage=usage, cost=charged)
        time_ms = at(when) * 1000
        entry = enter(writer, sequence, Reserved(time_ms, reservation), time_ms, settled)
        head = chained(head, entry_bytes(entry))
        entered.append(Entered(entry, head, entry_bytes(entry)))
        total += charged
    Shipper(db).ship([Shipment(writer, entered, ended=True)])
    return total


def tokens(prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> Usage:
    """A call's counts."""
    return Usage(prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion, reasoning_tokens=reasoning)
