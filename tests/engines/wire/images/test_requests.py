import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openai import OpenAI
from picture_files import mask_file, saved, scene

from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.images.requests import (
    PictureFields,
    parse_edit,
    parse_generate,
    parse_outpaint,
    parse_variation,
)

STYLES = ("outline", "solid")
PICTURE = saved(scene(16, 16))


def form(fields: dict[str, Any], files: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """A body and its type, as httpx writes them."""
    parts = [(name, (f"{name}.png", data, "image/png")) for name, data in files]
    request = httpx.Request("POST", "http://server/", data=fields, files=parts)
    return request.read(), request.headers["content-type"]


def generation(**fields: Any) -> Any:
    return parse_generate(json.dumps({"prompt": "a cat", **fields}).encode(), styles=STYLES)


def edit(**fields: Any) -> Any:
    return parse_edit(*form({"prompt": "a cat", **fields}, [("image", PICTURE)]), styles=STYLES)


def variation(**fields: Any) -> Any:
    return parse_variation(*form(fields, [("image", PICTURE)]), styles=STYLES)


def outpaint(**fields: Any) -> Any:
    return parse_outpaint(*form({"prompt": "a cat", "left": 16, **fields}, [("image", PICTURE)]), styles=STYLES)


ROUTES: list[Callable[..., PictureFields]] = [generation, edit, variation, outpaint]


def refused(ask: Callable[..., Any], **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask(**fields)
    body = json.loads(caught.value.body())["error"]
    assert set(body) == {"message", "type", "param", "code"}
    assert body["type"] == "invalid_request_error"
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize("ask", ROUTES)
def test_what_is_left_out_has_openais_defaults(ask: Callable[..., PictureFields]) -> None:
    request = ask()
    assert (request.n, request.quality, request.style, request.background) == (1, "medium", "", "auto")
    assert (request.output_format, request.compression, request.response_format) == ("png", 100, "b64_json")
    assert (request.stream, request.partial_images, request.seed, request.size) == (False, 0, None, None)


@pytest.mark.parametrize("ask", ROUTES)
def test_everything_that_may_be_said_is_understood_in_json_and_in_text(ask: Callable[..., PictureFields]) -> None:
    size = {} if ask is outpaint else {"size": "1536x864"}
    request = ask(
        model="pix", n=3, quality="hd", style="solid", background="transparent", output_format="webp",
        output_compression=40, response_format="url", stream=True, partial_images=2, seed=7,
        negative_prompt="blurry", user="someone", **size,
    )  # fmt: skip
    assert (request.model, request.n, request.quality, request.style) == ("pix", 3, "high", "solid")
    assert (request.background, request.output_format, request.compression) == ("transparent", "webp", 40)
    assert (request.response_format, request.stream, request.partial_images) == ("url", True, 2)
    assert (request.seed, request.negative_prompt, request.user) == (7, "blurry", "someone")
    assert request.size == (None if ask is outpaint else (1536, 864))


@pytest.mark.parametrize(
    "prompt", ["🎈", "👩🏽‍🚀🪐", "un café près de l'île", "قطة تجلس على القمر", "猫", "é" * 32_000]
)
@pytest.mark.parametrize("ask", [generation, edit, outpaint])
def test_a_prompt_in_any_script_is_kept_as_it_is(ask: Callable[..., Any], prompt: str) -> None:
    assert ask(prompt=prompt).prompt == prompt


@pytest.mark.parametrize("ask", [generation, edit, outpaint])
@pytest.mark.parametrize(
    ("prompt", "code", "words"),
    [
        ("", "empty_string", "minimum length 1"),
        (" \n\t", "empty_string", "minimum length 1"),
        ("a" * 32_001, "string_above_max_length", "maximum length 32000, but got a string with length 32001"),
        (None, "missing_required_parameter", "Missing required parameter: 'prompt'."),
    ],
)
def test_a_prompt_that_is_empty_or_too_long_is_refused(
    ask: Callable[..., Any], prompt: str | None, code: str, words: str
) -> None:
    if prompt is None and ask is not generation:
        body = form({"left": 1}, [("image", PICTURE)])
        error = refused(lambda: (parse_edit if ask is edit else parse_outpaint)(*body))
    else:
        error = refused(ask, prompt=prompt)
    assert (error.param, error.code) == ("prompt", code)
    assert words in error.message


@pytest.mark.parametrize("ask", ROUTES)
@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 11}, "n", "integer_above_max_value"),
        ({"n": "many"}, "n", "invalid_type"),
        ({"quality": "ultra"}, "quality", "invalid_value"),
        ({"style": "baroque"}, "style", "invalid_value"),
        ({"background": "green"}, "background", "invalid_value"),
        ({"background": "transparent", "output_format": "jpeg"}, "background", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "invalid_value"),
        ({"output_format": "webp", "output_compression": -1}, "output_compression", "integer_below_min_value"),
        ({"output_format": "jpeg", "output_compression": 101}, "output_compression", "integer_above_max_value"),
        ({"output_format": "png", "output_compression": 50}, "output_compression", "invalid_value"),
        ({"response_format": "file"}, "response_format", "invalid_value"),
        ({"stream": True, "partial_images": 4}, "partial_images", "integer_above_max_value"),
        ({"stream": True, "partial_images": -1}, "partial_images", "integer_below_min_value"),
        ({"partial_images": 1}, "partial_images", "invalid_value"),
        ({"stream": True, "output_format": "svg"}, "stream", "invalid_value"),
        ({"stream": "perhaps"}, "stream", "invalid_type"),
        ({"seed": -1}, "seed", "integer_below_min_value"),
        ({"seed": 2**32}, "seed", "integer_above_max_value"),
        ({"negative_prompt": "a" * 32_001}, "negative_prompt", "string_above_max_length"),
        ({"moderation": "none"}, "moderation", "invalid_value"),
        ({"input_fidelity": "exact"}, "input_fidelity", "invalid_value"),
    ],
)
def test_every_field_out_of_its_range_is_refused_by_name(
    ask: Callable[..., Any], fields: dict[str, Any], param: str, code: str
) -> None:
    error = refused(ask, **fields)
    assert (error.param, error.code) == (param, code)


@pytest.mark.parametrize("field", ["quality", "style", "background", "output_format"])
def test_an_unknown_word_is_answered_with_those_that_are_known(field: str) -> None:
    known = {"quality": "high", "style": "outline", "background": "opaque", "output_format": "svg"}[field]
    assert f"'{known}'" in refused(generation, **{field: "unknown"}).message


@pytest.mark.parametrize("size", ["256x256", "1024x1024", "1792x1024", "1024x1792", "1536x864", "16x48", "2048x688"])
def test_openais_sizes_and_any_others_of_16_pixels_are_taken(size: str) -> None:
    assert generation(size=size).size == tuple(int(side) for side in size.split("x"))


@pytest.mark.parametrize(
    "size",
    ["1023x7", "0x0", "20000x20000", "100x100", "2064x2064", "64x208", "8x8", "256", "256x", "256X256", "-16x16",
     "16x16x16", " 256x256", "0256x256", "000256x000256", "٢٥٦x٢٥٦", ""],
)  # fmt: skip
def test_any_other_size_is_answered_with_the_rule(size: str) -> None:
    error = refused(generation, size=size)
    assert (error.param, error.code) == ("size", "invalid_value")
    assert "divisible by 16, from 16 to 2048" in error.message
    assert "1:3 and 3:1" in error.message


@pytest.mark.parametrize(
    ("given", "meant"), [("auto", "medium"), ("standard", "medium"), ("hd", "high"), ("low", "low")]
)
def test_qualities_of_all_models_are_understood(given: str, meant: str) -> None:
    assert generation(quality=given).quality == meant


@pytest.mark.parametrize("style", ["vivid", "natural", None])
def test_dalle_3s_styles_leave_the_style_open(style: str | None) -> None:
    assert generation(style=style).style == ""


def test_fields_that_are_null_or_unknown_change_nothing() -> None:
    nothing = dict.fromkeys(("n", "size", "quality", "stream", "seed", "output_compression", "user"))
    assert generation(**nothing, complexity="low", frame_count=2, svg={"model": "x"}) == generation()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"a cat"', b'{"prompt": "\xff"}', b'{"prompt": 5}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    assert refused(lambda: parse_generate(body)).status == 400


# Pictures


def test_several_pictures_come_under_any_of_their_names_and_in_their_order() -> None:
    for names in (["image[]"] * 3, ["image"] * 3, ["image[0]", "image[1]", "image[2]"], ["images[]"] * 3):
        files = [(name, bytes([number])) for number, name in enumerate(names, 1)]
        request = parse_edit(*form({"prompt": "a cat"}, [*files, ("mask", b"M")]))
        assert request.images == (b"\1", b"\2", b"\3")
        assert request.mask == b"M"


def test_pictures_in_json_are_base64_or_data_urls() -> None:
    coded = base64.b64encode(PICTURE).decode()
    for given in (coded, f"data:image/png;base64,{coded}", {"image_url": f"data:image/png;base64,{coded}"}):
        for fields in ({"image": given}, {"image": [given]}, {"images": [given]}):
            body = json.dumps({"prompt": "a cat", "mask": given, **fields}).encode()
            request = parse_edit(body)
            assert request.images == (PICTURE,)
            assert request.mask == PICTURE


@pytest.mark.parametrize("given", ["https://elsewhere/cat.png", "not base64!", {"file_id": "file-1"}, "data:,cat"])
def test_nothing_is_fetched_and_nothing_guessed(given: object) -> None:
    error = refused(lambda: parse_variation(json.dumps({"image": given}).encode()))
    assert error.param == "image"


@pytest.mark.parametrize("parse", [parse_edit, parse_variation, parse_outpaint])
def test_a_picture_must_be_there_and_have_bytes(parse: Callable[..., Any]) -> None:
    fields = {"prompt": "a cat", "left": "16"}
    missing = refused(lambda: parse(*form(fields, [("other", PICTURE)])))
    assert (missing.param, missing.code) == ("image", "missing_required_parameter")
    empty = refused(lambda: parse(*form(fields, [("image", b"")])))
    assert (empty.param, empty.code) == ("image", "invalid_image_file")


def test_too_many_and_too_heavy_pictures_are_refused() -> None:
    many = refused(lambda: parse_edit(*form({"prompt": "a cat"}, [("image[]", b"x")] * 17)))
    assert (many.param, many.code) == ("image", "array_above_max_length")
    heavy = refused(lambda: parse_edit(*form({"prompt": "a cat"}, [("image[]", b"x"), ("image[]", bytes(51 << 20))])))
    assert (heavy.param, heavy.code) == ("image[1]", "image_file_too_large")
    two = refused(lambda: parse_variation(*form({}, [("image", b"x"), ("image", b"y")])))
    assert two.param == "image"


def test_blank_fields_of_a_web_form_are_left_out() -> None:
    request = parse_edit(*form({"prompt": "a cat", "n": "", "size": "", "seed": ""}, [("image", b"x"), ("mask", b"")]))
    assert (request.n, request.size, request.seed, request.mask) == (1, None, None, None)


# Outpainting


def test_an_enlargement_says_pixels_or_a_size_and_not_both() -> None:
    body = form({"prompt": "a cat", "left": 100, "top": "7", "feather": 12}, [("image", PICTURE)])
    request = parse_outpaint(*body)
    assert (request.left, request.right, request.top, request.bottom, request.feather) == (100, 0, 7, 0, 12)
    sized = parse_outpaint(*form({"prompt": "a cat", "size": "512x512"}, [("image", PICTURE)]))
    assert sized.size == (512, 512)
    for fields in ({}, {"size": "512x512", "left": 5}, {"left": 0}, {"size": "auto"}):
        error = refused(
            lambda fields=fields: parse_outpaint(*form({"prompt": "a cat", **fields}, [("image", PICTURE)]))
        )
        assert (error.param, error.code) == ("size", "invalid_value")


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom", "feather"])
def test_pixels_have_a_range(side: str) -> None:
    assert refused(outpaint, **{side: -1}).param == side
    assert refused(outpaint, **{side: 4097}).param == side


# OpenAI's own client writes the bodies


class Recorded(Exception):
    """Stops the client after its request."""


def sent_by_the_sdk(act: Callable[[OpenAI], object]) -> tuple[bytes, str]:
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418, json={"error": {"message": "enough"}})

    http = httpx.Client(transport=httpx.MockTransport(record))
    client = OpenAI(api_key="k", base_url="http://server/v1", http_client=http, max_retries=0)
    with client, pytest.raises(Exception, match="enough"):
        act(client)
    return seen[0].read(), seen[0].headers["content-type"]


def test_the_sdks_bodies_are_understood() -> None:
    mask = mask_file(scene(16, 16)[..., 0] > 99)
    made = parse_generate(
        *sent_by_the_sdk(
            lambda client: client.images.generate(
                prompt="a cat", n=2, size="512x512", quality="hd", style="vivid", background="opaque",
                extra_body={"seed": 5, "negative_prompt": "dogs"},
            )
        )
    )  # fmt: skip
    assert (made.prompt, made.n, made.size, made.seed, made.negative_prompt) == ("a cat", 2, (512, 512), 5, "dogs")
    one = parse_edit(
        *sent_by_the_sdk(lambda client: client.images.edit(image=PICTURE, mask=mask, prompt="a cat", stream=True))
    )
    assert (one.images, one.mask, one.stream) == ((PICTURE,), mask, True)
    several = parse_edit(
        *sent_by_the_sdk(
            lambda client: client.images.edit(
                image=[PICTURE, mask], prompt="a cat", n=3, output_format="webp", output_compression=70,
                extra_body={"seed": 9},
            )
        )
    )  # fmt: skip
    assert (several.images, several.n, several.compression, several.seed) == ((PICTURE, mask), 3, 70, 9)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        varied = parse_variation(
            *sent_by_the_sdk(lambda client: client.images.create_variation(image=PICTURE, n=4, size="256x256"))
        )
    assert (varied.image, varied.n, varied.size) == (PICTURE, 4, (256, 256))
