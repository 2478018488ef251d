"""Pictures by URL: opened by whoever has it, for a while; what cannot be kept is given in the answer."""

import asyncio
import base64
import stat
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import Served, openai_error
from scripted_pictures import GENERATE, asked_of, b64, image_endpoint, picture

from pleiade.gateway.images.links import Links, secret_of
from pleiade.provenance import verify
from pleiade.store.object_storage import Objects

ServePictures = Callable[..., Awaitable[Served]]
PATH = "/v1/images/generations"


async def url_of(served: Served, **fields: Any) -> str:
    answer = await served.post(PATH, GENERATE | {"response_format": "url"} | fields)
    (made,) = (await answer.json())["data"]
    assert "b64_json" not in made
    assert made["revised_prompt"]
    return str(made["url"])


async def opened(served: Served, url: str) -> tuple[int, bytes, str]:
    async with served.client.get(url) as answer:  # without a key
        if answer.status == 200:  # browsers run an SVG as a page
            assert "sandbox" in answer.headers["content-security-policy"]
        return answer.status, await answer.read(), answer.content_type


async def test_a_url_opens_the_signed_picture_without_a_key(pictures: Served) -> None:
    url = await url_of(pictures)
    assert url.startswith(pictures.url + "/v1/images/files/")
    status, data, kind = await opened(pictures, url)
    assert (status, kind) == (200, "image/png")
    assert verify(data).good
    assert asked_of(pictures.engine.seen[-1])["response_format"] == "b64_json"


async def test_another_gateway_of_the_home_opens_it_too(pictures: Served, serve_pictures: ServePictures) -> None:
    other = await serve_pictures()
    status, _, _ = await opened(pictures, (await url_of(other)).replace(other.url, pictures.url))
    assert status == 200


async def test_a_changed_url_opens_nothing(pictures: Served) -> None:
    url = await url_of(pictures)
    later = url.replace("expires=", "expires=9")
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    for wrong in (later, forged, url.partition("?")[0], url.replace("files/1", "files/2"), url.replace("=", "=%C3%A9")):
        assert (await opened(pictures, wrong))[0] == 404


async def test_an_expired_url_says_so_and_a_swept_picture_is_gone(pictures: Served, home: Path) -> None:
    objects, past = Objects(str(home / "pictures")), int(time.time()) - 1
    name = objects.put(picture(), "png", past)
    async with pictures.client.get(Links(home).url(pictures.url, name, past)) as answer:
        assert answer.status == 403
        assert (await openai_error(answer))["code"] == "url_expired"
    assert objects.sweep(time.time()) == 1
    assert (await opened(pictures, Links(home).url(pictures.url, name, past + 600)))[0] == 404


async def test_the_secret_is_the_homes_and_its_owners_alone(tmp_path: Path) -> None:
    found = await asyncio.gather(*(asyncio.to_thread(secret_of, tmp_path / "home") for _ in range(8)))
    assert len(set(found)) == 1
    (path,) = (tmp_path / "home").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_cannot_be_kept_is_given_in_the_answer(serve_pictures: ServePictures, home: Path) -> None:
    (home / "full").write_text("a file stands where the folder should be")
    served = await serve_pictures(pictures_url=str(home / "full"))
    answer = await served.post(PATH, GENERATE | {"response_format": "url"})
    assert answer.status == 200
    assert answer.headers["x-pleiade-pictures"] == "inline"
    (made,) = (await answer.json())["data"]
    assert "url" not in made
    assert verify(base64.b64decode(made["b64_json"])).good


async def test_what_cannot_be_signed_goes_out_and_says_so(pictures: Served, engine: ScriptedEngine) -> None:
    async def odd(exchange: Exchange) -> None:
        await exchange.whole(200, {"created": 1, "data": [{"b64_json": b64(b"GIF89a")}, {"url": "http://x/y.png"}]})

    engine.script = odd
    answer = await pictures.post(PATH, GENERATE)
    assert answer.headers["x-pleiade-provenance"] == "none"
    assert (await answer.json())["data"] == [{"b64_json": b64(b"GIF89a")}, {"url": "http://x/y.png"}]


async def test_without_provenance_the_engines_bytes_go_out_as_they_came(serve_pictures: ServePictures) -> None:
    served = await serve_pictures(provenance=False)
    for extra in ({}, {"stream": True}):
        assert b64(picture()) in await (await served.post(PATH, GENERATE | extra)).text()
    assert (await opened(served, await url_of(served)))[1] == picture()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"model": "pix"}, "b64_json"),
        ({"model": "dall-e-2"}, "url"),
        ({}, "url"),
        ({"response_format": "b64_json"}, "b64_json"),
        ({"model": "dall-e-2", "response_format": None}, "url"),
    ],
)
async def test_who_says_nothing_gets_what_the_named_model_gave(
    pictures: Served, fields: dict[str, Any], found: str
) -> None:
    answer = await pictures.post(PATH, {"prompt": "x", **fields})
    assert found in (await answer.json())["data"][0]


async def test_requests_that_say_nonsense_are_refused_by_their_field(
    serve_pictures: ServePictures, engine: ScriptedEngine
) -> None:
    two = [image_endpoint(engine), image_endpoint(engine, deployment="pix-2", aliases=())]
    served = await serve_pictures(endpoints=two, max_body_mb=1)
    for fields, param in (
        ({"response_format": "poem"}, "response_format"),
        ({"prompt": 5}, "prompt"),
        ({"stream": "yes"}, "stream"),
        ({"model": None}, "model"),
    ):
        answer = await served.post(PATH, GENERATE | fields)
        assert (answer.status, (await openai_error(answer))["param"]) == (400, param)
    answer = await served.client.post(served.url + "/v1/images/edits", data=b"hello", headers=served.headers)
    assert answer.status == 400
    form = aiohttp.FormData({"model": "pix"})
    form.add_field("image", b"x" * (1 << 20), filename="a.png")
    answer = await served.client.post(served.url + "/v1/images/edits", data=form, headers=served.headers)
    assert (answer.status, (await openai_error(answer))["code"]) == (413, "request_too_large")
    assert not engine.seen
    chat = {"model": "pix", "messages": [{"role": "user", "content": "hi"}]}
    answer = await served.post("/v1/chat/completions", chat)
    assert "POST /images/generations" in (await openai_error(answer))["message"]
