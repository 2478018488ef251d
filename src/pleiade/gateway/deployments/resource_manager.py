"""Deployments as Azure's resource manager has them: PUT with `sku.capacity`, in units of 1,000 tokens a minute."""

from typing import Any

import msgspec

from pleiade.domain.limits import UNIT_TOKENS, Capacity, CapacityKind
from pleiade.gateway.call import Call
from pleiade.gateway.deployments.placing import Placed, Placing
from pleiade.gateway.errors import ApiError
from pleiade.gateway.organization.fields import text, whole
from pleiade.gateway.problems import missing, wrong_type
from pleiade.gateway.routing import Route

ACCOUNT = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.CognitiveServices/accounts/{account}"
)
KIND = "Microsoft.CognitiveServices/accounts/deployments"
# Azure's names of SKUs; those with "Provisioned" in them set capacity aside.
SKUS = {
    "Standard": CapacityKind.STANDARD,
    "GlobalStandard": CapacityKind.STANDARD,
    "DataZoneStandard": CapacityKind.STANDARD,
    "ProvisionedManaged": CapacityKind.PROVISIONED,
    "GlobalProvisionedManaged": CapacityKind.PROVISIONED,
    "DataZoneProvisionedManaged": CapacityKind.PROVISIONED,
}
PROVISIONING = {"succeeded": "Succeeded", "failed": "Failed", "deleting": "Deleting"}


class ResourceManager:
    """`…/accounts/{account}/deployments`: whatever subscription, group and account it names, it is this server."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        one = ACCOUNT + "/deployments/{deployment}"
        self.routes = (
            Route(method="GET", path=ACCOUNT + "/deployments", root=True, handler=self.list_all),
            Route(method="GET", path=one, root=True, handler=self.retrieve),
            Route(method="PUT", path=one, root=True, handler=self.put),
            Route(method="DELETE", path=one, root=True, handler=self.delete),
        )

    async def list_all(self, call: Call) -> None:
        """Every deployment."""
        await _send(call, 200, {"value": [self._shown(call, placed) for placed in await self._placing.all(call)]})

    async def retrieve(self, call: Call) -> None:
        """One deployment."""
        await _send(call, 200, self._shown(call, await self._placing.find(call, call.params["deployment"])))

    async def put(self, call: Call) -> None:
        """Make or change a deployment: 201 or 200, and `provisioningState` tells when it answers."""
        name = call.params["deployment"]
        there = {placed.deployment.name: placed for placed in await self._placing.all(call)}
        fields = await self._placing.body(call)
        before = there[name].capacity if name in there else Capacity()
        model = _object(_object(fields, "properties"), "model")
        if text(model, "format", "OpenAI") != "OpenAI":
            raise ApiError(
                400, "The format of models is OpenAI.", code="InvalidRequest", param="properties.model.format"
            )
        made = await self._placing.place(call, name, text(model, "name"), _capacity(fields, before))
        await _send(call, 200 if name in there else 201, self._shown(call, made))

    async def delete(self, call: Call) -> None:
        """Remove a deployment; 204 where there is none, as Azure does."""
        there = {placed.deployment.name for placed in await self._placing.all(call)}
        call.status = 204
        if call.params["deployment"] in there:
            await self._placing.remove(call, call.params["deployment"])
            call.status = 200
        await call.answer.whole(call.status, b"")

    def _shown(self, call: Call, placed: Placed) -> dict[str, Any]:
        deployment, capacity = placed.deployment, placed.capacity
        account = ACCOUNT
        for name in ("subscription", "group", "account"):
            account = account.replace(f"{{{name}}}", call.params[name])
        state = PROVISIONING.get(self._placing.state(deployment.name), "Creating")
        standard = capacity.kind is CapacityKind.STANDARD
        return {
            "id": f"{account}/deployments/{deployment.name}",
            "name": deployment.name,
            "type": KIND,
            "sku": {"name": "Standard" if standard else "ProvisionedManaged", "capacity": capacity.units or None},
            "properties": {
                "model": {"format": "OpenAI", "name": deployment.model, "version": "1"},
                "provisioningState": state,
                "spilloverDeploymentName": capacity.spillover or None,
                "rateLimits": _rates(capacity),
            },
        }


def _capacity(fields: dict[str, Any], before: Capacity) -> Capacity:
    """The capacity that `sku` asks for. Raises ApiError 400."""
    sku = _object(fields, "sku")
    name = text(sku, "name")
    if name not in SKUS:
        known = ", ".join(SKUS)
        raise ApiError(400, f"The SKU {name[:40]!r} is not one of {known}.", code="InvalidResourceProperties")
    units = whole(sku, "capacity")
    if units is None:
        raise missing("sku.capacity")
    if units < 1:
        raise ApiError(400, f"A capacity of {units} serves nobody.", param="sku.capacity", code="invalid_value")
    spillover = text(_object(fields, "properties"), "spilloverDeploymentName", "")
    return msgspec.structs.replace(before, units=units, kind=SKUS[name], spillover=spillover)


def _rates(capacity: Capacity) -> list[dict[str, Any]]:
    """What the capacity allows, as Azure tells it; nothing where it is unlimited."""
    if not capacity.units:
        return []
    return [
        {"key": "request", "renewalPeriod": 60, "count": capacity.requests_per_minute},
        {"key": "token", "renewalPeriod": 60, "count": capacity.units * UNIT_TOKENS},
    ]


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, dict):
        raise wrong_type(name, "an object", value)
    return value


async def _send(call: Call, status: int, value: dict[str, Any]) -> None:
    call.status = status
    await call.answer.whole(status, msgspec.json.encode(value))
