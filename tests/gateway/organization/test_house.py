"""The house's own matters over HTTP: for its administrators and nobody else."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import Customer
from scripted_engine import well_behaved

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT, OPERATOR, Role
from pleiade.gateway.rooms import production_rooms
from pleiade.house.adjusting import adjust, adjusted
from pleiade.house.origins import settings_shown
from pleiade.keeper.__main__ import Runs
from pleiade.settings import ORIGINS_VARIABLE, Settings
from pleiade.tenancy.keys import create_key


async def call(served: Any, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key}"}
    async with served.client.request(method, f"{served.url}/v1{path}", headers=headers, json=body) as answer:
        data = await answer.read()
        return answer.status, json.loads(data) if answer.content_type == "application/json" else data


@pytest.fixture
def key_of(database: sa.Engine, served: Any) -> Any:
    """Makes keys of the house."""

    async def made(role: Role) -> str:
        place: dict[str, Any] = {"organisation": DEFAULT_ORGANISATION, "project": DEFAULT_PROJECT, "kind": "admin"}
        secret, _ = create_key(database, name=role.value, role=role, actor=OPERATOR, **place)
        await served.gateway.keys.refresh()
        return secret

    return made


async def test_the_doctor_tells_what_the_command_tells(served: Any, key_of: Any, tmp_path: Path) -> None:
    admin = await key_of(Role.ADMIN)
    status, told = await call(served, admin, "GET", "/organization/doctor")
    assert status == 200, told
    found = {finding["check"]: finding for finding in told["checks"]}
    assert found["home"]["found"] == str(tmp_path), "of this server's settings, not of the defaults"
    assert found["database"]["verdict"] == "ok"
    assert told["ok"] == all(finding["verdict"] != "wrong" for finding in told["checks"])
    status, data = await call(served, admin, "GET", "/organization/doctor/bundle")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {"findings.json", "settings.json", "MANIFEST.json"} <= set(archive.namelist())
        assert admin.encode() not in b"".join(archive.read(name) for name in archive.namelist())
    _, log = await call(served, admin, "GET", "/organization/audit_logs?event_types[]=diagnostics.exported")
    assert len(log["data"]) == 1


async def test_customers_and_developers_see_nothing_of_the_house(served: Any, acme: Customer, key_of: Any) -> None:
    developer = await key_of(Role.DEVELOPER)
    for path in ("/organization/doctor", "/organization/doctor/bundle", "/organization/settings"):
        for key in (acme.key, developer):
            status, told = await call(served, key, "GET", path)
            assert status in (401, 403), (path, told)


async def test_settings_tell_where_they_come_from_and_are_changed_for_everybody_at_once(
    served: Any, key_of: Any, database: sa.Engine, tmp_path: Path
) -> None:
    admin, owner = await key_of(Role.ADMIN), await key_of(Role.OWNER)
    _, told = await call(served, admin, "GET", "/organization/settings")
    before = {one["name"]: one for one in told["data"]}
    assert (before["port"]["value"], before["port"]["origin"], before["port"]["changeable"]) == (8000, "default", False)
    assert (before["home"]["value"], before["home"]["origin"]) == (str(tmp_path), "environment")
    assert (before["runs"]["value"], before["runs"]["changeable"]) == ("metadata", True)

    changes = {"runs": "content", "runs_days": 3}
    assert (await call(served, admin, "POST", "/organization/settings", changes))[0] in (401, 403), "owners only"
    status, told = await call(served, owner, "POST", "/organization/settings", changes)
    assert status == 200, told
    after = {one["name"]: one for one in told["data"]}
    assert (after["runs"]["value"], after["runs"]["origin"], after["runs"]["started_with"]) == (
        *("content", "changed"),
        "metadata",
    )
    _, runs = await call(served, admin, "GET", "/organization/runs")
    assert runs["kept"] == {"recording": "content", "days": 3, "redaction": True}
    served.engine.script = well_behaved
    asked = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}
    assert (await call(served, owner, "POST", "/chat/completions", asked))[0] == 200
    served.gateway.recorder.spool.flush()
    assert b"hello" in b"".join(path.read_bytes() for path in (tmp_path / "runs").iterdir()), "from the next call on"

    settings = Settings(home=str(tmp_path), database_url=database.url.render_as_string(hide_password=False))
    keeper = Runs(settings, database)
    keeper.turn()
    assert keeper.in_force.runs_days == 3, "the keeper heeds it, too"

    _, told = await call(served, owner, "POST", "/organization/settings", {"runs": None, "runs_days": None})
    assert {one["name"]: one for one in told["data"]} == before
    _, log = await call(served, admin, "GET", "/organization/audit_logs?event_types[]=setting.updated")
    acts = [event["setting.updated"] for event in log["data"]]
    assert [(act["id"], act["data"]["before"], act["data"]["after"]) for act in acts] == [
        ("runs_days", 3, 30),
        ("runs", "content", "metadata"),
        ("runs_days", 30, 3),
        ("runs", "metadata", "content"),
    ]


async def test_what_cannot_be_changed_or_is_wrong_is_refused_and_nothing_is_changed(served: Any, key_of: Any) -> None:
    owner = await key_of(Role.OWNER)
    for body, said in (
        ({"port": 1}, "PLEIADE_PORT"),
        ({"nonsense": 1}, "no such setting"),
        ({"runs_days": 0}, "between 1 and 3650"),
        ({"runs_days": "seven"}, "type int"),
        ({"runs": "all"}, "choose off"),
        ({"runs": "off", "runs_days": 0}, "between"),
        ({}, "at least one"),
    ):
        status, told = await call(served, owner, "POST", "/organization/settings", body)
        assert (status, said in told["error"]["message"]) == (400, True), told
    _, told = await call(served, owner, "GET", "/organization/settings")
    assert [one["name"] for one in told["data"] if one["origin"] == "changed"] == []


async def test_a_new_start_goes_on_with_what_was_changed_and_tells_no_password(
    serve: Any, tmp_path: Path, database: sa.Engine
) -> None:
    adjust(database, Settings(), {"runs": "off"}, by="user-x", actor=OPERATOR)
    url = "redis://name:p4ssword@127.0.0.1/0"
    shown = {one.name: one for one in settings_shown(Settings(valkey_url=url), adjusted(database), {})}
    assert (shown["runs"].value, shown["runs"].changed_by) == ("off", "user-x")
    assert "p4ssword" not in str(shown["valkey_url"])
    told = {ORIGINS_VARIABLE: '{"valkey_url":"option"}'}
    assert {one.name: one.origin for one in settings_shown(Settings(valkey_url=url), {}, told)}[
        "valkey_url"
    ] == "option"
    url = database.url.render_as_string(hide_password=False)
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": url}
    served = await serve(rooms=production_rooms(Settings(**wanted)), **wanted)
    assert not served.gateway.recorder.contents
