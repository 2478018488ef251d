"""What jobs made: deleted by the project that made it, and shared with others of its organisation."""

from collections.abc import Sequence
from pathlib import Path

from pleiade.domain import Endpoint
from pleiade.finetuning import serving, sharing
from pleiade.finetuning.nouns import Permission
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, send
from pleiade.gateway.errors import ApiError, forbidden, missing_scope
from pleiade.gateway.fine_tuning.asked import CheckpointShare
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import page_of, parse_page
from pleiade.registry import RegistryError
from pleiade.tenancy.rights import may

RIGHT = "api.fine_tuning.write"


class Models:
    """`/fine_tuning/checkpoints/…/permissions`, and what deletes a model."""

    def __init__(self, archive: Archive, administration: Administration, models: Path) -> None:
        self.desk = Desk(archive)
        self._administration = administration
        self._models = models
        path = "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"
        self.routes: Sequence[Route] = (
            Route(method="POST", path=path, handler=self.share, takes=CheckpointShare, gives=Permission),
            Route(method="GET", path=path, handler=self.list_shares, query=("limit", "after", "order", "project_id")),
            Route(method="DELETE", path=path + "/{permission_id}", handler=self.unshare),
        )

    async def delete(self, call: Call, endpoint: Endpoint) -> None:
        """Undeploy and forget a model that the caller's project made. Raises ApiError 403, 409."""
        name, who = endpoint.deployment, call.principal
        if not may(who, RIGHT, who.organisation, who.project):
            raise missing_scope(RIGHT)
        if not await self.desk.read(sharing.owned, who.project, name):
            raise forbidden(f"The model `{name}` was made by another project, which alone can delete it.")
        actor = await self._administration.actor(call)
        try:
            await self._administration.run(serving.remove, name, actor, self._models)
        except RegistryError as error:
            raise ApiError(
                409, f"The model `{name}` is in use: {error}.", code="model_in_use", param="model"
            ) from error
        await send(call, {"id": name, "object": "model", "deleted": True})

    async def share(self, call: Call) -> None:
        """Let other projects call it. Raises ApiError 400, 404."""
        body = await self.desk.body(call, CheckpointShare)
        who = call.principal
        made = await self.desk.write(sharing.share, who.organisation, who.project, _model(call), body.project_ids)
        await send(call, _page(made))

    async def list_shares(self, call: Call) -> None:
        """Who else may call it. Raises ApiError 400, 404."""
        query = call.query.replace(b"order=ascending", b"order=asc").replace(b"order=descending", b"order=desc")
        page = parse_page(query, descending=False, default=10)
        found = await self.desk.read(sharing.permissions, call.principal.project, _model(call))
        shown = [{"id": one.id, "permission": one} for one in found]
        told = page_of(shown, page)
        await send(call, {**told, "data": [item["permission"] for item in told["data"]]})

    async def unshare(self, call: Call) -> None:
        """Take a permission back. Raises ApiError 404."""
        identifier = call.params["permission_id"]
        await self.desk.write(sharing.unshare, call.principal.project, _model(call), identifier)
        await send(call, {"id": identifier, "object": "checkpoint.permission", "deleted": True})


def _model(call: Call) -> str:
    return call.params["fine_tuned_model_checkpoint"]


def _page(made: Sequence[Permission]) -> dict[str, object]:
    ends = {"first_id": made[0].id if made else None, "last_id": made[-1].id if made else None}
    return {"object": "list", "data": made, "has_more": False, **ends}
