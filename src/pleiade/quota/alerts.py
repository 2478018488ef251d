"""Tells when a budget's levels are crossed: each level once a month, over a webhook, also where gateways come and go.

The queue is the table `budget_alerts`: inserting a row claims the level for good, and a row that was not delivered is
tried again, by whichever process gets to it first, until it is given up.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import aiohttp
import msgspec
import sqlalchemy as sa

from pleiade.domain.limits import Budget, Scope
from pleiade.domain.money import decimal
from pleiade.quota.book import LimitsBook
from pleiade.quota.months import period_of
from pleiade.quota.webhooks import WebhookError, post
from pleiade.store import limits, reading, unit_of_work

logger = logging.getLogger(__name__)

EVERY_S = 5.0
CLAIM_S = 60  # how long a process that took an alert may be busy with it, before another one tries
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 3600, 7200, 14400, 43200)  # after the first, second, … attempt; then never
AT_ONCE = 20  # alerts sent in one round
GIVEN_UP = -1

Level = tuple[Scope, str, str, int]  # scope, subject, period, percent


class Crossing(msgspec.Struct, frozen=True):
    """A level that a month's spending has reached."""

    budget: Budget
    period: str
    level: int  # percent
    spent: int  # nano

    @property
    def key(self) -> Level:
        """What is told once."""
        return self.budget.scope, self.budget.subject, self.period, self.level


def crossings(book: LimitsBook, spent: Callable[[Scope, str, str], int], at_ms: int) -> Iterator[Crossing]:
    """Every level that is reached at a moment (Unix ms). `spent` tells the nano of a scope, subject and month."""
    period = period_of(at_ms)
    for budget in book.budgets.values():
        if not budget.alerts:
            continue
        nano = spent(budget.scope, budget.subject, period)
        for level in budget.alerts:
            if nano * 100 >= level * budget.nano:
                yield Crossing(budget, period, level, nano)


class Alerts:
    """Watches spending and sends what is due, in the background."""

    def __init__(
        self,
        db: sa.Engine,
        *,
        book: Callable[[], LimitsBook],
        spent: Callable[[Scope, str, str], int],
        clock: Callable[[], float] = time.time,
        every_s: float = EVERY_S,
    ) -> None:
        """`book` and `spent` (nano by scope, subject and month) answer from memory; `clock` in Unix seconds."""
        self._db = db
        self._book = book
        self._spent = spent
        self._clock = clock
        self._every_s = every_s
        self._told: set[Level] = set()
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._session = aiohttp.ClientSession()
        self._task = asyncio.create_task(self._watch(), name="budget alerts")

    async def stop(self) -> None:
        """Stop watching; what is not delivered waits in the table."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def look(self) -> None:
        """One round: record levels that were crossed, send what is due. Raises StoreError."""
        now = self._clock()
        new = [entry for entry in crossings(self._book(), self._spent, int(now * 1000)) if entry.key not in self._told]
        if new:
            await asyncio.to_thread(_record, self._db, new, int(now))
            self._told |= {entry.key for entry in new}
        due = await asyncio.to_thread(_claim, self._db, int(now))
        await asyncio.gather(*(self._send(row, int(now)) for row in due))

    async def _watch(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.look()
                failing = False
            except Exception:  # the database is away: the next round finds everything again
                if not failing:
                    logger.exception("budget alerts have to wait")
                failing = True

    async def _send(self, row: "sa.Row[tuple[object, ...]]", now: int) -> None:
        assert self._session is not None
        budget = self._book().budgets.get((Scope(row.scope), row.subject))
        if budget is None or not budget.webhook:
            logger.warning("budget alert without a webhook: %s", row.body)
            await asyncio.to_thread(_settle, self._db, row, sent=now, next_attempt=0, error="")
            return
        body = row.body.encode()
        try:
            id = msgspec.json.decode(body)["id"]
            await post(self._session, budget.webhook, budget.secret, id=id, at=now, body=body)
        except WebhookError as error:
            given_up = row.attempts > len(PAUSES_S)
            pause = 0 if given_up else PAUSES_S[row.attempts - 1]
            logger.warning("a budget alert was not delivered (attempt %d): %s", row.attempts, error)
            sent = GIVEN_UP if given_up else 0
            await asyncio.to_thread(_settle, self._db, row, sent=sent, next_attempt=now + pause, error=str(error)[:500])
        else:
            await asyncio.to_thread(_settle, self._db, row, sent=now, next_attempt=0, error="")


def _record(db: sa.Engine, new: Sequence[Crossing], now: int) -> None:
    table = limits.budget_alerts
    with unit_of_work(db) as connection:
        for entry in new:
            there = sa.select(table.c.level).where(_is(entry.key))
            if connection.execute(there).first() is not None:
                continue
            values = {
                **dict(zip(("scope", "subject", "period", "level"), entry.key, strict=True)),
                "body": _body(entry, now),
                "created": now,
                "sent": 0,
                "attempts": 0,
                "next_attempt": 0,
                "error": "",
            }
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(table).values(**values))
            except sa.exc.IntegrityError:
                continue  # another process saw it in the same moment: the alert is its


def _claim(db: sa.Engine, now: int) -> "list[sa.Row[tuple[object, ...]]]":
    """Alerts that are due, taken for this process."""
    table = limits.budget_alerts
    due = sa.and_(table.c.sent == 0, table.c.next_attempt <= now)
    with reading(db) as connection:
        if connection.execute(sa.select(table.c.level).where(due).limit(1)).first() is None:
            return []
    mine = []
    with unit_of_work(db) as connection:
        for row in connection.execute(sa.select(table).where(due).order_by(table.c.created).limit(AT_ONCE)).all():
            key = (Scope(row.scope), row.subject, row.period, row.level)
            taken = (
                sa.update(table)
                .where(_is(key), table.c.sent == 0, table.c.next_attempt == row.next_attempt)
                .values(attempts=row.attempts + 1, next_attempt=now + CLAIM_S)
            )
            if connection.execute(taken).rowcount == 1:
                mine.append(key)
        return [connection.execute(sa.select(table).where(_is(key))).one() for key in mine]


def _settle(db: sa.Engine, row: "sa.Row[tuple[object, ...]]", **values: object) -> None:
    with unit_of_work(db) as connection:
        key = (Scope(row.scope), row.subject, row.period, row.level)
        connection.execute(sa.update(limits.budget_alerts).where(_is(key)).values(**values))


def _is(key: Level) -> sa.ColumnElement[bool]:
    table = limits.budget_alerts
    scope, subject, period, level = key
    return sa.and_(table.c.scope == scope, table.c.subject == subject, table.c.period == period, table.c.level == level)


def _body(entry: Crossing, now: int) -> str:
    budget = entry.budget
    event: Mapping[str, object] = {
        "object": "event",
        "id": f"evt_{secrets.token_hex(16)}",
        "type": "budget.alert",
        "created_at": now,
        "data": {
            "scope": budget.scope.value,
            "subject": budget.subject,
            "period": entry.period,
            "level": entry.level,
            "spent": decimal(entry.spent, 2),
            "budget": decimal(budget.nano, 2),
            "currency": budget.currency,
            "hard": budget.hard,
        },
    }
    return msgspec.json.encode(event).decode()


class Told(msgspec.Struct, frozen=True):
    """A level that was crossed, and how far its alert got."""

    period: str
    scope: str
    subject: str
    level: int
    state: str  # "waiting", "delivered" or "given up"
    created: int  # Unix seconds
    attempts: int
    error: str  # of the last attempt


def list_alerts(db: sa.Engine) -> list[Told]:
    """All levels that were crossed, the last ones first."""
    table = limits.budget_alerts
    query = sa.select(table).order_by(table.c.created.desc(), table.c.scope, table.c.subject, table.c.level)
    states = {0: "waiting", GIVEN_UP: "given up"}
    with reading(db) as connection:
        return [
            Told(
                period=row.period,
                scope=row.scope,
                subject=row.subject,
                level=row.level,
                state=states.get(row.sent, "delivered"),
                created=row.created,
                attempts=row.attempts,
                error=row.error,
            )
            for row in connection.execute(query)
        ]
