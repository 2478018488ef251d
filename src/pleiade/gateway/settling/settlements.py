"""Settlements: who gets what of the ledger's months and why, what if, and closing them. Partners see what is closed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor
from pleiade.gateway.billing.books import Books, require_house
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.administration import send
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.routing import Route
from pleiade.gateway.settling.agreements import WRITE, Agreements, Seen
from pleiade.gateway.settling.asked import Closing, Scenario
from pleiade.gateway.settling.months import Divided, closed_only, divided, number, what_if
from pleiade.gateway.settling.shapes import divided_told, settled
from pleiade.gateway.typed import typed
from pleiade.invoices.acts import name_of
from pleiade.settlement import Settlement, SettlementError
from pleiade.settlement.document import by_party, settlement_csv, settlement_id
from pleiade.settlement.kept import Kept
from pleiade.settlement.record import Receipt, record
from pleiade.settlement.settling import due
from pleiade.settlement.svg import draw
from pleiade.settlement.whatif import Levers, NewShare
from pleiade.tenancy import audit

FORMATS = {"json": b"application/json", "csv": b"text/csv; charset=utf-8", "svg": b"image/svg+xml"}


class Settlements:
    """The routes below one agreement."""

    def __init__(self, books: Books, agreements: Agreements) -> None:
        self._books = books
        self._agreements = agreements
        one = "/organization/agreements/{agreement_id}"
        asked = ("first", "through")
        self.routes: Sequence[Route] = (
            Route(method="GET", path=one + "/settlement", handler=self.retrieve, query=asked),
            Route(method="GET", path=one + "/export", handler=self.export, query=(*asked, "format")),
            Route(method="POST", path=one + "/scenario", handler=self.scenario, takes=Scenario),
            Route(method="POST", path=one + "/close", handler=self.close, takes=Closing),
        )

    async def retrieve(self, call: Call) -> None:
        """Who gets what of the months through `through`, and why; for a partner, of those that are closed."""
        seen = await self._agreements.visible(call)
        made = await self._made(call, seen)
        if made is None:
            await send(call, {"object": "organization.settlement", "id": None, "periods": [], "new_periods": []})
        elif isinstance(made, Divided):
            await send(call, divided_told(made))
        else:
            await send(call, {"object": "organization.settlement", **settled(made), "new_periods": []})

    async def export(self, call: Call) -> None:
        """It as a file: `format` json, csv or svg."""
        seen = await self._agreements.visible(call)
        form = Query(call.query).choice("format", tuple(FORMATS))
        made = await self._made(call, seen)
        settlement = made.settlement if isinstance(made, Divided) else made
        content = b"{}\n" if settlement is None else _file(settlement, form)
        call.status = 200
        disposition = (b"content-disposition", f'attachment; filename="settlement.{form}"'.encode())
        await call.answer.whole(200, content, (disposition,), FORMATS[form])

    async def scenario(self, call: Call) -> None:
        """What if prices, volume, costs or a share had been others: as booked and as asked. Books nothing."""
        seen = await self._agreements.visible(call)
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), Scenario)
        made = await self._books.run(divided, seen.kept, asked.first, asked.through, datetime.now(UTC))
        if made is None:
            raise bad_request("Nothing is booked in this agreement's currency yet: there is nothing to vary.")
        booked, changed = await self._books.run(lambda _: _compare(seen.kept, made, asked))
        await send(
            call,
            {"object": "organization.scenario", "booked": settled(booked), "what_if": settled(changed)},
        )

    async def close(self, call: Call) -> None:
        """Put the months in the books for good: what they pay is posted to the ledger. `id` is what was looked at."""
        seen = await self._agreements.visible(call)
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), Closing)
        now = datetime.now(UTC)
        if asked.through >= now.strftime("%Y-%m"):
            raise bad_request(f"The month {asked.through} is not over: its profit may change. Close it afterwards.")
        actor = await self._books.administration.actor(call)
        receipt, made = await self._books.run(_close, seen.kept, asked, actor, now)
        await send(
            call,
            {
                "object": "organization.settlement.closed",
                "id": receipt.recorded.id,
                "number": receipt.recorded.number,
                "recorded_at": receipt.recorded.recorded,
                "replayed": receipt.replayed,
                "due": by_party(made.settlement.agreement, due(made.settlement, receipt.new)),
            },
        )

    async def _made(self, call: Call, seen: Seen) -> Divided | Settlement | None:
        """For the house the months it asks for, for a partner what is closed."""
        if not seen.house:
            return await self._books.run(closed_only, seen.kept)
        query = Query(call.query)
        first, through = query.text("first"), query.text("through")
        return await self._books.run(divided, seen.kept, first, through, datetime.now(UTC))


def _compare(kept: Kept, made: Divided, asked: Scenario) -> tuple[Settlement, Settlement]:
    """As booked, and as asked. Pure."""
    months = [each.profit.period.label for each in made.settlement.periods]
    growth = number(asked.growth, "growth")
    factors = {name: number(getattr(asked, name), name) for name in ("price", "volume", "cost")}
    share = None
    if asked.share is not None:
        part = number(asked.share.share, "the share")
        share = NewShare(tranche=asked.share.tranche, party=asked.share.party, share=part)
    booked = what_if(kept, months, made.flows, Levers(years=asked.years, growth=growth), None, {})
    levers = Levers(**factors, years=asked.years, growth=growth)
    return booked, what_if(kept, months, made.flows, levers, share, asked.assumptions)


def _close(db: sa.Engine, kept: Kept, asked: Closing, actor: Actor, now: datetime) -> tuple[Receipt, Divided]:
    made = divided(db, kept, asked.first, asked.through, now)
    if made is None:
        raise SettlementError("nothing is booked in this agreement's currency yet: there is nothing to close")
    if settlement_id(made.settlement) != asked.id:
        raise SettlementError("the books have changed since you looked at these months: look at them again, then close")

    def noted(connection: sa.Connection, receipt: Receipt) -> None:
        paid: dict[str, Any] = by_party(made.settlement.agreement, due(made.settlement, receipt.new))
        data = {"agreement": kept.name, "through": asked.through, "currency": receipt.recorded.currency, "due": paid}
        details = {"id": receipt.recorded.id, "data": data}
        audit.append(
            connection, actor=actor, type="settlement.closed", organisation=DEFAULT_ORGANISATION, details=details
        )

    return record(db, made.settlement, post=True, actor=name_of(actor), noted=noted), made


def _file(settlement: Settlement, form: str) -> bytes:
    import json

    if form == "csv":
        return settlement_csv(settlement).encode()
    if form == "svg":
        return draw([(settlement.agreement.name, settlement)]).encode()
    return (json.dumps(settled(settlement), ensure_ascii=False, indent=2) + "\n").encode()
