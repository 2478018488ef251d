"""The official clients of both storefronts make, change and vary pictures through a real gateway."""

import base64
from collections.abc import AsyncIterator

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from scripted_gateway import SECRET, Served
from scripted_pictures import form_of, picture

from pleiade.provenance import verify

Client = AsyncOpenAI | AsyncAzureOpenAI


@pytest.fixture(params=["openai", "azure", "azure-v1"])
async def client(request: pytest.FixtureRequest, pictures: Served) -> AsyncIterator[Client]:
    """A client of each surface."""
    if request.param == "azure":
        made: Client = AsyncAzureOpenAI(
            azure_endpoint=pictures.url, api_version="2025-04-01-preview", api_key=SECRET, max_retries=0
        )
    else:
        base = pictures.url + ("/v1" if request.param == "openai" else "/openai/v1")
        made = AsyncOpenAI(base_url=base, api_key=SECRET, max_retries=0, _strict_response_validation=True)
    async with made as opened:
        yield opened


async def test_a_text_becomes_pictures_that_say_where_they_come_from(client: Client) -> None:
    answer = await client.images.generate(model="pix", prompt="a red circle", n=2, size="64x64")
    assert answer.data is not None
    assert len(answer.data) == 2
    assert answer.usage is not None
    for index, made in enumerate(answer.data):
        report = verify(base64.b64decode(made.b64_json or ""))
        assert report.good
        assert report.claim is not None
        assert (report.claim.model, report.claim.prompt, report.claim.seed) == ("pix-1", "a red circle", 7 + index)
        assert not report.claim.edited


async def test_an_edit_reaches_the_engine_with_every_file_as_it_was(client: Client, pictures: Served) -> None:
    first, second, mask = picture(1), picture(2, size=32), picture(3)
    answer = await client.images.edit(
        model="pix", prompt="été", image=[("a.png", first), ("b.png", second)], mask=("m.png", mask), n=1
    )
    assert answer.data is not None
    assert verify(base64.b64decode(answer.data[0].b64_json or "")).claim.edited  # type: ignore[union-attr]
    form = form_of(pictures.engine.seen[-1])
    assert form["image[]"] == [first, second]
    assert form["mask"] == [mask]
    assert form["prompt"] == ["été".encode()]


async def test_a_variation_needs_no_model_where_there_is_one_alone(client: Client, pictures: Served) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"):
        answer = await client.images.create_variation(image=picture(5), response_format="b64_json")
    assert answer.data is not None
    assert answer.data[0].b64_json
    form = form_of(pictures.engine.seen[-1])
    assert form["model"] == [b"pix"]
    assert form["image"] == [picture(5)]


async def test_a_stream_tells_partial_pictures_and_then_the_signed_one(client: Client) -> None:
    stream = await client.images.generate(model="pix", prompt="a red circle", stream=True, partial_images=2)
    events = [event async for event in stream]
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events if event.type.endswith("partial_image")] == [0, 1]
    report = verify(base64.b64decode(events[-1].b64_json))
    assert report.good
    assert report.claim is not None
    assert report.claim.seed == 7


async def test_an_edit_streams_too(client: Client) -> None:
    stream = await client.images.edit(model="pix", prompt="x", image=picture(), stream=True)
    assert [event.type async for event in stream][-1] == "image_edit.completed"


async def test_variations_stream_too(client: Client) -> None:
    asked = client.images.with_streaming_response.create_variation(
        model="pix", image=picture(), extra_body={"stream": True}
    )
    async with asked as answer:
        kinds = [line async for line in answer.iter_lines() if line.startswith("event: ")]
    assert kinds[-1].endswith(".completed")


async def test_an_alias_is_a_model_and_another_name_is_none(client: Client) -> None:
    assert (await client.images.generate(model="dall-e-2", prompt="x", response_format="b64_json")).data
    with pytest.raises(openai.NotFoundError):
        await client.images.generate(model="dall-e-9", prompt="x")
