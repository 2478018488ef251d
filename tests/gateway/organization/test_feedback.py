"""Feedback on any run, by API or thumbs: found again by what one looks for, marked, and handed on only by consent."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import Customer
from records import a_run, ship
from scripted_engine import well_behaved

from pleiade.domain import OPERATOR, Role
from pleiade.gateway.keys import DatabaseKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.products.chat import chats, feedback, messages
from pleiade.products.records.rows import Owner
from pleiade.runs.shipping import Shipper
from pleiade.settings import Settings
from pleiade.store import unit_of_work
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.projects import create_project

both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def served(serve: Any, tmp_path: Path, two: tuple[Customer, Customer], database: sa.Engine) -> Any:
    """A gateway that keeps what is said."""
    url = database.url.render_as_string(hide_password=False)
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": url, "runs": "content"}
    served = await serve(rooms=production_rooms(Settings(**wanted)), keys=DatabaseKeys(url), **wanted)
    served.engine.script = well_behaved
    return served


async def call(served: Any, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key}"}
    async with served.client.request(method, f"{served.url}/v1{path}", headers=headers, json=body) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.content_type == "application/json" else text


async def rate(served: Any, customer: Customer, run: str, **fields: Any) -> Any:
    status, told = await call(served, customer.key, "POST", "/feedback", {"run_id": run, **fields})
    assert status == 200, told
    return told


def rate_in_chat(db: sa.Engine, customer: Customer, *, consent: bool, question: str = "How many stars?") -> str:
    """A chat of the customer's owner with one answer, rated; the chat's id."""
    owner = Owner(customer.project, customer.owner)
    with unit_of_work(db) as connection:
        chat = chats.insert(connection, owner, title="Stars")
        asked = messages.insert(connection, owner, chat, parent=None, role="user", content=question)
        place: dict[str, Any] = {"parent": asked.id, "role": "assistant", "deployment": "chat", "response": "resp_1"}
        said = messages.insert(connection, owner, chat, content="Six.", **place)
        rating: dict[str, Any] = {"verdict": "down", "reasons": ["incorrect"], "correction": "Seven."}
        feedback.rate(connection, owner, chat.id, said.id, consent=consent, **rating)
    return chat.id


@both
async def test_a_call_is_rated_by_its_request_id_and_read_with_consent(
    served: Any, acme: Customer, tmp_path: Path, database: sa.Engine
) -> None:
    client = acme.client(acme.key, strict=False)
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How many stars?"}]
    raw = await client.chat.completions.with_raw_response.create(model="chat", messages=asked)
    said = raw.parse().choices[0].message.content
    served.gateway.recorder.spool.flush()
    Shipper(tmp_path / "runs", database, keep=True).turn()

    made = await rate(served, acme, raw.headers["x-request-id"], verdict="down", correction="Seven.", product="bot")
    assert made["run_id"].startswith("run_")
    assert (made["state"], made["deployment"], made["user_id"]) == ("new", "chat", acme.owner)
    _, one = await call(served, acme.key, "GET", f"/organization/feedback/{made['id']}")
    assert (one["correction"], one["about"]) == ("Seven.", None), "nobody reads what is not agreed to"
    assert await call(served, acme.key, "GET", "/organization/feedback/export") == (200, "")

    again = await rate(served, acme, made["run_id"], verdict="up", reasons=["clear"], consent=True)
    assert again["id"] == made["id"], "one rating a run and giver"
    assert (again["verdict"], again["correction"]) == ("up", None)
    _, one = await call(served, acme.key, "GET", f"/organization/feedback/{made['id']}")
    assert one["about"] == {"messages": asked, "answer": said}
    _, lines = await call(served, acme.key, "GET", "/organization/feedback/export")
    (line,) = [json.loads(line) for line in lines.splitlines()]
    assert (line["messages"], line["answer"], line["verdict"]) == (asked, said, "up")


@both
async def test_the_inbox_is_narrowed_by_whatever_one_looks_for(
    served: Any, acme: Customer, database: sa.Engine
) -> None:
    runs = [a_run(organisation="acme", project=acme.project, user=acme.owner, deployment=name) for name in "abc"]
    ship(database, runs)
    await rate(served, acme, runs[0].id, verdict="down", reasons=["incorrect", "un%clear"])
    await rate(served, acme, runs[1].id, verdict="up", reasons=["incorrectly"], product="shop", consent=True)
    third = await rate(served, acme, runs[2].id, verdict="down")
    chat = rate_in_chat(database, acme, consent=True)

    async def found(query: str) -> list[str]:
        status, told = await call(served, acme.key, "GET", f"/organization/feedback?{query}")
        assert status == 200, told
        return [row["deployment"] for row in told["data"]]

    assert await found("") == ["chat", "c", "b", "a"], "what changed last comes first"
    assert await found("verdicts=down") == ["chat", "c", "a"]
    assert await found("products=shop&products=api") == ["c", "b", "a"]
    assert await found("products=chat") == ["chat"]
    assert await found("reasons=incorrect") == ["chat", "a"], "a reason is a whole word"
    assert await found("reasons=un%25clear") == ["a"]
    assert await found("deployments=a&verdicts=up") == []
    assert await found("consent=true") == ["chat", "b"]
    assert await found(f"from={third['updated_at'] + 1000}") == []
    assert await found(f"from={third['updated_at'] - 1000}&to={third['updated_at'] + 1000}&limit=1") == ["chat"]
    _, first = await call(served, acme.key, "GET", "/organization/feedback?limit=2")
    assert (first["has_more"], first["counts"]) == (True, {"new": 4, "seen": 0, "done": 0})
    assert first["data"][0]["chat_id"] == chat
    assert first["data"][0]["run_id"] == "run_1"
    assert await found(f"after={first['last_id']}") == ["b", "a"]
    for wrong in ("verdicts=maybe", "states=gone", "from=soon", "after=feedback_nobody"):
        status, told = await call(served, acme.key, "GET", f"/organization/feedback?{wrong}")
        assert (status, told["error"]["type"]) == (400, "invalid_request_error"), wrong


async def test_what_was_done_about_it_is_written_down_and_what_is_rated_anew_is_new_again(
    served: Any, acme: Customer, database: sa.Engine
) -> None:
    run = a_run(organisation="acme", project=acme.project, user=acme.owner)
    ship(database, [run])
    made = await rate(served, acme, run.id, verdict="down")
    place = f"/organization/feedback/{made['id']}"
    _, told = await call(served, acme.key, "POST", place, {"state": "done", "note": "the model was changed"})
    assert (told["state"], told["note"], told["handled_by"]) == ("done", "the model was changed", acme.owner)
    assert (told["user_name"], told["handled_by_name"]) == ("owner", "owner")
    _, told = await call(served, acme.key, "POST", place, {"state": "seen"})
    assert (told["state"], told["note"]) == ("seen", "the model was changed")
    assert (await call(served, acme.key, "POST", place, {"state": "lost"}))[0] == 400
    _, listed = await call(served, acme.key, "GET", "/organization/feedback?states=new")
    assert (listed["data"], listed["counts"]) == ([], {"new": 0, "seen": 1, "done": 0})
    again = await rate(served, acme, run.id, verdict="up")
    assert (again["state"], again["note"]) == ("new", "the model was changed")


async def test_the_branch_of_a_chat_is_read_and_exported_by_consent_only(
    served: Any, acme: Customer, database: sa.Engine
) -> None:
    rate_in_chat(database, acme, consent=False, question="My secret?")
    rate_in_chat(database, acme, consent=True)
    _, listed = await call(served, acme.key, "GET", "/organization/feedback")
    assert "secret" not in json.dumps(listed)
    agreed, kept = listed["data"]
    _, one = await call(served, acme.key, "GET", f"/organization/feedback/{agreed['id']}")
    assert one["about"] == {"messages": [{"role": "user", "content": "How many stars?"}], "answer": "Six."}
    _, other = await call(served, acme.key, "GET", f"/organization/feedback/{kept['id']}")
    assert other["about"] is None
    _, lines = await call(served, acme.key, "GET", "/organization/feedback/export?products=chat")
    assert [json.loads(line)["correction"] for line in lines.splitlines()] == ["Seven."]
    assert "secret" not in lines


async def test_only_ones_own_runs_are_rated_and_only_ones_own_project_is_read(
    served: Any, acme: Customer, database: sa.Engine
) -> None:
    other = create_project(database, acme.id, name="Other", actor=OPERATOR).id
    mine = a_run(organisation="acme", project=acme.project, key="key_of-nobody")
    theirs = a_run(organisation="acme", project=other, user=acme.owner)
    ship(database, [mine, theirs])
    for run in (mine, theirs):
        status, told = await call(served, acme.key, "POST", "/feedback", {"run_id": run.id, "verdict": "up"})
        assert (status, told["error"]["param"]) == (404, "run_id"), "what is another's is theirs to rate"
    rate_in_chat(database, acme, consent=True)
    roles = {Role.DEVELOPER: 1, Role.MEMBER: None}
    place: dict[str, Any] = {"organisation": acme.id, "kind": "project", "actor": OPERATOR}
    for role, seen in roles.items():
        for project, there in ((acme.project, seen), (other, 0 if seen else None)):
            key = create_key(database, name="k", role=role, project=project, **place)[0]
            await served.gateway.keys.refresh()
            status, told = await call(served, key, "GET", "/organization/feedback")
            assert (len(told["data"]) if status == 200 else None) == there, (role, project, told)
