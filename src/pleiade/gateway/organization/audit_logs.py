"""/organization/audit_logs: who changed what, newest first, as OpenAI tells it."""

from typing import Any

import sqlalchemy as sa

from pleiade.domain import Actor, AuditEvent
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.fields import Query, page
from pleiade.gateway.routing import Route
from pleiade.store import reading
from pleiade.store.tenants import projects
from pleiade.tenancy.audit_reading import Wanted, list_events
from pleiade.tenancy.errors import NotFoundError
from pleiade.tenancy.pages import Page

_SERVICE_ACCOUNT = "svc_acct_"


class AuditLogs:
    """The route of the audit log."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.routes = (Route(method="GET", path="/organization/audit_logs", handler=self.list_all),)

    async def list_all(self, call: Call) -> None:
        """Events that fit all filters: those older than `after`, or the ones right above `before`."""
        organisation, query = self._administration.enter(call), Query(call.query)
        since = max(query.whole("effective_at[gt]", -1) + 1, query.whole("effective_at[gte]", 0), 0)
        until = min(query.whole("effective_at[lt]", 2**62) - 1, query.whole("effective_at[lte]", 2**62))
        wanted = Wanted(
            organisation=organisation,
            types=query.texts("event_types"),
            projects=query.texts("project_ids"),
            actor_ids=query.texts("actor_ids"),
            actor_emails=tuple(email.lower() for email in query.texts("actor_emails")),
            resources=query.texts("resource_ids"),
            since=since,
            until=until,
        )
        found = await self._administration.run(
            _read, wanted, after=query.text("after"), before=query.text("before"), limit=query.limit()
        )
        await send(call, found)


def _read(db: sa.Engine, wanted: Wanted, *, after: str, before: str, limit: int) -> dict[str, Any]:
    """The page as OpenAI shows it. May block. Raises ApiError 400 for a cursor that is no event here."""
    try:
        # Until the first second of 1970 nothing happened; the reader takes 0 for "now".
        events = list_events(db, wanted, after=after, before=before, limit=limit) if wanted.until > 0 else Page(())
    except NotFoundError as error:
        name = "after" if after else "before"
        raise ApiError(400, f"Invalid '{name}': {error}.", param="after", code="invalid_value") from error
    with reading(db) as connection:
        query = sa.select(projects.c.id, projects.c.name)
        named = {event.project for event in events.items if event.project}
        names = {row.id: row.name for row in connection.execute(query.where(projects.c.id.in_(named)))}
    return page([shown(event, names.get(event.project, "")) for event in events.items], more=events.more)


def shown(event: AuditEvent, project: str) -> dict[str, Any]:
    """An event as OpenAI shows it; its place in the chain of hashes is beside it."""
    return {
        "object": "organization.audit_log",
        "id": event.id,
        "type": event.type,
        "effective_at": event.time,
        "project": {"id": event.project, "name": project} if event.project else None,
        "actor": _actor(event.actor),
        event.type: event.details,
        "sequence": event.sequence,
        "sha256": event.sha256,
    }


def _actor(actor: Actor) -> dict[str, Any]:
    """A session or a key, as OpenAI knows them; the machine's operator is a session without a user."""
    user = {"id": actor.user, "email": actor.email or None} if actor.user else None
    if actor.type == "api_key":
        account = actor.user if actor.user.startswith(_SERVICE_ACCOUNT) else ""
        return {
            "type": "api_key",
            "api_key": {
                "id": actor.key,
                "type": "service_account" if account else "user",
                "user": None if account else user,
                "service_account": {"id": account} if account else None,
            },
        }
    session = {"user": user, "ip_address": actor.ip_address or None, "user_agent": actor.user_agent or None}
    return {"type": "session", "session": session}
