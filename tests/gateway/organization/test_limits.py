"""Rate limits and spend limits through the official client, as quota then keeps them."""

import openai
import pytest
import sqlalchemy as sa
from customers import Customer

from pleiade.domain.limits import Budget, Scope
from pleiade.quota.budgets import list_budgets, set_budget
from pleiade.quota.rates import MOST, list_rates
from pleiade.store import unit_of_work
from pleiade.store.tables import deployments, models


@pytest.fixture
def models_there(database: sa.Engine) -> None:
    """Two models, each deployed."""
    with unit_of_work(database) as connection:
        for name in ("m1", "m2"):
            fields = dict.fromkeys(
                ("format", "path", "architecture", "licence", "base", "source", "sha256"), ""
            ) | dict.fromkeys(("parameters", "context_length", "embedding_length", "created"), 0)
            connection.execute(sa.insert(models).values(id=name, kind="text", bundled=False, **fields))
            connection.execute(
                sa.insert(deployments).values(name=f"d-{name}", model=name, engine="upstream", options={}, created=1)
            )


@pytest.mark.usefixtures("models_there")
async def test_a_project_gets_its_rate_for_a_model(acme: Customer, database: sa.Engine) -> None:
    rates = acme.organization.projects.rate_limits
    listed = [rate async for rate in rates.list_rate_limits(acme.project, limit=1)]
    assert [(rate.id, rate.model, rate.max_tokens_per_1_minute) for rate in listed] == [
        ("rl-m1", "m1", MOST),
        ("rl-m2", "m2", MOST),
    ]
    changed = await rates.update_rate_limit("rl-m2", project_id=acme.project, max_requests_per_1_minute=60)
    assert (changed.max_requests_per_1_minute, changed.max_tokens_per_1_minute) == (60, MOST)
    (kept,) = list_rates(database)
    assert (kept.scope, kept.subject, kept.model, kept.rate.max_requests_per_1_minute) == (
        Scope.PROJECT,
        acme.project,
        "m2",
        60,
    )
    (event,) = (await acme.organization.audit_logs.list(event_types=["rate_limit.updated"])).data
    assert event.rate_limit_updated is not None
    assert event.rate_limit_updated.id == "rl-m2"
    back = await rates.update_rate_limit("rl-m2", project_id=acme.project, max_requests_per_1_minute=MOST)
    assert back.max_requests_per_1_minute == MOST
    assert list_rates(database) == []


@pytest.mark.usefixtures("models_there")
async def test_absurd_rates_and_unknown_ones_are_refused(acme: Customer, globex: Customer) -> None:
    rates = acme.organization.projects.rate_limits
    for number in (0, -1):
        with pytest.raises(openai.BadRequestError):
            await rates.update_rate_limit("rl-m1", project_id=acme.project, max_tokens_per_1_minute=number)
    with pytest.raises(openai.NotFoundError):
        await rates.update_rate_limit("rl-m3", project_id=acme.project, max_tokens_per_1_minute=5)
    with pytest.raises(openai.NotFoundError):
        await globex.organization.projects.rate_limits.update_rate_limit("rl-m1", project_id=acme.project)
    with pytest.raises(openai.BadRequestError):
        await rates.list_rate_limits(acme.project, after="rl-m9")


async def test_a_spend_limit_is_a_hard_budget(acme: Customer, globex: Customer, database: sa.Engine) -> None:
    alerts = Budget(scope=Scope.ORGANISATION, subject="acme", nano=10**9, currency="USD", alerts=(50,), hard=False)
    set_budget(database, alerts)
    limit = acme.organization.spend_limit
    with pytest.raises(openai.NotFoundError):  # a soft budget stops nobody
        await limit.retrieve()
    made = await limit.update(currency="USD", interval="month", threshold_amount=12345)
    assert (made.threshold_amount, made.enforcement.status) == (12345, "enforcing")
    (budget,) = list_budgets(database)
    assert (budget.nano, budget.hard, budget.alerts) == (123_450_000_000, True, (50,))
    assert (await limit.retrieve()).threshold_amount == 12345
    with pytest.raises(openai.NotFoundError):
        await globex.organization.spend_limit.retrieve()
    assert (await limit.delete()).deleted
    assert list_budgets(database) == []
    of_project = acme.organization.projects.spend_limit
    assert (
        await of_project.update(acme.project, currency="USD", interval="month", threshold_amount=1)
    ).object == "project.spend_limit"
    with pytest.raises(openai.NotFoundError):
        await globex.organization.projects.spend_limit.retrieve(acme.project)
    for fields in ({"threshold_amount": 0}, {"threshold_amount": 10**30}, {"currency": "EURO"}):
        with pytest.raises(openai.BadRequestError):
            await limit.update(**{"currency": "USD", "interval": "month", "threshold_amount": 1} | fields)
