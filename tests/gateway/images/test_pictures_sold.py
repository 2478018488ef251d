"""Pictures are reserved by size and quality, and settled by how many were made, whatever happens on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from scripted_books import PRICE, Books, paying
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import SECRET, Served, azure_error, key_for, openai_error
from scripted_pictures import GENERATE, b64, event, image_endpoint, picture

from pleiade.domain.books import Outcome
from pleiade.domain.limits import Budget, RateLimit, Scope
from pleiade.domain.price import Rate, RateKind
from pleiade.gateway.keys import FixedKeys
from pleiade.quota.book import LimitsBook

CENT = 10**7  # nano
PATH = "/v1/images/generations"
KEY = key_for(SECRET)
RATES = (("0.02", "64x64", ""), ("0.05", "64x64", "hd"))
PICTURES = msgspec.structs.replace(
    PRICE,
    model="pix-1",
    rates=tuple(
        Rate(kind=RateKind.IMAGE, amount=amount, size=size, quality=quality) for amount, size, quality in RATES
    ),
)
ServePictures = Callable[..., Awaitable[Served]]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path / "ledger", prices=[PICTURES])


@pytest.fixture
async def sold(serve_pictures: ServePictures, books: Books, engine: ScriptedEngine) -> Served:
    """A gateway that sells pictures of 64 pixels, with an engine that tells what it has used."""
    endpoints = [image_endpoint(engine, tells_usage=True)]
    return await serve_pictures(commerce=books.commerce, keys=paying(), endpoints=endpoints)


async def test_pictures_cost_what_their_size_and_quality_cost(sold: Served, books: Books) -> None:
    assert (await sold.post(PATH, GENERATE | {"n": 3})).status == 200
    await sold.post(PATH, GENERATE | {"n": 2, "quality": "high", "size": "064x64"})
    plain, fine = await books.settled(2)
    assert (plain.outcome, plain.images, plain.cost, plain.estimated) == (Outcome.COMPLETED, 3, 6 * CENT, False)
    assert (plain.operation, plain.image_size, plain.image_quality) == ("image_generation", "64x64", "auto")
    assert (fine.images, fine.cost, fine.image_size, fine.image_quality) == (2, 10 * CENT, "64x64", "high")
    assert (plain.prompt_tokens, plain.completion_tokens) == (0, 0)  # sold by the picture alone
    assert [line["images"] for line in sold.log_lines()] == [3, 2]


async def test_a_size_without_a_price_is_not_sold(sold: Served, books: Books, engine: ScriptedEngine) -> None:
    for size in ("512x512", "auto", "a lot"):
        answer = await sold.post(PATH, GENERATE | {"size": size})
        assert (answer.status, (await openai_error(answer))["code"]) == (403, "model_not_for_sale")
    answer = await sold.post("/openai/deployments/pix/images/generations?api-version=2024-10-21", {"prompt": "x"})
    assert (await azure_error(answer))["code"] == "Forbidden"
    assert not engine.seen
    assert not books.entries()


async def test_an_edit_is_counted_as_an_edit(sold: Served, books: Books) -> None:
    form = aiohttp.FormData({"model": "pix", "prompt": "x", "n": "2", "size": "64x64"})
    form.add_field("image", picture(), filename="a.png")
    async with sold.client.post(sold.url + "/v1/images/edits", data=form, headers=sold.headers) as answer:
        assert answer.status == 200
    (entry,) = await books.settled()
    assert (entry.operation, entry.images, entry.cost) == ("image_edit", 2, 4 * CENT)


async def test_a_stream_is_settled_by_its_finished_pictures(sold: Served, books: Books) -> None:
    assert (await sold.post(PATH, GENERATE | {"n": 2, "stream": True})).status == 200
    (entry,) = await books.settled()
    assert (entry.outcome, entry.images, entry.cost, entry.stream) == (Outcome.COMPLETED, 2, 4 * CENT, True)


async def one_of_three(exchange: Exchange) -> None:
    """An engine that finishes one picture of three and works on."""
    if "/usage/" in exchange.path:
        await exchange.whole(200, {"usage": {"input_tokens": 4, "output_tokens": 16, "images": 1}})
        return
    if exchange.body.get("stream"):
        await exchange.begin()
        await exchange.part(event("image_generation.partial_image", b64_json=b64(picture()), partial_image_index=0))
        await exchange.part(event("image_generation.completed", b64_json=b64(picture())))
    await asyncio.sleep(60)


async def test_a_stream_that_is_left_is_settled_by_what_was_finished(
    sold: Served, books: Books, engine: ScriptedEngine
) -> None:
    engine.script = one_of_three
    body = GENERATE | {"n": 3, "stream": True}
    async with sold.client.post(sold.url + PATH, json=body, headers=sold.headers) as stream:
        data = b""
        while b"completed" not in data:
            data += await stream.content.readany()
        stream.close()
    (entry,) = await books.settled()
    assert (entry.outcome, entry.images, entry.cost, entry.estimated) == (Outcome.CANCELLED, 1, 2 * CENT, False)
    await asyncio.wait_for(engine.gone.wait(), 30)  # nobody works on


async def test_a_call_that_is_left_is_settled_by_what_the_engine_had_finished(
    sold: Served, books: Books, engine: ScriptedEngine
) -> None:
    engine.script = one_of_three
    with pytest.raises(TimeoutError):
        await sold.post(PATH, GENERATE | {"n": 3}, timeout=aiohttp.ClientTimeout(total=0.3))
    (entry,) = await books.settled()
    assert (entry.outcome, entry.images, entry.cost, entry.status) == (Outcome.CANCELLED, 1, 2 * CENT, 499)


async def breaks_after_one(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.part(event("image_generation.completed", b64_json=b64(picture())))
    exchange.hang_up()


async def refuses(exchange: Exchange) -> None:
    await exchange.whole(400, {"error": {"message": "no such style", "param": "style", "code": "invalid_value"}})


async def is_no_answer(exchange: Exchange) -> None:
    await exchange.whole(200, {"data": "many"})


@pytest.mark.parametrize(
    ("script", "status", "images"), [(breaks_after_one, 200, 1), (refuses, 400, 0), (is_no_answer, 502, 0)]
)
async def test_what_the_engine_breaks_or_refuses_costs_what_was_made(
    sold: Served, books: Books, engine: ScriptedEngine, script: Any, status: int, images: int
) -> None:
    engine.script = script
    answer = await sold.post(PATH, GENERATE | {"n": 3, "stream": script is breaks_after_one})
    assert answer.status == status
    assert b'"error"' in await answer.read()
    (entry,) = await books.settled()
    assert (entry.outcome, entry.images, entry.cost) == (Outcome.FAILED, images, images * 2 * CENT)


async def test_a_limit_of_pictures_a_minute_holds(serve_pictures: ServePictures, tmp_path: Path) -> None:
    rates = {(Scope.KEY, KEY.id, ""): RateLimit(max_images_per_1_minute=4)}
    books = Books(tmp_path / "ledger", limits=LimitsBook(rates=rates))
    served = await serve_pictures(commerce=books.commerce, keys=FixedKeys({SECRET: KEY}))
    assert (await served.post(PATH, GENERATE | {"n": 3})).status == 200
    answer = await served.post(PATH, GENERATE | {"n": 2})
    assert answer.status == 429
    assert "images per min (IPM): Limit 4, Used 3, Requested 2" in (await openai_error(answer))["message"]
    assert (await served.post(PATH, GENERATE)).status == 200


async def test_a_budget_is_asked_for_the_size_and_quality(serve_pictures: ServePictures, tmp_path: Path) -> None:
    budget = Budget(scope=Scope.KEY, subject=KEY.id, nano=9 * CENT, currency="USD")
    limits = LimitsBook(budgets={(Scope.KEY, KEY.id): budget})
    books = Books(tmp_path / "ledger", prices=[PICTURES], limits=limits)
    served = await serve_pictures(commerce=books.commerce, keys=paying())
    assert (await served.post(PATH, GENERATE | {"n": 2, "quality": "hd"})).status == 429  # ten cents
    assert (await served.post(PATH, GENERATE | {"n": 4})).status == 200  # eight
    assert (await served.post(PATH, GENERATE)).status == 429
