"""What the house's administrators do to bills: draft, issue, note payments, credit, adjust."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.gateway.billing.asked import Adjusted, Credited, Drafted, Issued, Paid
from pleiade.gateway.billing.books import Books, nano_of, require_house
from pleiade.gateway.billing.reading import WRITE, Reading, not_found
from pleiade.gateway.billing.shapes import amount, summary
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.administration import send
from pleiade.gateway.routing import Route
from pleiade.gateway.typed import typed
from pleiade.invoices import Invoice, InvoiceError, Status, billable, credit, draft, finalise, pay
from pleiade.invoices.adjustments import adjust
from pleiade.invoices.listing import Found
from pleiade.tenancy.checks import storable


class Issuing:
    """The routes that change bills."""

    def __init__(self, books: Books, reading: Reading) -> None:
        self._books = books
        self._reading = reading
        base, one = "/organization/invoices", "/organization/invoices/{invoice_id}"
        self.routes: Sequence[Route] = (
            Route(method="POST", path=base, handler=self.draft, takes=Drafted),
            Route(method="POST", path=one + "/issue", handler=self.issue, takes=Issued),
            Route(method="POST", path=one + "/pay", handler=self.pay, takes=Paid),
            Route(method="POST", path=one + "/credit", handler=self.credit, takes=Credited),
            Route(method="POST", path="/organization/adjustments", handler=self.adjust, takes=Adjusted),
        )

    async def draft(self, call: Call) -> None:
        """Draft a month, of one organisation or of all that have something to bill; what could not be is told."""
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), Drafted)
        if not storable(asked.organization_id):
            raise not_found("organization", asked.organization_id)
        problems: list[dict[str, Any]] = []
        if asked.organization_id:
            made = await self._books.run(draft, asked.organization_id, asked.period)
        else:
            made, problems = await self._books.run(_draft_all, asked.period)
        told = {"object": "list", "data": [summary(invoice) for invoice in made], "problems": problems}
        await send(call, told)

    async def issue(self, call: Call) -> None:
        """Make a draft final: it is numbered, booked, and its month closed. `total` is what was looked at."""
        found, actor = await self._changed(call)
        invoice = found.invoice
        if invoice.status is not Status.DRAFT:
            raise bad_request(f"{invoice.name} was issued already.", code="refused")
        asked = typed(await self._books.administration.body(call), Issued)
        seen = nano_of(asked.total, "total", signed=True)
        await self._books.run(_issue, invoice, seen, actor)
        await self._reading.retrieve(call)

    async def pay(self, call: Call) -> None:
        """Note that all that is open of it was paid."""
        found, actor = await self._changed(call)
        asked = typed(await self._books.administration.body(call), Paid)
        await self._books.run(pay, found.invoice.id, actor=actor, reference=asked.reference.strip())
        await self._reading.retrieve(call)

    async def credit(self, call: Call) -> None:
        """A credit note over it, of all that is left or of `amount` (tax included). What was paid becomes credits."""
        found, actor = await self._changed(call)
        asked = typed(await self._books.administration.body(call), Credited)
        if not asked.reason.strip():
            raise bad_request(
                "A credit note is printed with its reason: say one.", param="reason", code="invalid_value"
            )
        nano = nano_of(asked.amount, "amount") if asked.amount.strip() else None
        made = await self._books.run(credit, found.invoice.id, actor=actor, reason=asked.reason.strip(), nano=nano)
        await send(call, summary(made))

    async def adjust(self, call: Call) -> None:
        """Charge an organisation by hand, or (below zero) give it something back, on an invoice that is not final."""
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), Adjusted)
        if not storable(asked.organization_id):
            raise not_found("organization", asked.organization_id)
        nano = nano_of(asked.amount, "amount", signed=True)
        actor = await self._books.administration.actor(call)
        made = await self._books.run(
            adjust, asked.organization_id, nano, actor=actor, memo=asked.memo, period=asked.period, id=asked.id
        )
        told = {"object": "organization.adjustment", "id": made.id, "amount": amount(nano, made.currency)}
        await send(call, {**told, "currency": made.currency, "memo": made.memo})

    async def _changed(self, call: Call) -> tuple[Found, Actor]:
        """The bill that is to be changed, and by whom. Raises ApiError: 404 before it says who may."""
        found = await self._reading.visible(call)
        require_house(call, WRITE)
        return found, await self._books.administration.actor(call)


def _draft_all(db: sa.Engine, period: str) -> tuple[list[Invoice], list[dict[str, Any]]]:
    made, problems = [], []
    for organisation in billable(db, period):
        try:
            made += draft(db, organisation, period)
        except InvoiceError as error:  # the others are drafted all the same
            problems.append({"organization_id": organisation, "message": str(error)})
    return made, problems


def _issue(db: sa.Engine, invoice: Invoice, seen: int, actor: Actor) -> list[Invoice]:
    """All of the month becomes final at once: where it was sold in several currencies, what was seen is one of them."""
    document = invoice.document
    return finalise(db, document.organisation, document.period, actor=actor, seen={document.currency: seen})
