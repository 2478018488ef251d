"""Usage and costs through the official client: folds of the ledger, an organisation's own and no other's."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
import sqlalchemy as sa
from books import DAY_MS, NOVEMBER, HandClock, keep, reservation, settlement
from customers import Customer

from pleiade.domain import Usage
from pleiade.ledger.journal import Journal

MONDAY = NOVEMBER // 1000 - NOVEMBER // 1000 % 86400
DAY = 86400
Book = Callable[..., None]


@pytest.fixture
def book(tmp_path: Path, database: sa.Engine) -> Book:
    """Books calls through the ledger's own code: `day` days after `MONDAY`."""

    def write(calls: list[dict[str, Any]], day: int = 0) -> None:
        clock = HandClock(MONDAY * 1000 + day * DAY_MS + 3_600_000)
        journal = Journal.open(tmp_path / "ledger", clock=clock)
        for number, call in enumerate(calls):
            usage = call.pop("usage", Usage(prompt_tokens=10, cached_tokens=4, completion_tokens=5))
            cost = call.pop("cost", 0)
            name = f"{day}-{number}-{call}"
            journal.reserve(reservation(name, **call))
            journal.settle(settlement(name, cost=cost, usage=usage))
            clock.pass_ms(60_000)
        journal.close()
        keep(tmp_path / "ledger", database)

    return write


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_usage_of_completions_by_day_and_project(acme: Customer, book: Book) -> None:
    book([{"organisation": "acme", "project": "proj_a"}] * 2 + [{"organisation": "acme", "project": "proj_b"}])
    book([{"organisation": "acme", "project": "proj_a", "operation": "text_completion"}], day=2)
    usage = await acme.organization.usage.completions(
        start_time=MONDAY, end_time=MONDAY + 3 * DAY, group_by=["project_id"]
    )
    assert [len(bucket.results) for bucket in usage.data] == [2, 0, 1]
    first = {result.project_id: result for result in usage.data[0].results}
    assert first["proj_a"].num_model_requests == 2
    assert (first["proj_a"].input_tokens, first["proj_a"].output_tokens) == (20, 10)
    assert (first["proj_a"].input_cached_tokens, first["proj_a"].input_uncached_tokens) == (8, 12)
    assert first["proj_b"].model is None
    assert (usage.has_more, usage.next_page) == (False, None)


async def test_pages_of_buckets_follow_each_other_without_gap(acme: Customer, book: Book) -> None:
    book([{"organisation": "acme"}] * 3)
    pages, page = [], None
    while True:
        fields = {"page": page} if page else {}
        found = await acme.organization.usage.completions(
            start_time=MONDAY, end_time=MONDAY + DAY, bucket_width="1h", limit=5, **fields
        )
        pages.append(found)
        page = found.next_page
        if page is None:
            break
    assert [len(found.data) for found in pages] == [5, 5, 5, 5, 4]
    starts = [bucket.start_time for found in pages for bucket in found.data]
    assert starts == list(range(MONDAY, MONDAY + DAY, 3600))
    assert sum(result.num_model_requests for found in pages for bucket in found.data for result in bucket.results) == 3


async def test_minutes_are_told_too(acme: Customer, book: Book) -> None:
    book([{"organisation": "acme"}] * 3)
    found = await acme.organization.usage.completions(
        start_time=MONDAY + 3600, end_time=MONDAY + 7200, bucket_width="1m"
    )
    assert len(found.data) == 60
    assert [len(bucket.results) for bucket in found.data][:4] == [1, 1, 1, 0]


async def test_filters_pick_calls(acme: Customer, book: Book) -> None:
    book(
        [
            {"organisation": "acme", "key": "key_a", "user": "user-a", "model": "m1"},
            {"organisation": "acme", "key": "key_b", "user": "user-b", "model": "m2"},
        ]
    )

    async def count(**chosen: Any) -> int:
        found = await acme.organization.usage.completions(start_time=MONDAY, end_time=MONDAY + DAY, **chosen)
        return sum(result.num_model_requests for result in found.data[0].results)

    assert await count() == 2
    assert await count(api_key_ids=["key_a"]) == 1
    assert await count(user_ids=["user-b", "user-x"]) == 1
    assert await count(models=["m1", "m2"]) == 2
    assert await count(project_ids=["proj_x"]) == 0
    assert await count(batch=True) == 0


async def test_each_kind_of_call_is_told_apart(acme: Customer, book: Book) -> None:
    book(
        [
            {"organisation": "acme", "operation": "embeddings"},
            {
                "organisation": "acme",
                "operation": "image_generation",
                "image_size": "512x512",
                "usage": Usage(images=3),
            },
        ]
    )
    usage, span = acme.organization.usage, {"start_time": MONDAY, "end_time": MONDAY + DAY}
    (embedding,) = (await usage.embeddings(**span)).data[0].results
    assert (embedding.input_tokens, embedding.num_model_requests) == (10, 1)
    (image,) = (await usage.images(**span, group_by=["size", "source"])).data[0].results
    assert (image.images, image.size, image.source) == (3, "512x512", "image.generation")
    assert (await usage.images(**span, sources=["image.edit"])).data[0].results == []
    for kind in (usage.moderations, usage.audio_speeches, usage.vector_stores, usage.web_search_calls):
        assert (await kind(**span)).data[0].results == []
    assert (await usage.completions(**span)).data[0].results == []


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_costs_are_exact_by_project_and_line_item(acme: Customer, book: Book) -> None:
    sold = {"organisation": "acme", "model": "m", "project": "proj_a"}
    book([{**sold, "cost": 100_000_001}, {**sold, "cost": 200_000_002}, {**sold, "operation": "embeddings", "cost": 7}])
    fields = {"start_time": MONDAY, "end_time": MONDAY + DAY}
    raw = await acme.organization.usage.with_raw_response.costs(**fields, group_by=["line_item", "project_id"])
    assert b"0.300000003" in raw.content
    results = {result.line_item: result for result in raw.parse().data[0].results}
    assert {name: result.amount.value for name, result in results.items()} == {
        "m, chat": 0.300000003,
        "m, embeddings": 0.000000007,
    }
    assert {result.amount.currency for result in results.values()} == {"usd"}
    assert {result.project_id for result in results.values()} == {"proj_a"}
    only = await acme.organization.usage.costs(**fields, extra_query={"line_items": ["m, embeddings"]})
    assert Decimal(str(only.data[0].results[0].amount.value)) == Decimal("0.000000007")


async def test_nobody_sees_the_usage_of_others(acme: Customer, globex: Customer, book: Book) -> None:
    book([{"organisation": "acme", "cost": 5}])
    span = {"start_time": MONDAY, "end_time": MONDAY + DAY}
    assert (await globex.organization.usage.completions(**span, project_ids=["proj_1"])).data[0].results == []
    assert (await globex.organization.usage.costs(**span)).data[0].results == []
    assert len((await acme.organization.usage.costs(**span)).data[0].results) == 1


WRONG_QUESTIONS = [
    ("", "start_time"),
    ("start_time=soon", "start_time"),
    ("start_time=-1", "start_time"),
    (f"start_time={10**30}", "start_time"),
    ("start_time=0&end_time=-5", "end_time"),
    ("start_time=0&bucket_width=1y", "bucket_width"),
    ("start_time=0&limit=32", "limit"),
    ("start_time=0&page=page", "page"),
    ("start_time=0&page=page_OTk5", "page"),  # 999: no beginning of a day
    ("start_time=0&group_by[]=colour", "group_by"),
]


async def test_wrong_questions_are_refused(acme: Customer) -> None:
    for query, param in WRONG_QUESTIONS:
        with pytest.raises(openai.BadRequestError) as refused:
            await acme.clients[0].get(f"/organization/usage/completions?{query}", cast_to=dict[str, Any])
        assert refused.value.param == param, query


async def test_a_time_that_ends_before_it_begins_is_empty(acme: Customer) -> None:
    found = await acme.organization.usage.completions(start_time=MONDAY + 10 * DAY, end_time=MONDAY)
    assert (found.data, found.has_more) == ([], False)
