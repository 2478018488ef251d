"""A form means to the gateway, which judges, counts and prices it, what it means to an engine; else it is refused."""

import aiohttp
import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import Served, openai_error
from scripted_pictures import form_of, picture

EDITS = "/v1/images/edits"


async def sent(served: Served, *parts: tuple[str, str | bytes, str]) -> aiohttp.ClientResponse:
    """An edit's answer; parts are (name, value, file name or "")."""
    form = aiohttp.MultipartWriter("form-data")
    given: tuple[tuple[str, str | bytes, str], ...] = (("model", "pix", ""), ("image", picture(), "a.png"), *parts)
    for name, value, filename in given:
        part = form.append(value if isinstance(value, bytes) else value.encode())
        if filename:
            part.set_content_disposition("form-data", name=name, filename=filename)
        else:
            part.set_content_disposition("form-data", name=name)
    answer: aiohttp.ClientResponse = await served.client.post(served.url + EDITS, data=form, headers=served.headers)
    return answer


@pytest.mark.parametrize(
    ("name", "value"),
    [("prompt", "a cat"), ("n", "10"), ("size", "2048x2048"), ("quality", "high"), ("stream", "true")],
)
async def test_a_text_that_came_as_a_file_is_refused(
    pictures: Served, engine: ScriptedEngine, name: str, value: str
) -> None:
    others = [("prompt", "a dog", "")] if name != "prompt" else []
    error = await openai_error(await sent(pictures, (name, value, f"{name}.txt"), *others))
    assert (error["code"], error["param"]) == ("invalid_type", name)
    assert "without a file name" in error["message"]
    assert not engine.seen


async def test_a_field_that_is_there_twice_is_refused(pictures: Served, engine: ScriptedEngine) -> None:
    error = await openai_error(await sent(pictures, ("prompt", "a dog", ""), ("prompt", "a cat", "")))
    assert (error["code"], error["param"]) == ("invalid_form", "prompt")
    assert not engine.seen


@pytest.mark.parametrize("value", [b"\xff\xfe\xfd", b"a" * 300_000], ids=["no UTF-8", "too long"])
async def test_a_text_that_the_gateway_cannot_judge_is_refused(
    pictures: Served, engine: ScriptedEngine, value: bytes
) -> None:
    error = await openai_error(await sent(pictures, ("prompt", value, "")))
    assert (error["code"], error["param"]) == ("invalid_value", "prompt")
    assert not engine.seen


@pytest.mark.parametrize("n", ["1e1", "4.0", "+4", "many"])
async def test_a_number_is_written_in_digits(pictures: Served, engine: ScriptedEngine, n: str) -> None:
    error = await openai_error(await sent(pictures, ("prompt", "a dog", ""), ("n", n, "")))
    assert (error["code"], error["param"]) == ("invalid_type", "n")
    assert not engine.seen


async def test_blank_fields_and_every_picture_that_the_sdk_sends_are_let_through(
    pictures: Served, engine: ScriptedEngine
) -> None:
    more = [("image[]", picture(1), "b.png"), ("image[]", picture(2), "c.png")]
    more += [("mask", picture(3), "m.png"), ("markup", picture(4), "upload")]
    answer = await sent(pictures, ("prompt", "a dog", ""), ("n", "", ""), *more)
    assert answer.status == 200, await answer.text()
    (exchange,) = engine.seen
    assert {name: len(values) for name, values in form_of(exchange).items() if "ma" in name} == {
        "image": 1, "image[]": 2, "mask": 1, "markup": 1,
    }  # fmt: skip
