"""Pictures and calls in chats: asked for in words, made as answers, and told as what they are."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_engine import Exchange, well_behaved
from scripted_gateway import endpoint
from scripted_pictures import form_of, image_endpoint, makes_pictures

PICTURE = {"type": "image_generation", "size": "64x64"}


async def draws_and_talks(exchange: Exchange) -> None:
    """One engine for both kinds of deployment."""
    await (makes_pictures if "/images/" in exchange.path else well_behaved)(exchange)


async def calls_a_function(exchange: Exchange) -> None:
    """An engine whose model calls a function until it hears something of it."""
    if any(message["role"] == "tool" for message in exchange.body["messages"]):
        await well_behaved(exchange)
        return
    function = {"name": "weather", "arguments": '{"place":"Bern"}'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    await exchange.begin()
    for choice in ({"delta": {"tool_calls": [call]}}, {"delta": {}, "finish_reason": "tool_calls"}):
        told = {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}
        await exchange.part(f"data: {json.dumps(told)}\n\n".encode())
    await exchange.part(b"data: [DONE]\n\n")
    await exchange.end()


@pytest.fixture
async def artist(db: sa.Engine, start_on: Any, engine: Any) -> Any:
    """A caller, on SQLite and on PostgreSQL, where one deployment draws."""
    engine.script = draws_and_talks
    url = db.url.render_as_string(hide_password=False)
    return await start_on(url, endpoints=[endpoint(engine), image_endpoint(engine)])


async def test_a_picture_is_an_answer_like_any_other(artist: Any) -> None:
    chat = (await artist.post("/chats"))["id"]
    answer = await artist.answered(chat, "/image a red fox", tools=[PICTURE])
    assert (answer["status"], answer["content"], answer["deployment"]) == ("completed", "", "pix")
    (call,) = answer["calls"]
    assert (call["type"], call["prompt"], call["seed"]) == ("image_generation_call", "a red fox", 7)
    assert "result" not in call
    kept = await artist.get(f"/gallery/{call['picture']}")
    assert (kept["prompt"], kept["deployment"]) == ("a red fox", "pix")
    assert (await artist.get(f"/chats/{chat}"))["title"] == "a red fox"
    request = await artist.get(f"/chats/{chat}/messages/{answer['id']}/request")
    assert request["tools"][0] == {**PICTURE, "partial_images": 3, "action": "generate"}
    again = await artist.post("/responses", request | {"background": False, "stream": False})
    assert again["output"][0]["result"], "what View code shows makes a picture"


async def test_words_after_a_picture_change_it_and_talk_about_it(artist: Any) -> None:
    chat = (await artist.post("/chats"))["id"]
    first = await artist.answered(chat, "/dessin un renard roux")
    changed = await artist.answered(chat, "/change in snow")
    sent = form_of(artist.served.engine.seen[-1])
    assert sent["prompt"] == [b"in snow"]
    assert sent["image"][0][:4] == b"\x89PNG"
    kept = await artist.get(f"/gallery/{changed['calls'][0]['picture']}")
    assert kept["parent"] == first["calls"][0]["picture"]
    await artist.answered(chat, "What is it?")
    told = [message["content"] for message in artist.sent["messages"]]
    assert "un renard roux" in told[1]
    assert told[-1] == "What is it?"


async def test_what_cannot_be_drawn_says_what_can(artist: Any, start_on: Any, db: sa.Engine, engine: Any) -> None:
    chat = (await artist.post("/chats"))["id"]
    await artist.question(chat, "/change make it blue")
    refused = await artist.post(f"/chats/{chat}/answers", status=400)
    assert refused["error"]["code"] == "no_picture_to_edit"
    await artist.question(chat, "/image", parent=None)
    assert "/image a red fox" in (await artist.post(f"/chats/{chat}/answers", status=400))["error"]["message"]
    wordy = await start_on(db.url.render_as_string(hide_password=False), endpoints=[endpoint(engine)])
    chat = (await wordy.post("/chats"))["id"]
    await wordy.question(chat, "/image a fox")
    refused = await wordy.post(f"/chats/{chat}/answers", status=400)
    assert refused["error"]["code"] == "no_painter"
    assert len((await wordy.get(f"/chats/{chat}"))["messages"]) == 1


async def test_a_temporary_chat_leaves_no_picture_behind(artist: Any) -> None:
    chat = (await artist.post("/chats", {"temporary": True}))["id"]
    answer = await artist.answered(chat, "/image a secret")
    assert answer["status"] == "completed"
    assert "picture" not in answer["calls"][0]
    assert (await artist.get("/gallery"))["data"] == []


async def test_a_full_project_is_told_beside_the_picture(
    artist: Any, start_on: Any, db: sa.Engine, engine: Any
) -> None:
    full = await start_on(
        db.url.render_as_string(hide_password=False), endpoints=[image_endpoint(engine)], project_files_mb=1
    )
    await full.attach("notes.txt", b"words " * 174_750)  # which leaves less than a picture needs
    chat = (await full.post("/chats"))["id"]
    answer = await full.answered(chat, "/image a fox")
    assert answer["status"] == "completed"
    assert answer["calls"][0]["store_error"]["code"] == "space_exhausted"


async def test_a_function_that_nobody_runs_is_told_and_stops_nothing(artist: Any, engine: Any) -> None:
    engine.script = calls_a_function
    chat = (await artist.post("/chats"))["id"]
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
    answer = await artist.answered(chat, "What is the weather?", tools=[tool])
    (call,) = answer["calls"]
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "weather", '{"place":"Bern"}')
    after = await artist.answered(chat, "Never mind.")
    assert after["content"] == "Hello there."
    assert [message["role"] for message in artist.sent["messages"]] == ["user", "assistant", "tool", "user"]
