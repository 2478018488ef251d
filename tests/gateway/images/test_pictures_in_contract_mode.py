"""Contract mode takes the suite's requests for pictures: unknown models, and words where a picture should be."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import SECRET, Served, openai_error
from scripted_pictures import asked_of, form_of, makes_pictures, picture

ServePictures = Callable[..., Awaitable[Served]]
PNG = b"\x89PNG"


async def judges_pictures(exchange: Exchange) -> None:
    """As our own engine: what is no picture is refused by its field, and so are partial pictures without a stream."""
    wrong = ""
    if "form" in exchange.headers["content-type"]:
        form = form_of(exchange)
        wrong = next((name for name in ("image", "mask") if not form.get(name, [PNG])[0].startswith(PNG)), "")
    code = "invalid_image_file"
    asked = asked_of(exchange)
    if not wrong and "partial_images" in asked and str(asked.get("stream")).lower() != "true":
        wrong, code = "partial_images", "invalid_value"
    if wrong:
        error = {"message": f"{wrong} is wrong", "param": wrong, "code": code, "type": "invalid_request_error"}
        await exchange.whole(400, {"error": error})
        return
    await makes_pictures(exchange)


@pytest.fixture
async def in_contract(serve_pictures: ServePictures, engine: ScriptedEngine, home: Path) -> Served:
    (home / "admin.key").write_text(SECRET)
    served = await serve_pictures(contract=True)
    engine.script = judges_pictures
    return served


async def test_the_suites_words_become_pictures_and_its_models_ours(in_contract: Served) -> None:
    client = AsyncOpenAI(base_url=in_contract.url + "/v1", api_key="My API Key", max_retries=0)
    raw = await client.images.with_raw_response.edit(
        image=b"Example data", mask=b"Example data", prompt="x", model="gpt-image-9", partial_images=1, n=2
    )
    assert len(raw.parse().data or ()) == 2
    assert (
        raw.headers["x-pleiade-contract"] == "with quality, with size, model pix, with pictures, without partial_images"
    )
    form = form_of(in_contract.engine.seen[-1])
    assert form["image"][0].startswith(PNG)
    assert form["model"] == [b"pix"]
    assert form["quality"] == [b"low"]
    stream = await client.images.generate(prompt="x", model="gpt-image-9", stream=True, partial_images=1)
    assert [event.type async for event in stream][-1] == "image_generation.completed"
    await client.close()


async def test_production_code_still_judges(in_contract: Served) -> None:
    path = in_contract.url + "/v1/images/edits"
    bad: Any = b"--x\r\n"
    headers = in_contract.headers | {"content-type": "multipart/form-data; boundary=x"}
    answer = await in_contract.client.post(path, data=bad, headers=headers)
    assert answer.status == 400
    assert "form" in (await openai_error(answer))["message"]
    assert (await in_contract.post("/v1/images/generations", {"prompt": "x", "response_format": "poem"})).status == 400


async def test_a_picture_that_is_one_stays_as_it_is(in_contract: Served) -> None:
    client = AsyncOpenAI(base_url=in_contract.url + "/v1", api_key=SECRET, max_retries=0)
    await client.images.edit(image=picture(9), prompt="x", model="pix", quality="high")
    assert form_of(in_contract.engine.seen[-1])["image"] == [picture(9)]
    await client.close()
