"""Limits and the ledger know no difference between an answer in a chat and POST /responses."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scripted_books import PRICE, Books, paying
from scripted_gateway import SECRET, key_for

from pleiade.domain.limits import RateLimit, Scope
from pleiade.quota import LimitsBook
from pleiade.store.objects import responses


async def test_an_answer_over_the_limit_is_a_429_and_leaves_nothing_behind(
    sqlite_db: sa.Engine, start_on: Any, tmp_path: Path
) -> None:
    limits = LimitsBook(rates={(Scope.KEY, key_for(SECRET).id, ""): RateLimit(max_requests_per_1_day=1)})
    books = Books(tmp_path / "books", prices=[PRICE], limits=limits)
    caller = await start_on(sqlite_db.url.render_as_string(), commerce=books.commerce, keys=paying())
    chat = (await caller.post("/chats"))["id"]
    answer = await caller.answered(chat, "One?")
    await caller.question(chat, "Two?")
    async with caller.served.client.post(
        f"{caller.served.url}/v1/chats/{chat}/answers", json={}, headers=caller.headers
    ) as refused:
        assert refused.status == 429
        assert (await refused.json())["error"]["code"] == "rate_limit_exceeded"
        assert int(refused.headers["retry-after"]) > 0
    thread = await caller.get(f"/chats/{chat}")
    assert [message["status"] for message in thread["messages"]] == ["completed"] * 3
    with sqlite_db.connect() as connection:
        assert connection.scalars(sa.select(responses.c.id)).all() == [answer["response_id"]]
    [entry] = await books.settled()
    assert (entry.completion_tokens, entry.operation, entry.deployment, entry.cost > 0) == (3, "chat", "chat", True)
