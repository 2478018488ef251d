"""/organization/lessons: what would be learned, lessons begun and decided about, by the administrators of the house."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from customers import Customer
from records import a_run, ship

from pleiade.domain import OPERATOR, Model, ModelFormat, ModelKind, Role
from pleiade.feedback.giving import give
from pleiade.lessons import records
from pleiade.products.records.rows import Owner
from pleiade.registry import add_model, deploy
from pleiade.runs import Part
from pleiade.store import unit_of_work
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.projects import create_project

BASE = "/v1/organization/lessons"
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


class House:
    """Its administrator, and ratings that are learned from in a project."""

    def __init__(self, served: Any, db: sa.Engine) -> None:
        self.served, self.db = served, db
        self.key = create_key(db, name="admin", role=Role.ADMIN)[0]

    def rate(self, number: int, project: str = "default", **more: Any) -> None:
        """A correction of an answer."""
        asked = json.dumps({"messages": [{"role": "user", "content": f"How many in {number}?"}]}).encode()
        part = Part(asked, b'{"choices": [{"message": {"content": "Six."}}]}', stream=False, cut=False)
        run = a_run(organisation="default", project=project, deployment="pupil", parts=(part,))
        ship(self.db, [run])
        fields = {"product": "api", "verdict": "down", "reasons": (), "correction": "Seven.", "consent": True, **more}
        with unit_of_work(self.db) as connection:
            give(connection, Owner(project, "key_op"), run, **fields)

    async def ask(self, method: str, path: str = "", body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key or self.key}"}
        url = f"{self.served.url}{BASE}{path}"
        async with self.served.client.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def house(served: Any, database: sa.Engine) -> House:
    house = House(served, database)
    await served.gateway.keys.refresh()
    add_model(database, Model(id="toy", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/nowhere"))
    deploy(database, "pupil", model="toy", engine="text_openvino")
    return house


@BOTH
async def test_a_lesson_is_previewed_begun_listed_and_rolled_back(house: House) -> None:
    for number in range(9):
        house.rate(number)
    house.rate(9, consent=False)
    house.rate(10, correction="Write to ann@example.org.")
    status, shown = await house.ask("POST", "/preview", {"deployment": "pupil"})
    assert status == 200, shown
    assert (shown["examples"], shown["left_out"], shown["redacted"]) == (10, {"no consent": 1}, {"email": 1})
    assert {"role": "assistant", "content": "Write to [email]."} in [
        line["preferred_output"][0] for line in shown["data"]
    ]
    status, begun = await house.ask("POST", body={"deployment": "pupil", "hyperparameters": {"beta": 0.1}})
    assert status == 200, begun
    assert (begun["state"], begun["percent"], begun["project_id"]) == ("dataset", 20, "default")
    status, again = await house.ask("POST", body={"deployment": "pupil"})
    assert (status, again["error"]["code"]) == (400, "lesson_under_way")
    status, early = await house.ask("POST", f"/{begun['id']}/promote")
    assert (status, early["error"]["code"]) == (400, "too_early")
    status, listed = await house.ask("GET")
    assert [one["id"] for one in listed["data"]] == [begun["id"]]
    status, one = await house.ask("POST", f"/{begun['id']}/rollback")
    assert (status, one["decided_by"] != "") == (200, True)
    with house.db.connect() as connection:
        stored = records.load(connection, begun["id"])
    assert stored is not None
    assert (stored.wish, stored.plan.decider["type"]) == ("rollback", "api_key")
    assert (await house.ask("GET", f"/{begun['id']}"))[1]["id"] == begun["id"]
    assert (await house.ask("GET", "/lesson_of-nobody"))[0] == 404


async def test_what_is_wrong_is_told_by_its_field(house: House) -> None:
    for body, param in (
        ({"deployment": "nobody"}, "deployment"),
        ({"deployment": "pupil"}, "deployment"),
        ({"deployment": "pupil", "percent": 101}, "percent"),
        ({"deployment": "pupil", "kind": "dpo"}, "kind"),
        ({"deployment": "pupil", "hyperparameters": {"beta": 9}}, "hyperparameters.beta"),
    ):
        status, answer = await house.ask("POST", body=body)
        assert (status, answer["error"]["param"]) == (400, param), answer
    status, answer = await house.ask("POST", body={"deployment": "pupil"})
    assert "0 examples of kind preference" in answer["error"]["message"]
    assert (await house.ask("POST", "/preview", {"deployment": "pupil", "project": "nobody"}))[0] == 404
    assert (await house.ask("GET", "?after=nobody"))[0] == 400


async def test_another_project_of_the_house_is_learned_from_by_name(house: House) -> None:
    other = create_project(house.db, "default", name="Other", actor=OPERATOR).id
    for number in range(8):
        house.rate(number, other)
    assert (await house.ask("POST", "/preview", {"deployment": "pupil"}))[1]["examples"] == 0
    status, begun = await house.ask("POST", body={"deployment": "pupil", "project": other})
    assert (status, begun["project_id"]) == (200, other)


async def test_customers_see_and_begin_none(house: House, acme: Customer) -> None:
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("POST", "/preview"),
        ("GET", "/lesson_1"),
        ("POST", "/lesson_1/promote"),
    ):
        status, _ = await house.ask(method, path, {} if method == "POST" else None, key=acme.key)
        assert status == 401, (method, path)
