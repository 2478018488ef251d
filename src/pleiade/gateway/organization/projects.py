"""/organization/projects: made, listed, renamed, archived."""

from typing import Any

from pleiade.domain import Project
from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.fields import Query, or_null, page, text
from pleiade.gateway.routing import Route
from pleiade.tenancy.projects import archive_project, create_project, get_project, list_projects, rename_project

# What OpenAI offers beside a name, and this server does not do: said, not swallowed.
_ELSEWHERE = ("external_key_id", "geography")


class Projects:
    """The routes of projects."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        one = "/organization/projects/{project_id}"
        self.routes = (
            Route(method="GET", path="/organization/projects", handler=self.list_all),
            Route(method="POST", path="/organization/projects", handler=self.create),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="POST", path=one, handler=self.update),
            Route(method="POST", path=f"{one}/archive", handler=self.archive),
        )

    async def list_all(self, call: Call) -> None:
        """Projects, oldest first; `include_archived` shows the closed ones too."""
        organisation, query = self._administration.enter(call), Query(call.query)
        found = await self._administration.run(
            list_projects,
            organisation,
            archived=query.flag("include_archived"),
            after=query.text("after"),
            limit=query.limit(),
        )
        await send(call, page([shown(project) for project in found.items], more=found.more))

    async def create(self, call: Call) -> None:
        """A new project."""
        organisation = self._administration.enter(call)
        fields = await self._administration.body(call)
        _check_elsewhere(fields)
        name, actor = text(fields, "name"), await self._administration.actor(call)
        await send(call, shown(await self._administration.run(create_project, organisation, name=name, actor=actor)))

    async def retrieve(self, call: Call) -> None:
        """One project."""
        organisation = self._administration.enter(call)
        found = await self._administration.run(get_project, organisation, call.params["project_id"])
        await send(call, shown(found))

    async def update(self, call: Call) -> None:
        """Rename a project."""
        organisation, identifier = self._administration.enter(call), call.params["project_id"]
        fields = await self._administration.body(call)
        found = await self._administration.run(get_project, organisation, identifier)
        _check_elsewhere(fields)
        name = text(fields, "name", found.name)
        if name != found.name:
            actor = await self._administration.actor(call)
            found = await self._administration.run(rename_project, organisation, identifier, name=name, actor=actor)
        await send(call, shown(found))

    async def archive(self, call: Call) -> None:
        """Close a project for good: its keys open nothing within a second."""
        organisation, actor = self._administration.enter(call), await self._administration.actor(call)
        found = await self._administration.run(archive_project, organisation, call.params["project_id"], actor=actor)
        await send(call, shown(found))


def shown(project: Project) -> dict[str, Any]:
    """A project as OpenAI shows it."""
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created,
        "archived_at": or_null(project.archived),
        "status": project.status,
        "external_key_id": None,
        "residency": None,
    }


def _check_elsewhere(fields: dict[str, Any]) -> None:
    for name in _ELSEWHERE:
        if fields.get(name) is not None:
            raise bad_request(f"This server has no {name}: leave it out.", param=name, code="unsupported_parameter")
    if fields.get("residency") not in (None, "GLOBAL"):
        raise bad_request(
            "Data stays where this server is: leave residency out.", param="residency", code="unsupported_parameter"
        )
