"""/organization/invites: sent, listed, taken back. Nothing is mailed: the link is in the answer, once."""

import time
from typing import Any

from pleiade.domain import Invite, Place
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, or_null, organization_role, page, role, text
from pleiade.gateway.problems import wrong_type
from pleiade.gateway.routing import Route
from pleiade.tenancy.invites import delete_invite, get_invite, list_invites, send_invite
from pleiade.tenancy.projects import get_project


class Invites:
    """The routes of invitations."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        one = "/organization/invites/{invite_id}"
        self.routes = (
            Route(method="GET", path="/organization/invites", handler=self.list_all),
            Route(method="POST", path="/organization/invites", handler=self.create),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="DELETE", path=one, handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Invitations, oldest first, those accepted or expired too."""
        organisation, query = self._administration.enter(call), Query(call.query)
        found = await self._administration.run(
            list_invites, organisation, after=query.text("after"), limit=query.limit()
        )
        await send(call, page([shown(invite) for invite in found.items], more=found.more))

    async def create(self, call: Call) -> None:
        """Invite an address; `token` in the answer is what POST /auth/invite takes, and is not shown again."""
        organisation = self._administration.enter(call)
        fields = await self._administration.body(call)
        wanted = role(text(fields, "role"))
        places = _places(fields)
        for given in (wanted, *(role(place.role) for place in places)):
            check_grant(call.principal, given)
        for place in places:
            await self._check_project(organisation, place.project)
        token, made = await self._administration.run(
            send_invite,
            organisation,
            email=text(fields, "email"),
            role=wanted,
            projects=places,
            actor=await self._administration.actor(call),
        )
        await send(call, {**shown(made), "token": token})

    async def retrieve(self, call: Call) -> None:
        """One invitation."""
        organisation = self._administration.enter(call)
        await send(call, shown(await self._administration.run(get_invite, organisation, call.params["invite_id"])))

    async def delete(self, call: Call) -> None:
        """Take an invitation back."""
        organisation, invite = self._administration.enter(call), call.params["invite_id"]
        actor = await self._administration.actor(call)
        await self._administration.run(delete_invite, organisation, invite, actor=actor)
        await send(call, {"object": "organization.invite.deleted", "id": invite, "deleted": True})

    async def _check_project(self, organisation: str, project: str) -> None:
        """Raises ApiError 404, which names the field of the request."""
        try:
            await self._administration.run(get_project, organisation, project)
        except ApiError as error:
            error.param = "projects"
            raise


def shown(invite: Invite) -> dict[str, Any]:
    """An invitation as OpenAI shows it."""
    return {
        "object": "organization.invite",
        "id": invite.id,
        "email": invite.email,
        "role": organization_role(invite.role),
        "status": invite.status(time.time()),
        "created_at": invite.created,
        "expires_at": invite.expires,
        "accepted_at": or_null(invite.accepted),
        "projects": [{"id": place.project, "role": place.role} for place in invite.projects],
    }


def _places(fields: dict[str, Any]) -> list[Place]:
    wanted = fields.get("projects")
    if wanted is None:
        return []
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise wrong_type("projects", "an array of objects", wanted)
    return [Place(text(item, "id"), role(text(item, "role"), "projects").value) for item in wanted]
