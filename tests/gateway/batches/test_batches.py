"""Batches: answers in the order of the input at half the price, whatever happens on the way; live calls go first."""

import asyncio
import base64
import time
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from scripted_books import PRICE
from scripted_engine import Exchange, well_behaved
from scripted_files import AZURE

from pleiade.domain.books import Outcome
from pleiade.jobs.batch import records
from pleiade.store import unit_of_work

from .conftest import CHAT_PATH, TOKEN, Bulk, request

TOKENS = (5, 3)  # that the scripted engine counts for one answer
FULL_NANO = TOKENS[0] * 1000 + TOKENS[1] * 2000


@pytest.mark.parametrize("endpoint", [CHAT_PATH, "/chat/completions"])
async def test_answers_come_in_the_order_of_the_input_at_half_the_price(bulk: Bulk, endpoint: str) -> None:
    await bulk.work()
    batch = await bulk.begin(*(request(n, url=endpoint) for n in range(30)), endpoint=endpoint, metadata={"a": "b"})
    assert (batch["object"], batch["status"], batch["metadata"]) == ("batch", "validating", {"a": "b"})
    assert batch["expires_at"] == batch["created_at"] + 24 * 3600
    done = await bulk.ended(batch)
    assert (done["status"], done["model"], done["endpoint"]) == ("completed", "chat", endpoint)
    assert done["request_counts"] == {"total": 30, "completed": 30, "failed": 0}
    assert (done["usage"]["input_tokens"], done["usage"]["output_tokens"]) == (30 * TOKENS[0], 30 * TOKENS[1])
    assert done["error_file_id"] is None
    for moment in ("in_progress_at", "finalizing_at", "completed_at"):
        assert done[moment] >= batch["created_at"]
    answers = await bulk.lines_of(done["output_file_id"])
    assert [answer["custom_id"] for answer in answers] == [f"line-{n}" for n in range(30)]
    assert {answer["response"]["status_code"] for answer in answers} == {200}
    assert answers[0]["response"]["body"]["choices"][0]["message"]["content"] == "Hello there."
    assert answers[0]["error"] is None
    file = await bulk.get(f"/files/{done['output_file_id']}")
    assert file["purpose"] == "batch_output"
    entries = await bulk.paid(30)
    assert [entry.cost for entry in entries] == [FULL_NANO // 2] * 30
    assert {entry.price for entry in entries} == {f"{PRICE.id}:batch"}
    assert len({entry.call for entry in entries}) == 30
    assert (await bulk.get("/batches"))["data"][0] == done


async def test_what_fails_stands_in_a_file_of_its_own(bulk: Bulk) -> None:
    async def some_fail(exchange: Exchange) -> None:
        if "question 1" in exchange.raw.decode():
            await exchange.whole(400, {"error": {"message": "no", "type": "invalid_request_error", "code": "bad"}})
        else:
            await well_behaved(exchange)

    bulk.served.engine.script = some_fail
    await bulk.work()
    rows = [request(0), request(1), request(2), request(3)]
    rows[2]["body"]["model"] = "nobody"
    rows[3]["body"]["stream"] = True
    done = await bulk.ended(await bulk.begin(*rows))
    assert (done["status"], done["request_counts"]) == ("completed", {"total": 4, "completed": 1, "failed": 3})
    assert [line["custom_id"] for line in await bulk.lines_of(done["output_file_id"])] == ["line-0"]
    failed = await bulk.lines_of(done["error_file_id"])
    assert [(line["custom_id"], line["response"]["status_code"]) for line in failed] == [
        ("line-1", 400),
        ("line-2", 404),
        ("line-3", 400),
    ]
    assert failed[1]["response"]["body"]["error"]["code"] == "model_not_found"
    assert len(await bulk.paid(2)) == 1


async def test_an_input_that_is_wrong_fails_with_the_numbers_of_its_lines(bulk: Bulk) -> None:
    await bulk.work()
    rows = [request(0), request(0), request(2, url="/v1/embeddings"), request(3, method="GET"), request(4)]
    del rows[4]["custom_id"]
    done = await bulk.ended(await bulk.begin(*rows))
    assert done["status"] == "failed"
    found = [(error["line"], error["code"]) for error in done["errors"]["data"]]
    assert found == [
        (2, "duplicate_custom_id"),
        (3, "mismatched_endpoint"),
        (4, "invalid_method"),
        (5, "missing_required_parameter"),
    ]
    assert bulk.served.engine.seen == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"endpoint": "/v1/files"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 5}}, "output_expires_after.seconds"),
        ({"metadata": {"k": 1}}, "metadata"),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_at_once(on_sqlite: Bulk, change: Any, param: str) -> None:
    file = await on_sqlite.send(b"{}", "batch")
    body = {"input_file_id": file["id"], "endpoint": CHAT_PATH, "completion_window": "24h", **change}
    error = (await on_sqlite.post("/batches", body, status=400))["error"]
    assert error["param"].startswith(param)
    other = await on_sqlite.send(b"{}", "user_data")
    body = {"input_file_id": other["id"], "endpoint": CHAT_PATH, "completion_window": "24h"}
    assert (await on_sqlite.post("/batches", body, status=400))["error"]["code"] == "invalid_purpose"
    await on_sqlite.post("/batches", {**body, "input_file_id": "file-none"}, status=404)


async def test_a_batch_is_cancelled_before_it_runs_and_while_it_does_and_not_after(bulk: Bulk) -> None:
    early = await bulk.begin(request(0))
    told = await bulk.post(f"/batches/{early['id']}/cancel")
    assert (told["status"], bool(told["cancelling_at"])) == ("cancelling", True)
    await bulk.work()
    over = await bulk.ended(early)
    assert (over["status"], over["output_file_id"]) == ("cancelled", None)
    assert over["cancelled_at"]

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.1)
        await well_behaved(exchange)

    bulk.served.engine.script = slow
    batch = await bulk.begin(*(request(n) for n in range(500)))
    await bulk.ended(batch, until=lambda found: found["request_counts"]["completed"] > 0)
    await bulk.post(f"/batches/{batch['id']}/cancel")
    await bulk.post(f"/batches/{batch['id']}/cancel")
    over = await bulk.ended(batch)
    counts = over["request_counts"]
    assert over["status"] == "cancelled"
    assert 0 < counts["completed"] < 500
    answers = await bulk.lines_of(over["output_file_id"])
    left = await bulk.lines_of(over["error_file_id"])
    assert (len(answers), len(left)) == (counts["completed"], 500 - counts["completed"])
    assert {line["error"]["code"] for line in left} == {"batch_cancelled"}
    await bulk.post(f"/batches/{batch['id']}/cancel", status=400)
    assert len(await bulk.paid(counts["completed"])) == counts["completed"]


async def test_what_does_not_run_within_its_window_is_told_as_expired(bulk: Bulk) -> None:
    batch = await bulk.begin(request(0), request(1), output_expires_after={"anchor": "created_at", "seconds": 3600})
    with unit_of_work(bulk.db) as connection:
        records.change(connection, batch["id"], expires_at=int(time.time()) - 1)
    await bulk.work()
    done = await bulk.ended(batch)
    assert (done["status"], done["output_file_id"]) == ("expired", None)
    left = await bulk.lines_of(done["error_file_id"])
    assert [line["error"]["code"] for line in left] == ["batch_expired"] * 2
    file = await bulk.get(f"/files/{done['error_file_id']}")
    assert file["expires_at"] == file["created_at"] + 3600
    assert bulk.served.engine.seen == []


async def test_an_input_deleted_on_the_way_ends_the_batch_with_what_it_has(bulk: Bulk) -> None:
    batch = await bulk.begin(request(0))
    await bulk.ask("DELETE", f"/files/{batch['input_file_id']}")
    await bulk.work()
    done = await bulk.ended(batch)
    assert (done["status"], done["errors"]["data"][0]["code"]) == ("failed", "missing_input_file")


async def test_a_busy_house_is_waited_for_and_a_broken_engine_asked_again(bulk: Bulk) -> None:
    answers = iter([429, 503, 500])

    async def grudging(exchange: Exchange) -> None:
        status = next(answers, 200)
        if status == 200:
            await well_behaved(exchange)
        else:
            await exchange.whole(status, {"error": {"message": "later", "type": "x", "code": None}})

    bulk.served.engine.script = grudging
    await bulk.work()
    done = await bulk.ended(await bulk.begin(request(0)))
    assert (done["status"], done["request_counts"]["completed"]) == ("completed", 1)
    assert len(await bulk.paid(1)) == 1


async def test_a_runner_that_dies_is_followed_by_one_that_goes_on_and_no_line_is_paid_twice(bulk: Bulk) -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.03)
        await well_behaved(exchange)

    bulk.served.engine.script = slow
    batch = await bulk.begin(*(request(n) for n in range(60)))
    for reached in (5, 20, 40):
        await bulk.work()
        await bulk.ended(batch, until=lambda found, reached=reached: found["request_counts"]["completed"] >= reached)
        await bulk.kill()
    await bulk.work()
    done = await bulk.ended(batch)
    assert done["request_counts"] == {"total": 60, "completed": 60, "failed": 0}
    answers = await bulk.lines_of(done["output_file_id"])
    assert [answer["custom_id"] for answer in answers] == [f"line-{n}" for n in range(60)]
    paid = await bulk.paid(60)
    assert len(paid) == 60, "one of each line, and none of what was cut off"


def acting(bulk: Bulk, line: str, token: str = TOKEN) -> dict[str, str]:
    """The headers of the runner's calls."""
    key = next(iter(bulk.served.keys.load().values())).principal
    said = base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()
    return {"authorization": f"Bearer {token}", "x-pleiade-acts-for": said, "x-pleiade-batch-line": line}


async def test_a_line_that_is_asked_for_twice_is_answered_alike_and_paid_once(bulk: Bulk) -> None:
    batch = await bulk.begin(request(0))

    async def ask(attempt: int) -> Any:
        answer = await bulk.served.post(
            CHAT_PATH, request(0)["body"], headers=acting(bulk, f"{batch['id']}/1/{attempt}")
        )
        assert answer.status == 200
        return await answer.read()

    first, second = await asyncio.gather(ask(1), ask(1))  # the runner died, and its call went on
    assert await ask(2) == first == second
    entries = await bulk.books.settled(2)
    assert sorted(entry.cost for entry in entries) == [0, FULL_NANO // 2]
    assert sorted(entry.completion_tokens for entry in entries) == [0, TOKENS[1]]
    assert len(bulk.served.engine.seen) == 2, "the third is given what is known"


async def test_a_line_that_breaks_off_owes_nothing(bulk: Bulk) -> None:
    batch = await bulk.begin(request(0))

    async def never(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    bulk.served.engine.script = never
    asking = asyncio.create_task(
        bulk.served.post(CHAT_PATH, request(0)["body"], headers=acting(bulk, f"{batch['id']}/1/1"))
    )
    async with asyncio.timeout(10):
        while not bulk.served.engine.seen:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.01)
    asking.cancel()
    (entry,) = await bulk.books.settled(1)
    assert (entry.outcome, entry.cost, entry.prompt_tokens) == (Outcome.CANCELLED, 0, 0)


async def test_nobody_without_the_houses_token_acts_for_another(on_sqlite: Bulk) -> None:
    for token in ("house-of-another", "", "house-"):
        refused = await on_sqlite.served.post(
            CHAT_PATH, request(0)["body"], headers=acting(on_sqlite, "batch_x/1/1", token)
        )
        assert refused.status == 401
    own = on_sqlite.headers["authorization"].removeprefix("Bearer ")
    answer = await on_sqlite.served.post(CHAT_PATH, request(0)["body"], headers=acting(on_sqlite, "batch_x/1/1", own))
    assert answer.status == 200
    (entry,) = await on_sqlite.books.settled(1)
    assert entry.cost == FULL_NANO, "a customer's own header makes no line of a call"


async def test_a_revoked_key_pays_for_no_further_line(on_sqlite: Bulk) -> None:
    batch = await on_sqlite.begin(request(0))
    keys = on_sqlite.served.keys
    headers = acting(on_sqlite, f"{batch['id']}/1/1")
    keys.keys = {secret: msgspec.structs.replace(key, revoked=1) for secret, key in keys.keys.items()}
    await on_sqlite.served.gateway.keys.refresh()
    refused = await on_sqlite.served.post(CHAT_PATH, request(0)["body"], headers=headers)
    assert refused.status == 401
    assert "revoked" in (await refused.json())["error"]["message"]


async def test_a_line_waits_while_somebody_waits_for_an_engine_that_cannot_let_it_stand_back(
    sqlite_db: sa.Engine, start: Any
) -> None:
    bulk = await start(sqlite_db, endpoint={"engine": "vllm"})
    holding = asyncio.Event()

    async def hold_live(exchange: Exchange) -> None:
        if "live" in exchange.raw.decode():
            await holding.wait()
        await well_behaved(exchange)

    bulk.served.engine.script = hold_live
    live = asyncio.create_task(bulk.served.post(CHAT_PATH, {**request(0)["body"], "user": "live"}))
    async with asyncio.timeout(10):
        while not bulk.served.engine.seen:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.01)
    await bulk.work()
    batch = await bulk.begin(request(0))
    await bulk.ended(batch, until=lambda found: found["status"] == "in_progress")
    await asyncio.sleep(0.3)
    assert len(bulk.served.engine.seen) == 1
    holding.set()
    assert (await live).status == 200
    assert (await bulk.ended(batch))["status"] == "completed"


async def test_azure_reads_back_what_it_wrote(on_sqlite: Bulk) -> None:
    file = await on_sqlite.send(b'{"a": 1}', "batch")
    body = {"input_file_id": file["id"], "endpoint": "/chat/completions", "completion_window": "24h"}
    made = await on_sqlite.ask("POST", f"/batches{AZURE}", json=body, prefix="/openai", status=201)
    assert made["endpoint"] == "/chat/completions"
    assert on_sqlite.told["location"].endswith(f"/openai/batches/{made['id']}{AZURE}")
    assert (await on_sqlite.ask("GET", f"/batches{AZURE}", prefix="/openai"))["data"] == [made]
