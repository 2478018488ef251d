"""Background responses: made while nobody waits, followed, ended and outlived from any gateway."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openai.types.responses import Response
from scripted_engine import Exchange, chunk, well_behaved

from pleiade.gateway.responses.background import STALE_S
from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.rooms import production_rooms
from pleiade.gateway.stored import response_records
from pleiade.gateway.stored.archive import Archive
from pleiade.settings import Settings
from pleiade.store.objects import responses

Serve = Callable[..., Awaitable[Any]]
URL = "/v1/responses"
WORK: dict[str, Any] = {"model": "chat", "input": "hi", "background": True}


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Serve:
    """Starts gateways that share one database."""

    async def start_one(**settings: Any) -> Any:
        wanted = {"home": str(tmp_path), "drain_s": 0.2} | settings
        return await serve(rooms=production_rooms(Settings(**wanted)), **wanted)

    return start_one


def told(body: str) -> list[dict[str, Any]]:
    """The events of a stream."""
    return [json.loads(block.split("data: ")[1]) for block in body.split("\n\n")[:-1]]


class Patient:
    """An engine that says one word, then waits until the test lets it go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("One", tokens=1))
        await self.go_on.wait()
        await exchange.part(chunk(" two", tokens=2))
        await exchange.part(chunk(None, finish="stop", tokens=2))
        await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()


async def fetch(served: Any, identifier: str) -> dict[str, Any]:
    answer = await served.get(f"{URL}/{identifier}")
    assert answer.status == 200
    body: dict[str, Any] = await answer.json()
    Response.model_validate(body)
    return body


async def fetch_when(served: Any, identifier: str, status: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (body := await fetch(served, identifier))["status"] != status:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return body


async def test_a_background_response_is_queued_then_made(start: Serve) -> None:
    served = await start()
    answer = await served.post(URL, WORK)
    made = await answer.json()
    assert (made["status"], made["background"], made["output"]) == ("queued", True, [])
    done = await fetch_when(served, made["id"], "completed")
    assert done["output"][0]["content"][0]["text"] == "Hello there."
    assert done["usage"]["output_tokens"] == 3
    made_line = next(line for line in served.log_lines() if line["path"] == URL + "#background")
    assert (made_line["prompt_tokens"], made_line["completion_tokens"]) == (5, 3)
    assert made_line["deployment"] == "chat"


async def test_a_background_stream_goes_on_without_its_client_and_can_be_joined_again(start: Serve) -> None:
    served = await start()
    served.engine.script = patient = Patient()
    response = await served.client.post(served.url + URL, json=WORK | {"stream": True}, headers=served.headers)
    heard = b""
    while b"One" not in heard:
        heard += await response.content.readany()
    response.close()
    first = told(heard.decode())
    assert [event["type"] for event in first[:3]] == [
        "response.created",
        "response.queued",
        "response.in_progress",
    ]
    identifier, last = first[0]["response"]["id"], first[-1]["sequence_number"]
    joined = asyncio.create_task(served.get(f"{URL}/{identifier}?stream=true&starting_after={last}"))
    await asyncio.sleep(0.05)
    patient.go_on.set()
    rest = told(await (await joined).text())
    assert [event["sequence_number"] for event in first + rest] == list(range(len(first + rest)))
    assert rest[-1]["type"] == "response.completed"
    assert await fetch(served, identifier) == rest[-1]["response"]
    replayed = await served.get(f"{URL}/{identifier}?stream=true")
    assert told(await replayed.text()) == first + rest


async def test_a_cancelled_response_frees_the_engine_and_keeps_what_was_said(start: Serve) -> None:
    served = await start()
    served.engine.script = Patient()
    made = await (await served.post(URL, WORK)).json()
    events = asyncio.create_task(served.get(f"{URL}/{made['id']}?stream=true"))
    async with asyncio.timeout(10):
        while not served.engine.seen:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    cancelled = await (await served.post(f"{URL}/{made['id']}/cancel", None)).json()
    assert cancelled["status"] == "cancelled"
    async with asyncio.timeout(10):
        await served.engine.gone.wait()
    assert "One" in told(await (await events).text())[-1]["delta"]
    again = await served.post(f"{URL}/{made['id']}/cancel", None)
    assert await again.json() == cancelled == await fetch(served, made["id"])


async def test_one_gateway_ends_and_follows_what_another_makes(start: Serve) -> None:
    maker, other = await start(), await start()
    maker.engine.script = Patient()
    made = await (await maker.post(URL, WORK)).json()
    events = asyncio.create_task(other.get(f"{URL}/{made['id']}?stream=true"))
    assert (await fetch_when(other, made["id"], "in_progress"))["id"] == made["id"]
    cancelled = await (await other.post(f"{URL}/{made['id']}/cancel", None)).json()
    assert cancelled["status"] == "cancelled"
    heard = told(await (await events).text())
    assert [event["sequence_number"] for event in heard] == list(range(len(heard)))
    assert heard[-1]["delta"] == "One"


async def test_deleting_a_response_ends_its_making(start: Serve) -> None:
    maker, other = await start(), await start()
    maker.engine.script = Patient()
    made = await (await maker.post(URL, WORK)).json()
    deleted = await other.client.delete(f"{other.url}{URL}/{made['id']}", headers=other.headers)
    assert await deleted.json() == {"id": made["id"], "object": "response", "deleted": True}
    async with asyncio.timeout(10):
        await maker.engine.gone.wait()
    assert (await maker.get(f"{URL}/{made['id']}")).status == 404


async def test_a_refusal_of_the_engine_fails_the_response(start: Serve) -> None:
    async def busy(exchange: Exchange) -> None:
        await exchange.whole(429, {"error": {"message": "Full.", "type": "requests", "code": None}})

    served = await start()
    served.engine.script = busy
    made = await (await served.post(URL, WORK)).json()
    failed = await fetch_when(served, made["id"], "failed")
    assert failed["error"]["message"] == "Full."


async def test_a_synchronous_response_cannot_be_cancelled(start: Serve) -> None:
    served = await start()
    made = await (await served.post(URL, WORK | {"background": False})).json()
    answer = await served.post(f"{URL}/{made['id']}/cancel", None)
    assert answer.status == 400


async def test_a_response_whose_gateway_died_is_failed_when_somebody_looks(start: Serve, tmp_path: Path) -> None:
    served = await start()
    made = await (await served.post(URL, WORK)).json()
    await fetch_when(served, made["id"], "completed")
    archive = Archive(f"sqlite:///{tmp_path / 'pleiade.db'}")
    orphan = {**made, "id": "resp_orphan", "status": "in_progress"}
    await archive.write(partial(response_records.insert, project="default", response=orphan, items=[], frames=[]))
    assert (await fetch(served, "resp_orphan"))["status"] == "in_progress"
    await archive.write(
        lambda connection: connection.execute(sa.update(responses).values(alive=int(time.time() - STALE_S - 1)))
    )
    failed = await fetch(served, "resp_orphan")
    assert (failed["status"], failed["error"]["code"]) == ("failed", "server_error")
    archive.close()


async def test_a_gateway_that_stops_fails_what_it_could_not_finish(start: Serve, tmp_path: Path) -> None:
    stopping, staying = await start(), await start()
    stopping.engine.script = Patient()
    made = await (await stopping.post(URL, WORK)).json()
    await fetch_when(staying, made["id"], "in_progress")
    await next(room for room in stopping.gateway._rooms if isinstance(room, ResponsesRoom)).stop()
    failed = await fetch(staying, made["id"])
    assert failed["status"] == "failed"
    assert failed["output"][0]["content"][0]["text"] == "One"


async def test_thirty_background_responses_are_all_kept(start: Serve) -> None:
    served = await start()
    served.engine.script = well_behaved
    made = await asyncio.gather(*(served.post(URL, WORK) for _ in range(30)))
    for answer in made:
        await fetch_when(served, (await answer.json())["id"], "completed")
