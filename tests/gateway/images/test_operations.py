"""Azure's operations of 2023: taken at once, polled, forgotten; a gateway that dies loses none in silence."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_books import Books
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import OTHER_SECRET, SECRET, Served, azure_error, key_for
from scripted_pictures import b64, makes_pictures, picture

from pleiade.domain.books import Outcome
from pleiade.domain.limits import RateLimit, Scope
from pleiade.gateway.images import operation_records
from pleiade.gateway.images.operation_records import Operation
from pleiade.gateway.keys import FixedKeys
from pleiade.provenance import verify
from pleiade.quota.book import LimitsBook
from pleiade.store import open_database, unit_of_work
from pleiade.store.objects import image_operations

ServePictures = Callable[..., Awaitable[Served]]
VERSION = "?api-version=2023-06-01-preview"
SUBMIT = "/openai/images/generations:submit" + VERSION
WANTED = {"prompt": "a red circle", "n": 2, "size": "64x64"}


async def submitted(served: Served) -> str:
    """The place where the operation is polled."""
    answer = await served.post(SUBMIT, WANTED)
    assert answer.status == 202, await answer.text()
    where = answer.headers["operation-location"]
    assert where.startswith(served.url + "/openai/operations/images/")
    assert where.endswith(VERSION)
    assert int(answer.headers["retry-after"]) > 0
    return where.removeprefix(served.url)


async def ended(served: Served, where: str) -> dict[str, Any]:
    """The operation, once it has ended: polled as Azure's clients do."""
    async with asyncio.timeout(10):
        while True:
            answer = await served.get(where)
            assert answer.status == 200
            told: dict[str, Any] = await answer.json()
            if told["status"] != "running":
                return told
            await asyncio.sleep(0.01)


async def works_on(exchange: Exchange) -> None:
    await asyncio.sleep(60)


async def test_an_operation_is_taken_polled_and_gives_urls(pictures: Served) -> None:
    told = await ended(pictures, await submitted(pictures))
    assert told["status"] == "succeeded"
    assert told["expires"] - told["created"] == 24 * 3600
    assert len(told["result"]["data"]) == 2
    for made in told["result"]["data"]:
        async with pictures.client.get(made["url"]) as answer:
            report = verify(await answer.read())
        assert report.good
        assert report.claim is not None
        assert report.claim.prompt == "a red circle"


async def test_a_stream_makes_no_sense_of_it_and_is_passed_over(pictures: Served, engine: ScriptedEngine) -> None:
    answer = await pictures.post(SUBMIT, WANTED | {"stream": True, "partial_images": 2})
    told = await ended(pictures, answer.headers["operation-location"].removeprefix(pictures.url))
    assert (told["status"], len(told["result"]["data"])) == ("succeeded", 2)
    assert not {"stream", "partial_images"} & engine.seen[0].body.keys()


async def answers_nothing(exchange: Exchange) -> None:
    await exchange.whole(200, b"")


async def test_an_engine_that_answers_with_nothing_fails_it_at_once(pictures: Served, engine: ScriptedEngine) -> None:
    engine.script = answers_nothing
    told = await ended(pictures, await submitted(pictures))
    assert told["status"] == "failed"
    assert told["error"]["code"]


async def test_it_runs_while_it_is_made_and_outlives_who_asked(pictures: Served, engine: ScriptedEngine) -> None:
    go = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await go.wait()
        await makes_pictures(exchange)

    engine.script = waits
    where = await submitted(pictures)
    answer = await pictures.get(where)
    assert (await answer.json())["status"] == "running"
    assert answer.headers["retry-after"]
    go.set()
    assert (await ended(pictures, where))["status"] == "succeeded"


async def test_any_gateway_tells_it_and_a_restart_loses_none(serve_pictures: ServePictures, pictures: Served) -> None:
    where = await submitted(pictures)
    told = await ended(pictures, where)
    other = await serve_pictures()
    assert (await (await other.get(where)).json())["result"] == told["result"]


async def test_only_its_project_knows_it(serve_pictures: ServePictures) -> None:
    keys = FixedKeys({SECRET: key_for(SECRET), OTHER_SECRET: key_for(OTHER_SECRET, project="other")})
    served = await serve_pictures(keys=keys)
    where = await submitted(served)
    stranger = {"api-key": OTHER_SECRET}
    assert (await served.get(where, headers=stranger)).status == 404
    assert (await served.client.delete(served.url + where, headers=stranger)).status == 404
    assert (await ended(served, where))["status"] == "succeeded"


async def test_a_deleted_operation_is_gone_with_its_pictures(pictures: Served, home: Path) -> None:
    where = await submitted(pictures)
    await ended(pictures, where)
    assert len(list((home / "pictures").iterdir())) == 2
    answer = await pictures.client.delete(pictures.url + where, headers=pictures.headers)
    assert answer.status == 204
    assert list((home / "pictures").iterdir()) == []
    assert (await pictures.get(where)).status == 404


async def test_deleting_what_runs_ends_the_work_and_books_it(
    serve_pictures: ServePictures, engine: ScriptedEngine, tmp_path: Path
) -> None:
    books = Books(tmp_path / "ledger")
    served = await serve_pictures(commerce=books.commerce)
    engine.script = works_on
    where = await submitted(served)
    await served.client.delete(served.url + where, headers=served.headers)
    await asyncio.wait_for(engine.gone.wait(), 10)
    (entry,) = await books.settled()
    assert (entry.outcome, entry.images) == (Outcome.CANCELLED, 0)
    assert (await served.get(where)).status == 404


async def refuses(exchange: Exchange) -> None:
    await exchange.whole(400, {"error": {"message": "no such style", "param": "style", "code": "invalid_value"}})


async def test_what_the_engine_refuses_fails_with_its_words(pictures: Served, engine: ScriptedEngine) -> None:
    engine.script = refuses
    told = await ended(pictures, await submitted(pictures))
    assert (told["status"], told["error"]) == ("failed", {"code": "invalid_value", "message": "no such style"})


async def test_what_may_not_run_is_refused_at_once(serve_pictures: ServePictures, tmp_path: Path) -> None:
    key = key_for(SECRET)
    limits = LimitsBook(rates={(Scope.KEY, key.id, ""): RateLimit(max_images_per_1_minute=1)})
    books = Books(tmp_path / "ledger", limits=limits)
    served = await serve_pictures(commerce=books.commerce, keys=FixedKeys({SECRET: key}))
    answer = await served.post(SUBMIT, WANTED)
    assert (answer.status, (await azure_error(answer))["code"]) == (429, "429")
    assert (await served.post(SUBMIT, WANTED | {"model": "nobody"})).status == 404
    assert (await served.post(SUBMIT.partition("?")[0], WANTED)).status == 400
    assert (await served.post(SUBMIT, {"prompt": ["x"]})).status == 400


async def test_a_gateway_that_stops_tells_what_it_could_not_finish(
    serve_pictures: ServePictures, engine: ScriptedEngine, pictures: Served
) -> None:
    engine.script = works_on
    stopping = await serve_pictures(drain_s=0.0)
    where = await submitted(stopping)
    room = stopping.gateway._rooms[-1]
    await room.stop()
    told = await ended(pictures, where)
    assert told["status"] == "failed"
    assert "submit again" in told["error"]["message"]


def operation(**fields: Any) -> Operation:
    now = int(time.time())
    return Operation(**({"id": "o", "project": "default", "created": now, "expires": now + 60, "alive": now} | fields))


@pytest.fixture
def database(home: Path) -> sa.Engine:
    return open_database(f"sqlite:///{home / 'pleiade.db'}")


async def test_what_a_killed_gateway_left_is_told_as_failed(pictures: Served, database: sa.Engine) -> None:
    with unit_of_work(database) as connection:
        operation_records.insert(connection, operation(id="left", alive=int(time.time()) - 60))
        operation_records.insert(connection, operation(id="alive"))
    told = {
        name: await (await pictures.get(f"/openai/operations/images/{name}{VERSION}")).json()
        for name in ("left", "alive")
    }
    assert told["left"]["status"] == "failed"
    assert told["left"]["error"]["code"] == "InternalServerError"
    assert told["alive"]["status"] == "running"


def test_operations_expire_and_beats_tell_which_are_still_wanted(database: sa.Engine) -> None:
    with unit_of_work(database) as connection:
        for made in (operation(id="new", alive=1), operation(id="old", expires=1)):
            operation_records.insert(connection, made)
        assert operation_records.find(connection, "default", "old") is None
        operation_records.sweep(connection)
        assert list(operation_records.touch(connection, ("new", "old"))) == ["new"]
        found = operation_records.find(connection, "default", "new")
        assert found is not None
        assert found.alive > 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(image_operations)) == 1


async def test_an_operation_that_another_gateway_deleted_ends_at_the_next_beat(
    pictures: Served, engine: ScriptedEngine, database: sa.Engine
) -> None:
    engine.script = works_on
    where = await submitted(pictures)
    with unit_of_work(database) as connection:
        connection.execute(sa.delete(image_operations))
    room = pictures.gateway._rooms[-1]
    await room._operations.beat()
    await asyncio.wait_for(engine.gone.wait(), 10)
    assert (await pictures.get(where)).status == 404


async def test_what_cannot_be_kept_stands_in_the_result(serve_pictures: ServePictures, home: Path) -> None:
    (home / "full").write_text("a file stands where the folder should be")
    served = await serve_pictures(pictures_url=str(home / "full"), provenance=False)
    told = await ended(served, await submitted(served))
    assert [made["b64_json"] for made in told["result"]["data"]] == [b64(picture(0)), b64(picture(1))]
