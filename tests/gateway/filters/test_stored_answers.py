"""What a filter found in a response, told in the response itself as Azure's has it, and kept with an answer of Chat."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_engine import ScriptedEngine
from scripted_filters import says
from scripted_gateway import Serve

from pleiade.domain.policy import FilterPolicy, Screen
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings

GOOD = "one two three four five six seven eight nine ten"
MILD = "one two three STAB five six seven PUNCH nine ten"
ANNOTATED = FilterPolicy(
    prompt=Screen(violence="annotate"),
    output=Screen(violence="annotate", profanity="annotate"),
    window=15,
)


@pytest.fixture
def housed(filtered: Any, sqlite_db: sa.Engine, tmp_path: Path) -> Callable[..., Awaitable[Any]]:
    """Starts a gateway with every room, whose deployment filters."""

    async def start(policy: FilterPolicy, database: sa.Engine = sqlite_db) -> Any:
        settings = {"home": str(tmp_path), "database_url": database.url.render_as_string(hide_password=False)}
        return await filtered(policy, rooms=production_rooms(Settings(**settings)), **settings)

    return start


def by_source(response: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["source_type"]: found for found in response["content_filters"]}


async def test_a_response_tells_what_was_found_in_its_prompt_and_in_itself(housed: Any, engine: ScriptedEngine) -> None:
    engine.script = says(GOOD)
    served = await housed(FilterPolicy())
    answer = await (await served.post("/v1/responses", {"model": "chat", "input": "Hello"})).json()
    found = by_source(answer)
    assert [each["blocked"] for each in found.values()] == [False, False]
    assert found["prompt"]["content_filter_results"]["jailbreak"] == {"filtered": False, "detected": False}
    assert found["completion"]["content_filter_results"]["violence"] == {"filtered": False, "severity": "safe"}


async def test_of_a_stream_the_worst_of_all_pieces_is_told(housed: Any, engine: ScriptedEngine) -> None:
    engine.script = says("one PUNCH two three four five STAB six seven DAMN eight nine ten eleven twelve")
    for streaming in ("buffered", "asynchronous"):
        policy = FilterPolicy(
            prompt=ANNOTATED.prompt, output=ANNOTATED.output, window=ANNOTATED.window, streaming=streaming
        )
        served = await housed(policy)
        answer = await served.post("/v1/responses", {"model": "chat", "input": "Hello", "stream": True})
        last = (await answer.text()).strip().split("data: ")[-1]
        assert '"response.completed"' in last
        results = by_source(json.loads(last)["response"])["completion"]["content_filter_results"]
        assert results["violence"] == {"filtered": False, "severity": "medium"}
        assert results["profanity"] == {"filtered": False, "detected": True}


async def test_an_answer_that_is_filtered_names_its_category(housed: Any, engine: ScriptedEngine) -> None:
    engine.script = says(MILD)
    served = await housed(FilterPolicy())
    answer = await (await served.post("/v1/responses", {"model": "chat", "input": "Hello"})).json()
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    found = by_source(answer)["completion"]
    assert found["blocked"]
    assert found["content_filter_results"]["violence"]["filtered"]


async def test_without_a_filter_nothing_is_told(serve: Serve, sqlite_db: sa.Engine, tmp_path: Path) -> None:
    settings = {"home": str(tmp_path), "database_url": sqlite_db.url.render_as_string()}
    served = await serve(rooms=production_rooms(Settings(**settings)), **settings)
    answer = await (await served.post("/v1/responses", {"model": "chat", "input": "Hello"})).json()
    assert "content_filters" not in answer


async def test_an_answer_of_chat_keeps_it(housed: Any, engine: ScriptedEngine, db: sa.Engine) -> None:
    engine.script = says(MILD)
    served = await housed(FilterPolicy(window=15), db)
    chat = await (await served.post("/v1/chats", {})).json()
    await served.post(f"/v1/chats/{chat['id']}/messages", {"content": "Hello"})
    begun = await (await served.post(f"/v1/chats/{chat['id']}/answers", {"deployment": "chat"})).json()
    assert begun["content_filters"] is None
    async with asyncio.timeout(20):
        while (message := await _message(served, chat["id"], begun["id"]))["status"] == "in_progress":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert message["status"] == "incomplete"
    assert by_source(message)["completion"]["blocked"]
    assert "PUNCH" not in message["content"]


async def _message(served: Any, chat: str, message: str) -> dict[str, Any]:
    thread = await (await served.get(f"/v1/chats/{chat}")).json()
    return next(one for one in thread["messages"] if one["id"] == message)
