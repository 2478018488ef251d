"""Whatever callers and engines do, every call is booked once, and limits were charged what the ledger has booked."""

import asyncio
import random
from pathlib import Path

import aiohttp
from scripted_books import PRICE, STREAM, Books
from scripted_engine import Exchange, ScriptedEngine, chunk, final_usage, usage
from scripted_gateway import CHAT, OPENAI, SECRET, Serve, Served, endpoint, key_for

from pleiade.domain.limits import Budget, Capacity, CapacityKind, Scope
from pleiade.gateway.keys import FixedKeys
from pleiade.ledger.clock import wall_ms
from pleiade.quota.book import LimitsBook
from pleiade.quota.buckets import MINUTE_MS
from pleiade.quota.limiter import Ask, Bucket
from pleiade.quota.months import period_of

CALLS = 250
KEY = key_for(SECRET)
PROVISIONED = Capacity(units=1_000_000, kind=CapacityKind.PROVISIONED, spillover="second")
BUDGET = Budget(scope=Scope.KEY, subject=KEY.id, nano=10**15, currency="USD", hard=True)


class Moody:
    """An engine's script: all that can go wrong, and sometimes nothing does."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def __call__(self, exchange: Exchange) -> None:
        chance = self._chance
        if "/usage/" in exchange.path:
            known = chance.random() < 0.5
            await exchange.whole(200 if known else 404, {"usage": usage(chance.randrange(50))} if known else {})
            return
        mood = chance.randrange(8)
        if mood == 0:
            exchange.hang_up()
        elif mood == 1:
            error = {"message": "no", "type": "server_error", "param": None, "code": None}
            await exchange.whole(chance.choice([400, 401, 404, 429, 500, 503]), {"error": error})
        elif mood == 2:
            await exchange.whole(200, b"<html>sorry</html>")
        elif mood == 3:
            await asyncio.sleep(0.6)  # longer than anybody waits
        elif exchange.body.get("stream"):
            await self._stream(exchange)
        else:
            answer = {"id": "1", "choices": [{"index": 0, "message": {"content": "x" * 100}}]}
            told = chance.choice([{}, {"usage": usage(-4)}, {"usage": usage(chance.randrange(40))}])
            await exchange.whole(200, answer | told)

    async def _stream(self, exchange: Exchange) -> None:
        chance = self._chance
        counts, tokens = chance.random() < 0.6, chance.randrange(40)
        await exchange.begin()
        for count in range(1, tokens + 1):
            await exchange.part(chunk(" word", tokens=count if counts else None))
            if chance.random() < 0.05:
                await asyncio.sleep(chance.random() * 0.05)
            if chance.random() < 0.01:
                exchange.hang_up()
                return
            if chance.random() < 0.01:
                await exchange.part(b'data: {"error":{"message":"no"}}\n\n')
                await exchange.end()
                return
        await exchange.part(chunk(None, finish="stop", tokens=tokens if counts else None))
        if chance.random() < 0.5:
            await exchange.part(final_usage(tokens))
        if chance.random() < 0.9:
            await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()


async def call(served: Served, number: int) -> None:
    """One caller, patient or not."""
    chance = random.Random(number)
    await asyncio.sleep(chance.random())
    body = STREAM if chance.random() < 0.6 else CHAT
    patience = aiohttp.ClientTimeout(total=chance.choice([0.05, 0.2, 9.0]))
    try:
        options = {"json": body, "headers": served.headers, "timeout": patience}
        async with served.client.post(served.url + OPENAI, **options) as answer:
            await answer.read()
    except (TimeoutError, aiohttp.ClientError):
        return


async def test_ledger_and_limits_agree_whatever_callers_and_engines_do(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    engine.script = Moody(random.Random(1))
    other = ScriptedEngine(script=Moody(random.Random(2)))
    await other.start()
    limits = LimitsBook(capacities={"chat": PROVISIONED}, budgets={(Scope.KEY, KEY.id): BUDGET})
    books = Books(tmp_path, prices=[PRICE], limits=limits)
    served = await serve(
        commerce=books.commerce,
        keys=FixedKeys({SECRET: KEY}),
        first_byte_timeout_s=0.3,
        endpoints=[endpoint(engine, tells_usage=True), endpoint(other, deployment="second", aliases=())],
    )
    month = period_of(wall_ms())
    await asyncio.gather(*(call(served, number) for number in range(CALLS)))
    await served.settle()
    entries = await books.settled()
    await books.commerce.stop()  # limits are told what they are still to be told
    assert CALLS / 2 < len(entries) == len({entry.call for entry in entries})
    assert all(entry.cost == entry.prompt_tokens * 1000 + entry.completion_tokens * 2000 for entry in entries)
    money = Ask(f"money\x1fkey\x1f{KEY.id}\x1f{month} USD", Bucket.TOTAL, 0, BUDGET.nano, MINUTE_MS)
    verdict = await books.commerce.limiter.reserve([money])
    assert verdict.levels == (sum(entry.cost for entry in entries),)
    assert verdict.levels[0] > 0
    await other.stop()
