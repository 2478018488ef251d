"""Bills to be read: a member sees what their organisation was issued, the house's administrators all of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from pleiade.domain.tenants import Billing
from pleiade.gateway.billing.books import Books, is_house, require_house, require_member
from pleiade.gateway.billing.shapes import customer, in_full, origins_told, summary
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import send
from pleiade.gateway.organization.fields import Query, page
from pleiade.gateway.routing import Route
from pleiade.invoices import Invoice, InvoiceError, Status, billable
from pleiade.invoices.document import Kind
from pleiade.invoices.forms import as_csv, as_json
from pleiade.invoices.listing import Found, invoice_with_notes, invoices_page
from pleiade.invoices.origins import origins, prices_of
from pleiade.ledger.periods import check_period
from pleiade.tenancy.checks import storable
from pleiade.tenancy.organisations import list_organisations

READ, WRITE = "api.billing.read", "api.billing.write"
FORMATS = {
    "json": b"application/json",
    "csv": b"text/csv; charset=utf-8",
    "pdf": b"application/pdf",
    "stripe": b"application/json",
    "lago": b"application/json",
}


class Reading:
    """The routes that change nothing."""

    def __init__(self, books: Books, home: Path) -> None:
        self._books = books
        self._home = home
        base, one = "/organization/invoices", "/organization/invoices/{invoice_id}"
        asked = ("organization_id", "period", "status", "kind", "after", "limit")
        self.routes: Sequence[Route] = (
            Route(method="GET", path=base, handler=self.list_all, query=asked),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="GET", path=one + "/export", handler=self.export, query=("format",)),
            Route(method="GET", path=one + "/origins", handler=self.origins),
            Route(method="GET", path="/organization/customers", handler=self.customers, query=("period",)),
        )

    async def list_all(self, call: Call) -> None:
        """Invoices and credit notes, the newest month first: one's own that were issued, or (for the house) all."""
        query, organisation = Query(call.query), require_member(call, READ)
        house = is_house(call.principal, WRITE)
        status, kind = query.choice("status", ("", *Status)), query.choice("kind", ("", *Kind))
        period, wanted, after = query.text("period"), query.text("organization_id"), query.text("after")
        if period:
            await self._books.run(lambda db: check_period(period))
        if not house:
            if wanted not in ("", organisation):
                raise not_found("organization", wanted)
            wanted = organisation
        found = None
        if storable(wanted) and storable(after):
            found = await self._books.run(
                invoices_page,
                organisation=wanted,
                period=period,
                status=Status(status) if status else None,
                kind=Kind(kind) if kind else None,
                drafts=house,
                after=after,
                limit=query.limit(),
            )
        if found is None:
            raise not_found("invoice", after or wanted)
        told = page([summary(invoice) for invoice in found[0]], more=found[1])
        await send(call, {**told, "can_change": house})

    async def retrieve(self, call: Call) -> None:
        """One of them with its lines, the prices that they name, and the credit notes over it."""
        invoice, notes, owner = await self.visible(call)
        prices = await self._books.run(prices_of, invoice.document)
        told = in_full(invoice, notes, owner, prices)
        await send(call, {**told, "can_change": is_house(call.principal, WRITE)})

    async def export(self, call: Call) -> None:
        """It as a file: `format` json, csv, pdf, or events shaped like Stripe's or Lago's."""
        invoice = (await self.visible(call)).invoice
        form = Query(call.query).choice("format", tuple(FORMATS))
        content = await self._books.run(lambda db: _content(invoice, form, self._home))
        ending = form if form in ("json", "csv", "pdf") else f"{form}.json"
        name = f"{(invoice.number or invoice.id).replace('/', '-')}.{ending}"
        call.status = 200
        disposition = (b"content-disposition", f'attachment; filename="{name}"'.encode())
        await call.answer.whole(200, content, (disposition,), FORMATS[form])

    async def origins(self, call: Call) -> None:
        """The calls that it is about, by day, model and project; their costs are its lines of usage."""
        document = (await self.visible(call)).invoice.document
        found = [] if document.kind is Kind.CREDIT_NOTE else await self._books.run(origins, document)
        await send(call, origins_told(document, found))

    async def customers(self, call: Call) -> None:
        """Organisations that get bills, for the house; `unbilled` where `period` is still to be billed."""
        require_house(call, WRITE)
        period = Query(call.query).text("period")
        waiting = set(await self._books.run(billable, period)) if period else set()
        found = await self._books.run(list_organisations, archived=True, limit=10_000)
        told = [
            customer(one, unbilled=one.id in waiting)
            for one in found.items
            if one.billing is not Billing.INTERNAL or one.id in waiting
        ]
        await send(call, page(sorted(told, key=lambda one: str(one["name"]).casefold()), more=False))

    async def visible(self, call: Call) -> Found:
        """The bill that the path names, if the caller may see it. Raises ApiError 401, 404 (another's, and drafts)."""
        organisation, wanted = require_member(call, READ), call.params["invoice_id"]
        found = await self._books.run(invoice_with_notes, wanted) if storable(wanted) else None
        if found is None:
            raise not_found("invoice", wanted)
        if not is_house(call.principal, WRITE):
            invoice = found.invoice
            if invoice.document.organisation != organisation or invoice.status is Status.DRAFT:
                raise not_found("invoice", wanted)
        return found


def not_found(what: str, wanted: str) -> ApiError:
    """404: in the same words for what is not there and for what is somebody else's."""
    return ApiError(404, f"No {what} has the id {wanted[:80]!r}; list them to see which there are.", code="not_found")


def _content(invoice: Invoice, form: str, home: Path) -> bytes:
    document = invoice.document
    if form == "pdf":
        from pleiade.invoices.pdf import render  # heavy: only whoever prints loads it

        return render(document, sorted((home / "fonts").glob("*.[to]tf")))
    if form in ("stripe", "lago"):
        if not invoice.number:
            raise InvoiceError(f"{invoice.name} has no number yet, so no event tells of it: issue it first")
        from pleiade.invoices.events import lago, stripe

        events = stripe(document) if form == "stripe" else lago(document)
        return (json.dumps(events, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    return as_json(document) if form == "json" else as_csv(document)
