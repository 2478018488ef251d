"""Agreements with partners: the house keeps them; who is a party of one reads it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor
from pleiade.gateway.billing.books import Books, is_house, require_house, require_member
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import send
from pleiade.gateway.organization.fields import page
from pleiade.gateway.routing import Route
from pleiade.gateway.settling.asked import ChangedAgreement, NewAgreement
from pleiade.gateway.settling.months import span_of
from pleiade.gateway.settling.shapes import agreement_in_full, agreement_line
from pleiade.gateway.typed import typed
from pleiade.settlement.kept import Kept, change, forget, get_kept, keep, list_kept
from pleiade.tenancy import audit
from pleiade.tenancy.checks import storable
from pleiade.tenancy.organisations import get_organisation

READ, WRITE = "api.settlement.read", "api.settlement.write"


class Seen(NamedTuple):
    """An agreement, and who looks at it."""

    kept: Kept
    organisation: str
    house: bool


class Agreements:
    """The routes that keep agreements."""

    def __init__(self, books: Books) -> None:
        self._books = books
        base, one = "/organization/agreements", "/organization/agreements/{agreement_id}"
        self.routes: Sequence[Route] = (
            Route(method="GET", path=base, handler=self.list_all),
            Route(method="POST", path=base, handler=self.create, takes=NewAgreement),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="POST", path=one, handler=self.update, takes=ChangedAgreement),
            Route(method="DELETE", path=one, handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Agreements by name: for the house all, for others those in which their organisation is a party."""
        organisation, house = require_member(call, READ), is_house(call.principal, WRITE)
        wanted = "" if house else organisation
        found = await self._books.run(lambda db: [(kept, kept.agreement()) for kept in list_kept(db, wanted)])
        told = [agreement_line(kept, agreement, organisation, house=house) for kept, agreement in found]
        await send(call, {**page(told, more=False), "can_change": house})

    async def create(self, call: Call) -> None:
        """Keep a new one, from its TOML document."""
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), NewAgreement)
        await self._check_partners(asked.partners)
        noted = _noted(await self._books.administration.actor(call), "agreement.created")
        kept = await self._books.run(keep, asked.document, asked.partners, noted)
        await self._tell(call, Seen(kept, DEFAULT_ORGANISATION, True))

    async def retrieve(self, call: Call) -> None:
        """One of them with its terms, and (for the house) the months that there are to settle."""
        await self._tell(call, await self.visible(call))

    async def update(self, call: Call) -> None:
        """Change its text, as long as nothing is settled by it, or who looks on."""
        seen = await self.visible(call)
        require_house(call, WRITE)
        asked = typed(await self._books.administration.body(call), ChangedAgreement)
        await self._check_partners(asked.partners or {})
        noted = _noted(await self._books.administration.actor(call), "agreement.updated")
        kept = await self._books.run(
            change, seen.kept.id, document=asked.document, partners=asked.partners, noted=noted
        )
        if kept is None:
            raise unknown(seen.kept.id)
        await self._tell(call, seen._replace(kept=kept))

    async def delete(self, call: Call) -> None:
        """Forget one by which nothing is settled."""
        seen = await self.visible(call)
        require_house(call, WRITE)
        noted = _noted(await self._books.administration.actor(call), "agreement.deleted")
        if await self._books.run(forget, seen.kept.id, noted) is None:
            raise unknown(seen.kept.id)
        await send(call, {"object": "organization.agreement.deleted", "id": seen.kept.id, "deleted": True})

    async def visible(self, call: Call) -> Seen:
        """The agreement that the path names, if the caller may see it. Raises ApiError 401, 404."""
        organisation, wanted = require_member(call, READ), call.params["agreement_id"]
        house = is_house(call.principal, WRITE)
        kept = await self._books.run(get_kept, wanted) if storable(wanted) else None
        if kept is None or not (house or organisation in kept.partners.values()):
            raise unknown(wanted)
        return Seen(kept, organisation, house)

    async def _tell(self, call: Call, seen: Seen) -> None:
        agreement = seen.kept.agreement()
        span = await self._books.run(span_of, agreement, datetime.now(UTC))
        await send(call, agreement_in_full(seen.kept, agreement, seen.organisation, span, house=seen.house))

    async def _check_partners(self, partners: Mapping[str, str]) -> None:
        """Raises ApiError 404 for an organisation that is not there."""
        for organisation in partners.values():
            if not storable(organisation):
                raise ApiError(404, f"No organisation has the id {organisation[:80]!r}.", code="not_found")
            await self._books.run(get_organisation, organisation)


def unknown(wanted: str) -> ApiError:
    """404: in the same words for what is not there and for what is somebody else's."""
    return ApiError(
        404, f"No agreement has the id {wanted[:80]!r}; list them to see which there are.", code="not_found"
    )


def _noted(actor: Actor, act: str) -> Callable[[sa.Connection, Kept], None]:
    """What writes an act into the audit log, in the act's own transaction."""

    def noted(connection: sa.Connection, kept: Kept) -> None:
        details = {"id": kept.id, "data": {"name": kept.name, "partners": dict(kept.partners)}}
        audit.append(connection, actor=actor, type=act, organisation=DEFAULT_ORGANISATION, details=details)

    return noted
