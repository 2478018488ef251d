"""Deployments as Azure's clients make them, in January 2023's shape and in the resource manager's."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import new_customer

from pleiade.domain import Model, ModelFormat, ModelKind, Role
from pleiade.domain.limits import CapacityKind
from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.quota.capacity import capacity_of, set_pool
from pleiade.registry import add_model, get_model, list_deployments
from pleiade.registry.deployments import deploy
from pleiade.settings import Settings
from pleiade.store import open_database
from pleiade.tenancy.keys import create_key

Serve = Callable[..., Awaitable[Any]]
DATA = "/openai/deployments"
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
OLD, MANAGER = "?api-version=2022-12-01", "?api-version=2023-05-01"


class House:
    """A gateway with a model that is deployed once, and its administrator."""

    def __init__(self, served: Any, db: sa.Engine, key: str) -> None:
        self._served, self.db, self.key = served, db, key

    async def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"api-key": key or self.key}
        async with self._served.client.request(method, self._served.url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.status != 204 and answer.content_length else None

    async def put(self, name: str, capacity: Any, sku: str = "Standard", **properties: Any) -> tuple[int, Any]:
        properties.setdefault("model", {"format": "OpenAI", "name": "m", "version": "1"})
        body = {"sku": {"name": sku, "capacity": capacity}, "properties": properties}
        return await self.ask("PUT", f"{ACCOUNT}/deployments/{name}{MANAGER}", body)


@pytest.fixture
async def house(serve: Serve, tmp_path: Path, migrated_sqlite: Path) -> House:
    shutil.copy(migrated_sqlite, tmp_path / "pleiade.db")
    url = f"sqlite:///{tmp_path / 'pleiade.db'}"
    db = open_database(url)
    for name in ("m", "never-deployed"):
        add_model(db, Model(id=name, kind=ModelKind.TEXT, format=ModelFormat.REMOTE, source="http://127.0.0.1:9/v1"))
    deploy(db, "first", model="m", engine="upstream", options={"url": "http://127.0.0.1:9/v1", "key": "k"})
    key, _ = create_key(db, name="admin", role=Role.ADMIN)
    wanted: dict[str, Any] = {"home": str(tmp_path)}
    served = await serve(rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(url), **wanted)
    return House(served, db, key)


async def test_a_deployment_is_made_scaled_and_deleted_in_the_shape_of_2022(house: House) -> None:
    status, made = await house.ask("POST", DATA + OLD, {"model": "m", "scale_settings": {"scale_type": "standard"}})
    assert status == 201
    assert made["id"].startswith("deployment-")
    assert (made["model"], made["object"], made["scale_settings"]) == ("m", "deployment", {"scale_type": "standard"})
    status, listed = await house.ask("GET", DATA + OLD)
    assert {item["id"] for item in listed["data"]} == {"first", made["id"]}
    one = f"{DATA}/{made['id']}{OLD}"
    body = {"scale_settings": {"scale_type": "manual", "capacity": 5}}
    assert (await house.ask("PATCH", one, body))[1]["scale_settings"] == {"scale_type": "manual", "capacity": 5}
    capacity = capacity_of(house.db, made["id"])
    assert capacity is not None
    assert capacity.tokens_per_minute == 5000
    assert (await house.ask("GET", one))[1]["scale_settings"]["capacity"] == 5
    assert (await house.ask("DELETE", one))[0] == 204
    status, error = await house.ask("GET", one)
    assert (status, error["error"]["code"]) == (404, "DeploymentNotFound")
    assert get_model(house.db, "m").id == "m"


async def test_a_new_deployment_runs_as_the_others_of_its_model_and_tells_no_secret(house: House) -> None:
    _, made = await house.put("second", 3)
    (second,) = [deployment for deployment in list_deployments(house.db) if deployment.name == "second"]
    assert (second.engine, second.options["url"]) == ("upstream", "http://127.0.0.1:9/v1")
    assert "127.0.0.1:9" not in str(made)


async def test_the_resource_manager_puts_capacity_in_units_of_a_thousand(house: House) -> None:
    status, made = await house.put("second", 10)
    assert status == 201
    assert made["id"] == f"{ACCOUNT}/deployments/second"
    assert made["sku"] == {"name": "Standard", "capacity": 10}
    assert {"key": "token", "renewalPeriod": 60, "count": 10_000} in made["properties"]["rateLimits"]
    assert made["properties"]["provisioningState"] == "Creating"
    status, again = await house.put("second", 20, "ProvisionedManaged", spilloverDeploymentName="first")
    assert (status, again["sku"]["name"]) == (200, "ProvisionedManaged")
    capacity = capacity_of(house.db, "second")
    assert capacity is not None
    assert (capacity.units, capacity.kind, capacity.spillover) == (20, CapacityKind.PROVISIONED, "first")
    _, listed = await house.ask("GET", f"{ACCOUNT}/deployments{MANAGER}")
    assert [item["name"] for item in listed["value"]] == ["first", "second"]
    path = f"{ACCOUNT}/deployments/second{MANAGER}"
    assert [(await house.ask("DELETE", path))[0] for _ in range(2)] == [200, 204]
    assert (await house.ask("GET", path))[0] == 404


async def test_no_more_is_given_than_the_pool_has(house: House) -> None:
    await house.put("first", 1)
    set_pool(house.db, "m", 10)
    assert (await house.put("second", 9))[0] == 201
    status, error = await house.put("third", 1)
    assert (status, error["error"]["code"]) == (400, "InsufficientQuota")
    assert {deployment.name for deployment in list_deployments(house.db)} == {"first", "second"}
    assert (await house.put("second", 10))[0] == 400


async def test_absurd_capacities_are_refused(house: House) -> None:
    for capacity in (0, -1, "many", None, 1.5, 10**12):
        assert (await house.put("second", capacity))[0] == 400, capacity
    assert {deployment.name for deployment in list_deployments(house.db)} == {"first"}


async def test_models_that_are_unknown_or_were_never_deployed_are_refused(house: House) -> None:
    for model in ("nothing", "never-deployed"):
        status, error = await house.put("second", 1, model={"format": "OpenAI", "name": model, "version": "1"})
        assert (status, error["error"]["code"]) == (400, "DeploymentModelNotSupported")
    assert (await house.put("second", 1, model={"format": "Meta", "name": "m"}))[0] == 400
    assert (await house.put("second", 1, "Gold"))[0] == 400


async def test_customers_see_and_change_no_deployment(house: House) -> None:
    customer = new_customer(house.db, "acme")
    service, _ = create_key(house.db, name="bot", role=Role.MEMBER)
    for key in (customer.key, service):
        for method, path in (
            ("GET", DATA + OLD),
            ("POST", DATA + OLD),
            ("GET", f"{DATA}/first{OLD}"),
            ("PATCH", f"{DATA}/first{OLD}"),
            ("DELETE", f"{DATA}/first{OLD}"),
            ("GET", f"{ACCOUNT}/deployments{MANAGER}"),
            ("PUT", f"{ACCOUNT}/deployments/first{MANAGER}"),
            ("DELETE", f"{ACCOUNT}/deployments/first{MANAGER}"),
        ):
            status, error = await house.ask(method, path, {} if method in ("POST", "PATCH", "PUT") else None, key)
            assert status == 401, (method, path)
            assert "first" not in str(error)
    assert {deployment.name for deployment in list_deployments(house.db)} == {"first"}


async def test_the_version_is_demanded(house: House) -> None:
    for path in (DATA, f"{ACCOUNT}/deployments", f"{ACCOUNT}/deployments?api-version=1999-01-01"):
        status, error = await house.ask("GET", path)
        assert status in (400, 404)
        assert set(error["error"]) == {"code", "message"}
