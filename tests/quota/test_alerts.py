"""Budget alerts: each level once a month, signed, tried again, whoever else looks at the same time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import openai
import pytest
import sqlalchemy as sa
from aiohttp import web

from pleiade.domain.limits import Budget, Scope
from pleiade.quota import LimitsBook
from pleiade.quota.alerts import GIVEN_UP, PAUSES_S, Alerts
from pleiade.quota.budgets import new_secret
from pleiade.store import limits

NOW = 1_763_812_830.0  # 2025-11-22
DAY = 86_400


class Hook:
    """A server on loopback that takes what is posted, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"location": self.url})

    @property
    def levels(self) -> list[int]:
        return [msgspec.json.decode(body)["data"]["level"] for _, body in self.taken]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


class House:
    """One project's budget of 100.00 USD, what it has spent, and the time."""

    def __init__(self, db: sa.Engine, url: str) -> None:
        self.db = db
        self.now = NOW
        self.spent = 0
        self.budget = Budget(
            scope=Scope.PROJECT,
            subject="proj 'x' 🦊",
            nano=100 * 10**9,
            currency="USD",
            alerts=(50, 80, 100),
            webhook=url,
            secret=new_secret(),
        )

    def alerts(self) -> Alerts:
        return Alerts(
            self.db,
            book=lambda: LimitsBook(budgets={(Scope.PROJECT, self.budget.subject): self.budget}),
            spent=lambda scope, subject, period: self.spent,
            clock=lambda: self.now,
            every_s=3600,
        )

    async def look(self, watcher: Alerts, spent: float) -> None:
        self.spent = int(spent * 10**9)
        self.now += 1
        await watcher.look()

    def rows(self) -> list[Any]:
        with self.db.connect() as connection:
            return list(connection.execute(sa.select(limits.budget_alerts).order_by(limits.budget_alerts.c.level)))


@pytest.fixture
def house(db: sa.Engine, hook: Hook) -> House:
    return House(db, hook.url)


@pytest.fixture
async def watcher(house: House) -> AsyncIterator[Alerts]:
    alerts = house.alerts()
    await alerts.start()
    yield alerts
    await alerts.stop()


async def test_each_level_is_told_once_a_month(house: House, watcher: Alerts, hook: Hook) -> None:
    for spent in (49.99, 50, 50.01, 79, 50, 101, 200):
        await house.look(watcher, spent)
    assert sorted(hook.levels) == [50, 80, 100]
    house.now += 20 * DAY
    await house.look(watcher, 10)
    await house.look(watcher, 60)
    assert sorted(hook.levels) == [50, 50, 80, 100]


async def test_an_alert_tells_what_a_person_needs_and_openais_sdk_verifies_it(
    house: House, watcher: Alerts, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.look(watcher, 50.5)
    headers, body = hook.taken[0]
    assert msgspec.json.decode(body)["data"] == {
        "scope": "project",
        "subject": "proj 'x' 🦊",
        "period": "2025-11",
        "level": 50,
        "spent": "50.50",
        "budget": "100.00",
        "currency": "USD",
        "hard": True,
    }
    client = openai.OpenAI(api_key="x", webhook_secret=house.budget.secret)
    monkeypatch.setattr("time.time", lambda: house.now)
    client.webhooks.verify_signature(body.decode(), headers)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.verify_signature(body.decode() + " ", headers)


async def test_a_new_process_does_not_tell_again(house: House, watcher: Alerts, hook: Hook) -> None:
    await house.look(watcher, 50)
    other = house.alerts()
    await other.start()
    await house.look(other, 55)
    await other.stop()
    assert hook.levels == [50]


async def test_processes_that_look_at_once_tell_once(house: House, hook: Hook) -> None:
    watchers = [house.alerts() for _ in range(4)]
    house.spent = 100 * 10**9
    await asyncio.gather(*(watcher.start() for watcher in watchers))
    await asyncio.gather(*(watcher.look() for watcher in watchers))
    await asyncio.gather(*(watcher.stop() for watcher in watchers))
    assert sorted(hook.levels) == [50, 80, 100]


@pytest.mark.parametrize("status", [500, 301, 404])
async def test_what_is_not_taken_is_tried_again_later(house: House, watcher: Alerts, hook: Hook, status: int) -> None:
    hook.status = status
    await house.look(watcher, 50)
    await house.look(watcher, 50)
    assert hook.levels == [50]  # not at once
    assert house.rows()[0].error == f"HTTP {status}"
    hook.status = 200
    house.now += PAUSES_S[0]
    await house.look(watcher, 50)
    assert hook.levels == [50, 50]
    first, second = (msgspec.json.decode(body)["id"] for _, body in hook.taken)
    assert first == second  # the receiver can tell that it is the same one
    assert house.rows()[0].sent > 0


async def test_a_receiver_that_never_answers_is_given_up(house: House, watcher: Alerts, hook: Hook) -> None:
    hook.status = 503
    for _ in range(len(PAUSES_S) + 5):
        await house.look(watcher, 50)
        house.now += max(PAUSES_S)
    assert len(hook.taken) == len(PAUSES_S) + 1
    assert house.rows()[0].sent == GIVEN_UP


async def test_nobody_there_is_no_reason_to_stop(house: House, watcher: Alerts, hook: Hook) -> None:
    house.budget = msgspec.structs.replace(house.budget, webhook="http://127.0.0.1:1/hook")
    await house.look(watcher, 50)
    assert "ClientConnector" in house.rows()[0].error
    house.budget = msgspec.structs.replace(house.budget, webhook=hook.url)
    house.now += PAUSES_S[0]
    await house.look(watcher, 50)
    assert hook.levels == [50]


async def test_a_budget_without_a_webhook_is_told_in_the_log(
    house: House, watcher: Alerts, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    house.budget = msgspec.structs.replace(house.budget, webhook="")
    await house.look(watcher, 50)
    await house.look(watcher, 50)
    assert len([record for record in caplog.records if "budget alert" in record.message]) == 1
    assert hook.taken == []
