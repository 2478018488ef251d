"""Responses that are pictures: the tool `image_generation`, as OpenAI's client uses it."""

import base64
import json
from typing import Any

import pytest
import sqlalchemy as sa
from openai import AsyncOpenAI
from openai.types.responses import Response
from scripted_engine import well_behaved
from scripted_gateway import endpoint
from scripted_pictures import asked_of, form_of, image_endpoint, makes_pictures, picture

from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings
from pleiade.store.objects import response_events, responses

DRAW: dict[str, Any] = {
    "model": "chat",
    "input": "a red fox",
    "tools": [{"type": "image_generation", "size": "64x64", "partial_images": 2}],
    "tool_choice": {"type": "image_generation"},
}


@pytest.fixture
async def served(serve: Any, engine: Any, tmp_path: Any) -> Any:
    engine.script = makes_pictures
    settings = {"home": str(tmp_path), "drain_s": 0.2}
    endpoints = [endpoint(engine), image_endpoint(engine)]
    return await serve(rooms=production_rooms(Settings(**settings)), endpoints=endpoints, **settings)


def client_of(served: Any) -> AsyncOpenAI:
    key = served.headers["authorization"].removeprefix("Bearer ")
    return AsyncOpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0)


async def test_a_picture_is_made_kept_and_told_again(served: Any, tmp_path: Any) -> None:
    made = await client_of(served).responses.create(**DRAW)
    call = made.output[0]
    assert call.type == "image_generation_call"
    assert call.status == "completed"
    gallery = await (await served.get("/v1/gallery")).json()
    assert [one["id"] for one in gallery["data"]] == [call.model_extra["picture"]]
    assert gallery["data"][0]["prompt"] == "a red fox"
    assert asked_of(served.engine.seen[-1])["model"] in ("pix", "pix-1")
    again = await client_of(served).responses.retrieve(made.id)
    assert again.output[0].result == call.result
    assert base64.b64decode(call.result or "")[:4] == b"\x89PNG"
    database = sa.create_engine(f"sqlite:///{tmp_path / 'pleiade.db'}")
    with database.connect() as connection:
        body = connection.scalar(sa.select(responses.c.body).where(responses.c.id == made.id))
        events = connection.scalar(sa.select(sa.func.count()).select_from(response_events))
    database.dispose()
    assert call.result not in body
    assert events == 1, "bytes are in the gallery, once"


async def test_a_stream_shows_the_picture_as_it_forms_and_can_be_followed_again(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleiade.gateway.responses.background.LINGER_S", 0.0)  # as after half a minute
    kinds, partials, done = [], [], None
    async for event in await client_of(served).responses.create(**DRAW, stream=True, background=True):
        kinds.append(event.type)
        if event.type == "response.image_generation_call.partial_image":
            partials.append(base64.b64decode(event.partial_image_b64))
        if event.type == "response.completed":
            done = event.response
    assert partials == [picture(0), picture(1)]
    assert done is not None
    told = "response.image_generation_call."
    assert kinds == [
        *("response.created", "response.queued", "response.in_progress", "response.output_item.added"),
        *(f"{told}in_progress", f"{told}generating", f"{told}partial_image", f"{told}partial_image"),
        *(f"{told}completed", "response.output_item.done", "response.completed"),
    ]
    later = await (await served.get(f"/v1/responses/{done.id}?stream=true")).text()
    again = [json.loads(block.split("data: ")[1]) for block in later.split("\n\n")[:-1]]
    assert [event["type"] for event in again] == kinds
    assert again[-1]["response"]["output"][0]["result"] is None, "its bytes are in the gallery"
    assert again[-1]["response"]["output"][0]["picture"]


async def test_words_that_follow_change_the_picture(served: Any) -> None:
    client = client_of(served)
    first = await client.responses.create(**DRAW)
    tool = {"type": "image_generation", "action": "edit"}
    changed = await client.responses.create(
        **(DRAW | {"input": "now in snow", "tools": [tool]}), previous_response_id=first.id
    )
    sent = form_of(served.engine.seen[-1])
    assert sent["prompt"] == [b"now in snow"]
    assert sent["image"][0][:4] == b"\x89PNG"
    kept = await (await served.get(f"/v1/gallery/{changed.output[0].model_extra['picture']}")).json()
    assert (kept["kind"], kept["parent"]) == ("edit", first.output[0].model_extra["picture"])
    by_id = [{"type": "image_generation_call", "id": first.output[0].id}, {"role": "user", "content": "at night"}]
    await client.responses.create(**(DRAW | {"input": by_id}))
    assert form_of(served.engine.seen[-1])["prompt"] == [b"at night"]


async def test_a_model_of_words_is_told_what_was_drawn(served: Any, engine: Any) -> None:
    first = await client_of(served).responses.create(**DRAW)
    engine.script = well_behaved
    await client_of(served).responses.create(model="chat", input="What was that?", previous_response_id=first.id)
    assert "a red fox" in str(engine.seen[-1].body["messages"])


async def test_what_cannot_be_done_says_what_can(served: Any, serve: Any, engine: Any, tmp_path: Any) -> None:
    async def refused(server: Any, **changes: Any) -> tuple[int, str, str]:
        answer = await server.post("/v1/responses", DRAW | changes)
        error = (await answer.json())["error"]
        return answer.status, error["code"], error["message"]

    assert (await refused(served, tool_choice="auto"))[:2] == (400, "unsupported_value")
    assert (await refused(served, input=""))[0] == 400
    edit = [{"type": "image_generation", "action": "edit"}]
    assert (await refused(served, tools=edit))[:2] == (400, "no_picture_to_edit")
    lonely = await serve(
        rooms=production_rooms(Settings(home=str(tmp_path))), endpoints=[endpoint(engine)], home=str(tmp_path)
    )
    status, code, message = await refused(lonely)
    assert (status, code) == (400, "no_painter")
    assert "pleiade deploy" in message


async def test_responses_stay_valid_for_openais_types(served: Any) -> None:
    made = await (await served.post("/v1/responses", DRAW)).json()
    assert Response.model_validate(made).output[0].type == "image_generation_call"
