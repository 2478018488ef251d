"""/organization/users, and the users of a project: who belongs there, in which role."""

from typing import Any

from pleiade.domain import Member, Role
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import Query, organization_role, page, role, text
from pleiade.gateway.organization.roles import role_of_id
from pleiade.gateway.problems import missing
from pleiade.gateway.routing import Route
from pleiade.tenancy.members import add_member, get_member, list_members, remove_member, set_role
from pleiade.tenancy.projects import get_project


class People:
    """The routes of members: of the organisation, and of its projects."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        user = "/organization/users/{user_id}"
        inside = "/organization/projects/{project_id}/users"
        self.routes = (
            Route(method="GET", path="/organization/users", handler=self.list_all),
            Route(method="GET", path=user, handler=self.retrieve),
            Route(method="POST", path=user, handler=self.update),
            Route(method="DELETE", path=user, handler=self.delete),
            Route(method="GET", path=inside, handler=self.list_all),
            Route(method="POST", path=inside, handler=self.add),
            Route(method="GET", path=inside + "/{user_id}", handler=self.retrieve),
            Route(method="POST", path=inside + "/{user_id}", handler=self.update),
            Route(method="DELETE", path=inside + "/{user_id}", handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Members, the oldest first; `emails` picks some."""
        organisation, query = self._administration.enter(call), Query(call.query)
        found = await self._administration.run(
            list_members,
            organisation,
            project=call.params.get("project_id", ""),
            emails=tuple(email.lower() for email in query.texts("emails")),
            after=query.text("after"),
            limit=query.limit(),
        )
        await send(call, page([shown(member) for member in found.items], more=found.more))

    async def add(self, call: Call) -> None:
        """Add a member of the organisation, by `user_id` or `email`, to a project."""
        organisation, project = self._administration.enter(call), call.params["project_id"]
        fields = await self._administration.body(call)
        await self._administration.run(get_project, organisation, project)
        wanted = role(text(fields, "role"))
        check_grant(call.principal, wanted)
        user = text(fields, "user_id", "") or await self._with_email(organisation, text(fields, "email", ""))
        actor = await self._administration.actor(call)
        added = await self._administration.run(
            add_member, organisation, user, role=wanted, project=project, actor=actor
        )
        await send(call, shown(added))

    async def retrieve(self, call: Call) -> None:
        """One member."""
        await send(call, shown(await self._member(call)))

    async def update(self, call: Call) -> None:
        """Another role, by its name (`role`) or by its id (`role_id`)."""
        organisation, before = self._administration.enter(call), await self._member(call)
        fields = await self._administration.body(call)
        if fields.get("role_id") is not None:
            wanted = role_of_id(text(fields, "role_id"), before.project)
        elif fields.get("role") is not None:
            wanted = role(text(fields, "role"))
        else:
            wanted = Role(before.role)
        if wanted.value == before.role:
            await send(call, shown(before))
            return
        for changed in (wanted, Role(before.role)):
            check_grant(call.principal, changed)
        actor = await self._administration.actor(call)
        after = await self._administration.run(
            set_role, organisation, before.user, role=wanted, project=before.project, actor=actor
        )
        await send(call, shown(after))

    async def delete(self, call: Call) -> None:
        """Out of the project; or out of the organisation, with all its projects and their keys there."""
        organisation, member = self._administration.enter(call), await self._member(call)
        check_grant(call.principal, Role(member.role))
        actor = await self._administration.actor(call)
        await self._administration.run(remove_member, organisation, member.user, project=member.project, actor=actor)
        kind = "organization.project.user.deleted" if member.project else "organization.user.deleted"
        await send(call, {"object": kind, "id": member.user, "deleted": True})

    async def _member(self, call: Call) -> Member:
        organisation = self._administration.enter(call)
        return await self._administration.run(
            get_member, organisation, call.params["user_id"], project=call.params.get("project_id", "")
        )

    async def _with_email(self, organisation: str, email: str) -> str:
        """The id of the member with that address. Raises ApiError 400, 404."""
        if not email:
            raise missing("user_id")
        found = await self._administration.run(list_members, organisation, emails=(email.strip().lower(),), limit=1)
        if not found.items:
            raise ApiError(404, f"No member has the e-mail address {email[:100]!r}; invite them first.", param="email")
        return found.items[0].user


def shown(member: Member) -> dict[str, Any]:
    """A member as OpenAI shows one of a project, or one of an organisation."""
    if member.project:
        return {
            "object": "organization.project.user",
            "id": member.user,
            "name": member.name,
            "email": member.email,
            "role": member.role,
            "added_at": member.created,
        }
    return {
        "object": "organization.user",
        "id": member.user,
        "name": member.name,
        "email": member.email,
        "role": organization_role(member.role),
        "added_at": member.created,
        "created": member.created,
        "is_service_account": False,
        "is_scim_managed": False,
        "user": {
            "object": "user",
            "id": member.user,
            "name": member.name,
            "email": member.email,
            "enabled": True,
        },
    }
