"""/openai/deployments of 2022-12-01: GET, POST, PATCH, DELETE, with `scale_settings`."""

import secrets
from typing import Any

import msgspec

from pleiade.domain.limits import Capacity, CapacityKind
from pleiade.gateway.call import Call
from pleiade.gateway.deployments.placing import Placed, Placing
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.fields import text, whole
from pleiade.gateway.problems import missing, wrong_type, wrong_value
from pleiade.gateway.routing import Route

# "standard" has no number of its own; a number of units is "manual".
STANDARD, MANUAL = "standard", "manual"


class DataPlane:
    """The routes of January 2023."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self.routes = (
            Route(method="GET", path="/deployments", handler=self.list_all),
            Route(method="POST", path="/deployments", handler=self.create),
            Route(method="GET", path="", deployment=True, handler=self.retrieve),
            Route(method="PATCH", path="", deployment=True, handler=self.update),
            Route(method="DELETE", path="", deployment=True, handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Every deployment."""
        data = [self._shown(placed) for placed in await self._placing.all(call)]
        await _send(call, 200, {"object": "list", "data": data})

    async def create(self, call: Call) -> None:
        """A deployment of `model` under a name of the server's choice."""
        self._placing.enter(call)
        fields = await self._placing.body(call)
        name = f"deployment-{secrets.token_hex(16)}"
        made = await self._placing.place(call, name, text(fields, "model"), _capacity(fields, Capacity()))
        await _send(call, 201, self._shown(made))

    async def retrieve(self, call: Call) -> None:
        """One deployment."""
        await _send(call, 200, self._shown(await self._placing.find(call, call.params["deployment"])))

    async def update(self, call: Call) -> None:
        """Another model or scale; what is left out stays."""
        before = await self._placing.find(call, call.params["deployment"])
        fields = await self._placing.body(call)
        model = text(fields, "model", before.deployment.model)
        after = await self._placing.place(call, before.deployment.name, model, _capacity(fields, before.capacity))
        await _send(call, 200, self._shown(after))

    async def delete(self, call: Call) -> None:
        """Remove a deployment; its model stays."""
        await self._placing.remove(call, call.params["deployment"])
        call.status = 204
        await call.answer.whole(204, b"")

    def _shown(self, placed: Placed) -> dict[str, Any]:
        deployment, units = placed.deployment, placed.capacity.units
        return {
            "object": "deployment",
            "id": deployment.name,
            "model": deployment.model,
            "owner": "organization-owner",
            "status": self._placing.state(deployment.name),
            "created_at": deployment.created,
            "updated_at": deployment.created,
            "scale_settings": {"scale_type": MANUAL, "capacity": units} if units else {"scale_type": STANDARD},
        }


def _capacity(fields: dict[str, Any], before: Capacity) -> Capacity:
    """The capacity that `scale_settings` asks for. Raises ApiError 400."""
    settings = fields.get("scale_settings")
    if settings is None:
        return before
    if not isinstance(settings, dict):
        raise wrong_type("scale_settings", "an object", settings)
    kind = text(settings, "scale_type")
    if kind not in (STANDARD, MANUAL):
        raise wrong_value("scale_settings.scale_type", kind, (STANDARD, MANUAL))
    units = whole(settings, "capacity")
    if kind == MANUAL and units is None:
        raise missing("scale_settings.capacity")
    if kind == MANUAL and (units or 0) < 1:
        raise ApiError(
            400, f"A capacity of {units} serves nobody.", param="scale_settings.capacity", code="invalid_value"
        )
    if kind == STANDARD and before.kind is CapacityKind.PROVISIONED:
        return before
    return msgspec.structs.replace(before, units=units or 0)


async def _send(call: Call, status: int, value: dict[str, Any]) -> None:
    call.status = status
    await call.answer.whole(status, msgspec.json.encode(value))
