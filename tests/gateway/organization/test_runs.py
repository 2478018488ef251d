"""Calls leave runs, which their people and administrators find again; the overview adds up those and the running."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest
import sqlalchemy as sa
from customers import Customer
from scripted_engine import Exchange, well_behaved

from pleiade.domain import OPERATOR, Role
from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.runs.shipping import Shipper
from pleiade.settings import Settings
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.projects import create_project

Serve = Callable[..., Awaitable[Any]]
SECRET = "the password of ada@example.org is swordfish"


@pytest.fixture
def wanted(tmp_path: Path, database: sa.Engine) -> dict[str, Any]:
    """Settings of the gateway that is tested."""
    return {
        "home": str(tmp_path),
        "database_url": database.url.render_as_string(hide_password=False),
        "runs": "content",
    }


@pytest.fixture
async def served(serve: Serve, wanted: dict[str, Any], two: tuple[Customer, Customer]) -> Any:
    """A gateway that keeps what is said."""
    served = await serve(
        rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(wanted["database_url"]), **wanted
    )
    served.engine.script = well_behaved
    return served


@pytest.fixture
def shipped(served: Any, tmp_path: Path, database: sa.Engine) -> Callable[[], None]:
    """What the keeper does a moment later."""

    def ship() -> None:
        served.gateway.recorder.spool.flush()
        while Shipper(tmp_path / "runs", database, keep=True).turn():
            pass

    return ship


def key_of(database: sa.Engine, customer: Customer, role: Role, project: str = "") -> str:
    place = {"organisation": customer.id, "project": project or customer.project}
    return create_key(database, name=role.value, role=role, kind="project", actor=OPERATOR, **place)[0]


async def get(served: Any, key: str, path: str) -> tuple[int, Any]:
    async with asyncio.timeout(20):
        while True:  # a new key is known within a second
            headers = {"authorization": f"Bearer {key}"}
            async with served.client.get(f"{served.url}/v1/organization/{path}", headers=headers) as answer:
                told = await answer.json()
                if (told.get("error") or {}).get("code") != "invalid_api_key":
                    return answer.status, told
            await asyncio.sleep(0.02)


async def ask(customer: Customer, **fields: Any) -> Any:
    messages = [{"role": "user", "content": SECRET}]
    return await customer.client(customer.key, strict=False).chat.completions.create(
        model="chat", messages=messages, **fields
    )


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_each_call_leaves_one_run(served: Any, acme: Customer, shipped: Callable[[], None]) -> None:
    await ask(acme)
    async for _ in await ask(acme, stream=True):
        pass
    response = await acme.client(acme.key, strict=False).responses.create(model="chat", input="hi")
    with pytest.raises(openai.NotFoundError):
        await acme.client(acme.key, strict=False).chat.completions.create(model="nobody", messages=[])
    shipped()
    status, told = await get(served, acme.key, "runs")
    assert status == 200
    assert [run["outcome"] for run in told["data"]] == ["refused", "completed", "completed", "completed"]
    assert [run["route"] for run in told["data"]] == ["/chat/completions", "/responses", *["/chat/completions"] * 2]
    refused, made, streamed, whole = told["data"]
    assert (refused["status"], refused["error"], refused["deployment"]) == (404, "model_not_found", "nobody")
    assert (made["response_id"], made["id"]) == (response.id, "run_" + response.id.removeprefix("resp_"))
    assert (streamed["stream"], whole["stream"]) == (True, False)
    assert whole["input_tokens"] > 0
    assert whole["total_ms"] >= whole["first_token_ms"] >= whole["asked_ms"] >= 0
    assert told["kept"] == {"recording": "content", "days": 30, "redaction": True}
    assert "password" not in json.dumps(told), "lists say nothing of what was said"


async def test_what_was_said_is_kept_without_personal_data(
    served: Any, acme: Customer, shipped: Callable[[], None], tmp_path: Path
) -> None:
    await ask(acme, stream=True)
    await asyncio.sleep(0)
    shipped()
    _, told = await get(served, acme.key, "runs")
    status, run = await get(served, acme.key, f"runs/{told['data'][0]['id']}")
    assert status == 200
    (part,) = run["contents"]
    assert json.loads(part["input"])["messages"][0]["content"] == "the password of [e-mail] is swordfish"
    assert (part["stream"], part["cut"]) == (True, False)
    assert not any(b"ada@" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()), "in no file either"


async def test_what_was_said_is_for_who_said_it_and_for_administrators(
    served: Any, acme: Customer, globex: Customer, database: sa.Engine, shipped: Callable[[], None]
) -> None:
    await ask(acme)
    shipped()
    _, told = await get(served, acme.key, "runs")
    path = f"runs/{told['data'][0]['id']}"
    sibling = create_project(database, acme.id, name="Sibling", actor=OPERATOR).id
    for role in (Role.VIEWER, Role.DEVELOPER):
        status, run = await get(served, key_of(database, acme, role), path)
        assert (status, run["contents"], run["contents_withheld"]) == (200, None, True), role
    status, run = await get(served, key_of(database, acme, Role.ADMIN), path)
    assert (status, run["contents_withheld"], len(run["contents"])) == (200, False, 1)
    for key in (key_of(database, acme, Role.ADMIN, sibling), globex.key):
        assert (await get(served, key, path))[0] == 404


async def test_a_viewer_sees_their_project_and_no_other(
    served: Any, acme: Customer, database: sa.Engine, shipped: Callable[[], None]
) -> None:
    sibling = create_project(database, acme.id, name="Sibling", actor=OPERATOR).id
    viewer, other = key_of(database, acme, Role.VIEWER), key_of(database, acme, Role.VIEWER, sibling)
    await ask(acme)
    shipped()
    for path, calls in (("runs", lambda told: len(told["data"])), ("overview", lambda told: total(told))):
        for key, seen in ((acme.key, 1), (viewer, 1), (other, 0)):
            status, told = await get(served, key, path)
            assert (status, calls(told)) == (200, seen), path
        assert (await get(served, viewer, f"{path}?project_ids={acme.project}"))[0] == 200
        assert (await get(served, viewer, f"{path}?project_ids={sibling}"))[0] == 404
        assert calls((await get(served, acme.key, f"{path}?project_ids={sibling}"))[1]) == 0
    for path in ("usage/completions?start_time=1&limit=1", "costs?start_time=1&limit=1"):
        assert (await get(served, viewer, path))[0] == 200
        assert (await get(served, viewer, f"{path}&project_ids={sibling}"))[0] == 404


def total(told: Any) -> int:
    number = told["total"]["num_model_requests"]
    assert number == sum(step["num_model_requests"] for step in told["data"])
    answered = sum(one["num_model_requests"] for one in told["deployments"])
    assert answered <= number, "calls for a model that is none are nobody's"
    return int(number)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_the_overview_adds_up(served: Any, acme: Customer, shipped: Callable[[], None]) -> None:
    await ask(acme)
    await ask(acme, stream=True)
    with pytest.raises(openai.NotFoundError):
        await acme.client(acme.key, strict=False).chat.completions.create(model="nobody", messages=[])
    shipped()
    for name, steps in (("1h", 60), ("24h", 96), ("7d", 168), ("30d", 120)):
        status, told = await get(served, acme.key, f"overview?range={name}")
        assert (status, len(told["data"]), total(told)) == (200, steps, 3)
        assert (told["total"]["num_refused"], told["total"]["num_failed"]) == (1, 0)
        assert told["total"]["total_p50_ms"] <= told["total"]["total_p95_ms"]
        assert "nobody" not in [one["deployment"] for one in told["deployments"]]
        assert [one["state"] for one in told["deployments"] if one["deployment"] == "chat"] == ["ready"]
        assert told["machine"] is None, "the machine is the house's"
    status, told = await get(served, acme.key, "overview?range=1y")
    assert (status, told["error"]["param"]) == (400, "range")


async def test_the_overview_tells_what_is_being_answered(
    served: Any, acme: Customer, globex: Customer, database: sa.Engine
) -> None:
    came, held = asyncio.Event(), asyncio.Event()

    async def slowly(exchange: Exchange) -> None:
        came.set()
        await held.wait()
        await well_behaved(exchange)

    served.engine.script = slowly
    asking = asyncio.create_task(ask(acme))
    await asyncio.wait_for(came.wait(), 20)

    async def waiting(key: str) -> int:
        _, told = await get(served, key, "overview")
        return sum(one["waiting"] + one["running"] for one in told["deployments"])

    sibling = create_project(database, acme.id, name="Sibling", actor=OPERATOR).id
    assert await waiting(acme.key) == 1
    assert await waiting(globex.key) == await waiting(key_of(database, acme, Role.VIEWER, sibling)) == 0
    held.set()
    await asking
    assert await waiting(acme.key) == 0


async def test_pages_are_followed_by_their_last_id(
    served: Any, acme: Customer, globex: Customer, shipped: Callable[[], None]
) -> None:
    for _ in range(3):
        await ask(acme)
    shipped()
    _, first = await get(served, acme.key, "runs?limit=2")
    _, second = await get(served, acme.key, f"runs?limit=2&after={first['last_id']}")
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert len({run["id"] for run in first["data"] + second["data"]}) == 3
    for key, cursor in ((acme.key, "run_nothing"), (globex.key, first["last_id"])):
        status, told = await get(served, key, f"runs?after={cursor}")
        assert (status, told["error"]["param"]) == (400, "after")
    status, told = await get(served, acme.key, "runs?status=odd")
    assert (status, told["error"]["param"]) == (400, "status")


async def test_a_temporary_chat_leaves_nothing_that_was_said(
    served: Any, acme: Customer, shipped: Callable[[], None]
) -> None:
    headers = {"authorization": f"Bearer {acme.key}"}

    async def post(path: str, body: Any) -> Any:
        async with served.client.post(f"{served.url}/v1/{path}", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    for temporary in (True, False):
        chat = await post("chats", {"temporary": temporary})
        question = await post(f"chats/{chat['id']}/messages", {"parent": None, "content": SECRET})
        answer = await post(f"chats/{chat['id']}/answers", {"parent": question["id"], "deployment": "chat"})
        await ended(served, headers, answer["response_id"])
        shipped()
        status, run = await get(served, acme.key, "runs/run_" + answer["response_id"].removeprefix("resp_"))
        assert (status, run["chat_id"], run["outcome"]) == (200, chat["id"], "completed")
        assert ("contents" in run) is not temporary


async def ended(served: Any, headers: dict[str, str], response: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with served.client.get(f"{served.url}/v1/responses/{response}", headers=headers) as answer:
                if (await answer.json())["status"] == "completed":
                    return
            await asyncio.sleep(0.02)


async def test_calls_go_on_where_runs_cannot_be_recorded(
    served: Any, acme: Customer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "runs").write_text("not a folder")
    await ask(acme)
    served.gateway.recorder.spool.flush()
    await ask(acme)
    served.gateway.recorder.spool.flush()
    assert caplog.text.count("runs are not recorded") == 1


async def test_metadata_is_all_that_is_kept_unless_more_is_asked_for(
    serve: Serve, wanted: dict[str, Any], two: tuple[Customer, Customer], database: sa.Engine, tmp_path: Path
) -> None:
    usual = {**wanted, "runs": "metadata"}
    served = await serve(rooms=production_rooms(Settings(**usual)), keys=DatabaseKeys(wanted["database_url"]), **usual)
    served.engine.script = well_behaved
    async with two[0].connect(served.url) as acme:
        await ask(acme)
        served.gateway.recorder.spool.flush()
        Shipper(tmp_path / "runs", database, keep=True).turn()
        _, told = await get(served, acme.key, "runs")
        _, run = await get(served, acme.key, f"runs/{told['data'][0]['id']}")
        assert "contents" not in run
        assert run["kept"]["recording"] == "metadata"


async def test_keys_and_people_are_told_by_name_to_those_who_may_list_them(
    served: Any, acme: Customer, shipped: Callable[[], None], database: sa.Engine
) -> None:
    await ask(acme)
    shipped()
    _, told = await get(served, acme.key, "runs")
    assert (told["data"][0]["api_key_name"], told["data"][0]["user_name"]) == ("admin", "owner")
    for role, name in ((Role.DEVELOPER, "admin"), (Role.VIEWER, None)):
        _, told = await get(served, key_of(database, acme, role), f"runs/{told.get('id') or told['data'][0]['id']}")
        assert (told["api_key_name"], told["user_name"]) == (name, "owner"), role
