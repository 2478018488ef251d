"""Roles and who holds them: five, the same everywhere, which nobody makes or changes; each member holds one."""

from typing import Any

from pleiade.domain import Member, Role
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.organization.administration import Administration, check_grant, send
from pleiade.gateway.organization.fields import organization_role, page, text
from pleiade.gateway.routing import Route
from pleiade.tenancy.members import get_member, set_role
from pleiade.tenancy.projects import get_project
from pleiade.tenancy.rights import RIGHTS

_MEANINGS = {
    Role.OWNER: "Everything, the organization's own settings included.",
    Role.ADMIN: "Administers projects, people, keys, limits and deployments.",
    Role.DEVELOPER: "Makes keys and fine-tunes, and calls models.",
    Role.MEMBER: "Calls models.",
    Role.VIEWER: "Looks, and changes nothing.",
}


class Roles:
    """The routes of roles, of an organisation (`/organization/…`) and of a project (`/projects/{project_id}/…`)."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        routes: list[Route] = []
        for base in ("/organization", "/projects/{project_id}"):
            held = base + "/users/{user_id}/roles"
            routes += [
                Route(method="GET", path=base + "/roles", handler=self.list_all),
                Route(method="GET", path=base + "/roles/{role_id}", handler=self.retrieve),
                Route(method="GET", path=held, handler=self.list_held),
                Route(method="POST", path=held, handler=self.give),
                Route(method="GET", path=held + "/{role_id}", handler=self.retrieve_held),
                Route(method="DELETE", path=held + "/{role_id}", handler=self.take),
            ]
        self.routes = tuple(routes)

    async def list_all(self, call: Call) -> None:
        """The five roles, from most to least."""
        project = await self._project(call)
        await send(call, page([shown(role, project) for role in Role], more=False))

    async def retrieve(self, call: Call) -> None:
        """One role."""
        project = await self._project(call)
        await send(call, shown(role_of_id(call.params["role_id"], project), project))

    async def list_held(self, call: Call) -> None:
        """The one role that somebody has there."""
        member = await self._member(call)
        await send(call, page([_held(member)], more=False))

    async def retrieve_held(self, call: Call) -> None:
        """The same by its id. Raises ApiError 404 for a role that they do not have."""
        member = await self._member(call)
        _check_held(call, member)
        await send(call, _held(member))

    async def give(self, call: Call) -> None:
        """Give somebody this role, in the place of the one they have."""
        member = await self._member(call)
        fields = await self._administration.body(call)
        wanted = role_of_id(text(fields, "role_id"), member.project)
        if wanted.value != member.role:
            for changed in (wanted, Role(member.role)):
                check_grant(call.principal, changed)
            actor = await self._administration.actor(call)
            member = await self._administration.run(
                set_role, member.organisation, member.user, role=wanted, project=member.project, actor=actor
            )
        user = {
            "object": "organization.user",
            "id": member.user,
            "email": member.email,
            "name": member.name,
            "role": organization_role(member.role),
            "added_at": member.created,
        }
        await send(call, {"object": "user.role", "role": shown(wanted, member.project), "user": user})

    async def take(self, call: Call) -> None:
        """Nobody is left without a role. Raises ApiError 400, 404."""
        _check_held(call, await self._member(call))
        raise bad_request(
            "A member has exactly one role: give another one instead, or remove the member.", code="conflict"
        )

    async def _project(self, call: Call) -> str:
        organisation, project = self._administration.enter(call), call.params.get("project_id", "")
        if project:
            await self._administration.run(get_project, organisation, project)
        return project

    async def _member(self, call: Call) -> Member:
        return await self._administration.run(
            get_member,
            self._administration.enter(call),
            call.params["user_id"],
            project=call.params.get("project_id", ""),
        )


def shown(role: Role, project: str) -> dict[str, Any]:
    """A role as OpenAI shows it; its permissions are the actions of tenancy's table that it reaches."""
    reached = [name for name, right in RIGHTS.items() if role.rank >= right.role.rank and right.where != "house"]
    return {
        "object": "role",
        "id": id_of_role(role, project),
        "name": role.value,
        "description": _MEANINGS[role],
        "permissions": reached,
        "predefined_role": True,
        "resource_type": "api.project" if project else "api.organization",
    }


def id_of_role(role: Role, project: str) -> str:
    """The id of a role in an organisation (`project` is "") or in any project."""
    return f"role-api-{'project' if project else 'organization'}-{role.value}"


def role_of_id(identifier: str, project: str) -> Role:
    """The role with that id there. Raises ApiError 404."""
    for role in Role:
        if id_of_role(role, project) == identifier:
            return role
    raise ApiError(404, f"No role has the id {identifier[:80]!r}; list them to see which there are.", param="role_id")


def _held(member: Member) -> dict[str, Any]:
    return {
        **shown(Role(member.role), member.project),
        "created_at": member.created,
        "updated_at": None,
        "created_by": None,
        "created_by_user_obj": None,
        "metadata": None,
        "assignment_sources": [{"principal_id": member.user, "principal_type": "user"}],
    }


def _check_held(call: Call, member: Member) -> None:
    if role_of_id(call.params["role_id"], member.project).value != member.role:
        raise ApiError(404, f"The user {member.user} does not have this role.", param="role_id")
