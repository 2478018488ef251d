"""A project calls the models of its list and no others, within a second, on every surface."""

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest
import sqlalchemy as sa
from customers import Customer
from scripted_gateway import AZURE, CHAT, OPENAI, azure_error, openai_error

from pleiade.store import unit_of_work
from pleiade.store.permissions import model_permissions
from pleiade.tenancy.model_permissions import ModelPermissions


async def until(ask: Callable[[], Any], status: int) -> Any:
    """The answer, once it has that status."""
    async with asyncio.timeout(10):
        while True:
            answer = await ask()
            if answer.status == status:
                return answer
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_a_list_allows_or_denies_within_a_second_and_says_so_in_each_dialect(
    acme: Customer, served: Any, globex: Customer
) -> None:
    permissions = acme.organization.projects.model_permissions

    def ask(path: str = OPENAI, key: str = acme.key, **body: Any) -> Any:
        return served.post(path, {**CHAT, **body}, headers={"authorization": f"Bearer {key}"})

    with pytest.raises(openai.NotFoundError):
        await permissions.retrieve(acme.project)
    made = await permissions.update(acme.project, mode="allow_list", model_ids=["embed"])
    assert (made.mode, made.api_model_ids) == ("allow_list", ["embed"])
    refused = await until(ask, 403)
    error = await openai_error(refused)
    assert error["message"] == f"Project `{acme.project}` does not have access to model `chat`"
    assert error["code"] == "model_not_found"
    on_azure = await ask(AZURE)
    assert (on_azure.status, (await azure_error(on_azure))["code"]) == (404, "DeploymentNotFound")
    assert (await served.post("/v1/embeddings", {"model": "embed", "input": "x"}, headers=bearer(acme))).status == 200
    responses = await served.post("/v1/responses", {"model": "chat", "input": "x"}, headers=bearer(acme))
    assert responses.status == 403
    assert (await ask(key=globex.key)).status == 200
    await permissions.update(acme.project, mode="allow_list", model_ids=["gpt-4o-mini"])  # an alias of it
    await until(ask, 200)
    await permissions.update(acme.project, mode="deny_list", model_ids=["pico-1"])  # the model behind it
    await until(ask, 403)
    assert (await permissions.delete(acme.project)).deleted
    await until(ask, 200)
    with pytest.raises(openai.NotFoundError):
        await permissions.delete(acme.project)


def bearer(customer: Customer) -> dict[str, str]:
    return {"authorization": f"Bearer {customer.key}"}


async def test_wrong_lists_are_refused(acme: Customer) -> None:
    update = acme.organization.projects.model_permissions.update
    wrong: list[dict[str, Any]] = [
        {"mode": "some", "model_ids": []},
        {"mode": "allow_list", "model_ids": "chat"},
        {"mode": "allow_list", "model_ids": [""]},
        {"mode": "allow_list", "model_ids": ["a\0b"]},
        {"mode": "allow_list", "model_ids": ["x"] * 1001},
    ]
    for fields in wrong:
        with pytest.raises(openai.BadRequestError):
            await update(acme.project, **fields)


async def test_the_last_known_lists_stay_in_force_while_they_cannot_be_read(
    acme: Customer, served: Any, database: sa.Engine
) -> None:
    await acme.organization.projects.model_permissions.update(acme.project, mode="deny_list", model_ids=["chat"])

    def ask() -> Any:
        return served.post(OPENAI, CHAT, headers=bearer(acme))

    await until(ask, 403)
    with unit_of_work(database) as connection:
        connection.execute(sa.text("UPDATE versions SET value = value + 1 WHERE name = 'model_permissions'"))
        connection.execute(sa.text("ALTER TABLE model_permissions RENAME TO hidden"))
    await asyncio.sleep(1.2)  # two looks
    assert (await ask()).status == 403
    with unit_of_work(database) as connection:
        connection.execute(sa.text("ALTER TABLE hidden RENAME TO model_permissions"))
        connection.execute(sa.delete(model_permissions))
    await until(ask, 200)


@pytest.mark.parametrize(
    ("mode", "models", "permitted"),
    [
        ("allow_list", (), False),
        ("allow_list", ("a",), True),
        ("allow_list", ("c",), False),
        ("deny_list", (), True),
        ("deny_list", ("b",), False),
        ("deny_list", ("c",), True),
    ],
)
def test_any_of_its_names_decides(mode: Any, models: tuple[str, ...], permitted: bool) -> None:
    assert ModelPermissions(mode=mode, models=models).permits(("a", "b")) is permitted
