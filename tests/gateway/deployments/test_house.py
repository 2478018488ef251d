"""Deployments as the Console drives them: /organization/deployments and /organization/models."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import new_customer

from pleiade.domain import EndpointState, EndpointTable, Model, ModelFormat, ModelKind, Role
from pleiade.engines.offered import OFFERS
from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.quota.capacity import set_pool
from pleiade.registry import add_model, deploy, get_deployment
from pleiade.settings import Settings
from pleiade.store import open_database
from pleiade.store.tenants import audit_log
from pleiade.tenancy.keys import create_key

Serve = Callable[..., Awaitable[Any]]
BASE = "/v1/organization/deployments"


class House:
    """A gateway with two text models, one of them deployed, and its administrator."""

    def __init__(self, served: Any, db: sa.Engine, key: str) -> None:
        self.served, self.db, self.key = served, db, key

    async def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key or self.key}"}
        async with self.served.client.request(method, self.served.url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def change(self, name: str, **changes: Any) -> Any:
        status, body = await self.ask("POST", f"{BASE}/{name}", changes)
        assert status == 200, body
        return body

    async def refused(self, path: str, body: Any) -> tuple[str, str | None]:
        status, answer = await self.ask("POST", path, body)
        assert status == 400, answer
        return answer["error"]["message"], answer["error"]["param"]


@pytest.fixture
async def house(serve: Serve, tmp_path: Path, migrated_sqlite: Path) -> House:
    shutil.copy(migrated_sqlite, tmp_path / "pleiade.db")
    url = f"sqlite:///{tmp_path / 'pleiade.db'}"
    db = open_database(url)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(bytes(4096))
    shape = '{"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64}'
    (weights / "config.json").write_text(shape)
    for name in ("small", "large"):
        model = Model(id=name, kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path=str(weights), parameters=2048)
        add_model(db, model)
    add_model(db, Model(id="far", kind=ModelKind.TEXT, format=ModelFormat.REMOTE, source="http://127.0.0.1:9/v1"))
    deploy(db, "chat", model="small", engine="text_openvino", options={"weights": "int8"})
    deploy(db, "far", model="far", engine="upstream", options={"url": "http://127.0.0.1:9/v1", "key": "hush"})
    key, _ = create_key(db, name="admin", role=Role.ADMIN)
    wanted: dict[str, Any] = {"home": str(tmp_path)}
    served = await serve(rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(url), **wanted)
    return House(served, db, key)


async def test_a_deployment_is_made_changed_steered_and_removed(house: House) -> None:
    new = {
        "name": "next",
        "model": "large",
        "options": {"weights": "int4", "max_batch": 8},
        "aliases": ["gpt-4o-mini"],
        "capacity": {"units": 60},
    }
    status, made = await house.ask("POST", BASE, new)
    assert status == 200, made
    assert (made["engine"], made["options"], made["concurrency"]) == (
        "text_openvino",
        {"weights": "int4", "max_batch": 8},
        8,
    )
    assert (made["capacity"]["tokens_per_minute"], made["capacity"]["requests_per_minute"]) == (60_000, 360)
    assert (made["aliases"], made["state"], made["version"]) == (["gpt-4o-mini"], "stopped", 1)

    changed = await house.change("next", options={"weights": "bf16"}, aliases=["gpt-4o"], capacity={"units": 0})
    assert (changed["options"], changed["aliases"], changed["version"]) == ({"weights": "bf16"}, ["gpt-4o"], 2)
    assert changed["capacity"]["tokens_per_minute"] is None

    steered = await house.change("chat", canary={"deployment": "next", "percent": 5})
    assert (steered["canary"], steered["version"]) == ({"deployment": "next", "percent": 5}, 1)
    status, listed = await house.ask("GET", BASE)
    assert {one["name"]: one["canary_of"] for one in listed["data"]} == {"chat": [], "far": [], "next": ["chat"]}
    message, _ = await house.refused(f"{BASE}/next/rollback", {"version": 9})
    assert "versions are 1 to 2" in message
    status, back = await house.ask("POST", f"{BASE}/next/rollback", {})
    assert (status, back["options"]["weights"], back["version"]) == (200, "int4", 3)
    _, versions = await house.ask("GET", f"{BASE}/next/versions")
    assert [one["version"] for one in versions["data"]] == [3, 2, 1]
    assert (await house.ask("POST", f"{BASE}/next/restart"))[0] == 200
    assert get_deployment(house.db, "next").restarts == 1

    status, answer = await house.ask("DELETE", f"{BASE}/next")
    assert (status, "chat sends calls to next" in answer["error"]["message"]) == (400, True)
    assert (await house.change("chat", canary={}, drained=True))["canary"] is None
    status, answer = await house.ask("DELETE", f"{BASE}/next")
    assert (status, answer["deleted"]) == (200, True)
    assert (await house.ask("GET", f"{BASE}/next"))[0] == 404
    with house.db.connect() as connection:
        written = connection.execute(sa.select(audit_log.c.type, audit_log.c.details)).all()
    acts = [row.type for row in written if '"next"' in row.details]
    assert set(acts) >= {
        "deployment.created",
        "deployment.updated",
        "deployment.rolled_back",
        "deployment.restarted",
        "deployment.deleted",
    }


async def test_what_is_left_out_stays(house: House) -> None:
    await house.change("chat", capacity={"units": 10, "requests_per_unit": 1.5}, aliases=["gpt-4o"])
    after = await house.change("chat", drained=True)
    assert (after["aliases"], after["options"]) == (["gpt-4o"], {"weights": "int8"})
    assert (after["capacity"]["units"], after["capacity"]["requests_per_unit"]) == (10, 1.5)
    assert (await house.change("chat", capacity={"units": 20}))["capacity"]["requests_per_unit"] == 1.5
    assert (await house.change("chat", model="large"))["drained"] is True


async def test_nobody_runs_a_program_or_learns_a_secret_over_http(house: House) -> None:
    for name, value in (("python", "/bin/sh"), ("command", "/bin/sh"), ("arguments", "--x"), ("url", "http://x")):
        message, param = await house.refused(f"{BASE}/chat", {"options": {name: value}})
        assert param == f"options.{name}"
        assert "pleiade deploy" in message
    message, _ = await house.refused(f"{BASE}/far", {"options": {"key": "mine"}})
    assert "pleiade deploy" in message
    _, far = await house.ask("GET", f"{BASE}/far")
    assert far["options"]["key"] == "…"
    await house.change("far", aliases=["gpt-4o"])
    assert get_deployment(house.db, "far").options["key"] == "hush"
    _, versions = await house.ask("GET", f"{BASE}/far/versions")
    assert "hush" not in str(versions)


@pytest.mark.parametrize(
    ("body", "param", "why"),
    [
        ({"name": "a b", "model": "small"}, None, "cannot be a deployment's name"),
        ({"name": "chat", "model": "small"}, None, "already"),
        ({"name": "x", "model": "nothing"}, None, "nothing"),
        ({"name": "x", "model": "small", "engine": "image_openvino"}, None, "cannot run on"),
        ({"name": "x", "model": "small", "options": {"weights": "int1"}}, "options.weights", "int8, int4, bf16"),
        ({"name": "x", "model": "small", "options": {"max_batch": 0}}, "options.max_batch", "at least 1"),
        ({"name": "x", "model": "small", "options": {"max_batch": "9"}}, "options.max_batch", "whole number"),
        ({"name": "x", "model": "small", "capacity": {"units": -1}}, None, "units"),
        ({"name": "x", "model": "small", "aliases": ["chat"]}, None, "already the name of another"),
        ({"name": "x", "model": "small", "colour": "blue"}, None, "colour"),
        ({"model": "small"}, "name", "Missing"),
    ],
)
async def test_what_is_wrong_with_a_new_deployment_is_told(
    house: House, body: dict[str, Any], param: str | None, why: str
) -> None:
    message, told = await house.refused(BASE, body)
    assert why in message
    assert told == param or param is None
    _, listed = await house.ask("GET", BASE)
    assert {one["name"] for one in listed["data"]} == {"chat", "far"}


async def test_a_slice_is_no_larger_than_what_the_pool_has_left(house: House) -> None:
    await house.change("chat", capacity={"units": 60})
    set_pool(house.db, "small", 100)
    message, _ = await house.refused(BASE, {"name": "x", "model": "small", "capacity": {"units": 50}})
    assert "40 of the 100" in message
    _, chat = await house.ask("GET", f"{BASE}/chat")
    assert chat["pool"] == {"units": 100, "left": 40}


async def test_memory_is_told_before_anything_starts(house: House) -> None:
    _, models = await house.ask("GET", "/v1/organization/models")
    small = next(model for model in models["data"] if model["id"] == "small")
    assert (small["size_bytes"], small["deployments"]) == (4096, ["chat"])
    assert small["engines"][0]["engine"] == "text_openvino"
    asked = {"model": "small", "options": {"weights": "bf16", "kv_cache_mb": 64}}
    _, plan = await house.ask("POST", "/v1/organization/models/plan", asked)
    assert (plan["weights_bytes"], plan["cache_bytes"], plan["fits"]) == (4096, 64 << 20, True)
    assert plan["total_bytes"] == plan["weights_bytes"] + plan["cache_bytes"] + plan["program_bytes"]
    _, default = await house.ask("POST", "/v1/organization/models/plan", {"model": "small"})
    assert default["cache_bytes"] == 2 * 2 * 2 * 16 * 2 * 1024 * 32  # two layers, two heads of 16, half precision
    asked = {"model": "small", "options": {"kv_cache_mb": 1 << 20}}
    assert (await house.ask("POST", "/v1/organization/models/plan", asked))[1]["fits"] is False


async def test_health_is_what_the_supervisor_says(house: House) -> None:
    from scripted_gateway import endpoint

    house.served.directory.replace(
        EndpointTable(
            version=1,
            endpoints=(
                endpoint(house.served.engine, deployment="chat", state=EndpointState.FAILED, detail="out of memory"),
            ),
        )
    )
    _, chat = await house.ask("GET", f"{BASE}/chat")
    assert (chat["state"], chat["detail"]) == ("failed", "out of memory")


async def test_only_administrators_of_the_house_come_in(house: House) -> None:
    viewer, _ = create_key(house.db, name="viewer", role=Role.VIEWER)
    member, _ = create_key(house.db, name="member", role=Role.MEMBER)
    acme = new_customer(house.db, "acme")
    await house.served.gateway.keys.refresh()
    for key in (viewer, member, acme.key):
        for method, path in (
            ("POST", BASE),
            ("POST", f"{BASE}/chat"),
            ("DELETE", f"{BASE}/chat"),
            ("POST", f"{BASE}/chat/restart"),
            ("POST", f"{BASE}/chat/rollback"),
            ("POST", "/v1/organization/models/plan"),
        ):
            status, answer = await house.ask(method, path, {} if method == "POST" else None, key=key)
            assert status in (401, 403), (path, answer)
            assert "Missing scopes" in answer["error"]["message"]


def test_what_can_be_chosen_is_what_the_engines_know() -> None:
    from pleiade.engines import vllm
    from pleiade.engines.catalogue import ENGINES
    from pleiade.engines.embed_openvino import plan as embed
    from pleiade.engines.image_diffusers import plan as diffusers
    from pleiade.engines.image_openvino import plan as image
    from pleiade.engines.reward_openvino import plan as reward
    from pleiade.engines.text_llamacpp import plan as llamacpp
    from pleiade.engines.text_openvino import plan as openvino

    known = {
        "text_openvino": openvino.OPTIONS,
        "text_llamacpp": llamacpp.OPTIONS,
        "embed_openvino": embed.OPTIONS,
        "reward_openvino": reward.OPTIONS,
        "moderation": {},
        "image_openvino": image.OPTIONS,
        "image_diffusers": diffusers.OPTIONS,
        "vllm": vllm.OPTIONS,
    }
    programs = {"python", "command", "arguments", "quantization"}
    assert {offer.engine for offer in OFFERS} | {"upstream"} == set(ENGINES)
    for offer in OFFERS:
        assert {option.name for option in offer.options} == set(known[offer.engine]) - programs, offer.engine
