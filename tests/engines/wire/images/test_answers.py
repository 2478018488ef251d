import base64
import json
from typing import Any

import httpx
import pytest
from openai import OpenAI
from openai.types import ImagesResponse
from openai.types.image_edit_completed_event import ImageEditCompletedEvent
from openai.types.image_edit_partial_image_event import ImageEditPartialImageEvent
from openai.types.image_gen_completed_event import ImageGenCompletedEvent
from openai.types.image_gen_partial_image_event import ImageGenPartialImageEvent

from pleiade.engines.wire.images.answers import (
    EDIT,
    GENERATION,
    Made,
    answer,
    completed_event,
    partial_event,
    picture_tokens,
    usage_of,
)
from pleiade.engines.wire.images.requests import parse_generate

PICTURES = [
    Made(data=b"first", size=(512, 256), seed=7, transparent=False),
    Made(data=b"second", size=(512, 256), seed=8, transparent=True, revised_prompt="a cat, drawn"),
]
USAGE = usage_of(5, [(32, 32)], [(512, 256)] * 2, "high")


def asked(**fields: Any) -> Any:
    return parse_generate(json.dumps({"prompt": "a cat", **fields}).encode())


def client(content: bytes, content_type: str) -> OpenAI:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-type": content_type})

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return OpenAI(api_key="k", base_url="http://server/v1", http_client=http, _strict_response_validation=True)


@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg", "svg"])
def test_a_whole_answer_is_what_the_strict_sdk_wants(output_format: str) -> None:
    content = answer(PICTURES, asked(output_format=output_format, quality="high"), USAGE, created=1_700_000_000)
    response = client(content, "application/json").images.generate(prompt="a cat")
    assert isinstance(response, ImagesResponse)
    assert (response.created, response.output_format, response.quality) == (1_700_000_000, output_format, "high")
    assert (response.size, response.background) == ("512x256", "transparent")
    assert response.data is not None
    assert [base64.b64decode(item.b64_json or "") for item in response.data] == [b"first", b"second"]
    assert [item.revised_prompt for item in response.data] == [None, "a cat, drawn"]
    assert [item.model_extra for item in response.data] == [{"seed": 7}, {"seed": 8}]
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@pytest.mark.parametrize(
    ("kind", "partial_type", "completed_type"),
    [
        (GENERATION, ImageGenPartialImageEvent, ImageGenCompletedEvent),
        (EDIT, ImageEditPartialImageEvent, ImageEditCompletedEvent),
    ],
)
def test_a_stream_is_what_the_strict_sdk_wants(kind: str, partial_type: type, completed_type: type) -> None:
    request = asked(stream=True, partial_images=2, quality="low")
    stream = b"".join(
        [
            partial_event(kind, PICTURES[0], request, index=0, partial=0, created=5),
            partial_event(kind, PICTURES[0], request, index=0, partial=1, created=5),
            completed_event(kind, PICTURES[0], request, USAGE, index=0, created=5),
        ]
    )
    images = client(stream, "text/event-stream").images
    given = images.generate if kind == GENERATION else images.edit
    more = {} if kind == GENERATION else {"image": b"x"}
    events = list(given(prompt="a cat", stream=True, **more))
    assert [type(event) for event in events] == [partial_type, partial_type, completed_type]
    assert [event.type for event in events] == [f"{kind}.partial_image"] * 2 + [f"{kind}.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert events[-1].usage.output_tokens == USAGE["output_tokens"]
    assert base64.b64decode(events[-1].b64_json) == b"first"
    for event in events:  # nothing that the type demands was missing or of another kind
        type(event).model_validate_json(event.model_dump_json(), strict=True)


def test_events_are_named_for_clients_that_go_by_names() -> None:
    event = completed_event(GENERATION, PICTURES[0], asked(stream=True), USAGE, index=0, created=5)
    name, data, *rest = event.split(b"\n")
    assert name == b"event: image_generation.completed"
    assert json.loads(data.removeprefix(b"data: "))["type"] == "image_generation.completed"
    assert rest == [b"", b""]


def test_pictures_count_as_tokens_of_16_by_16_pixels_times_their_quality() -> None:
    assert picture_tokens((1024, 1024)) == 4096
    assert [picture_tokens((32, 16), quality) for quality in ("low", "medium", "high")] == [2, 4, 8]
    assert picture_tokens((17, 1)) == 2  # a part of a square is a square
    assert USAGE["input_tokens_details"] == {"text_tokens": 5, "image_tokens": 4}
    assert (USAGE["input_tokens"], USAGE["output_tokens"], USAGE["total_tokens"]) == (9, 4096, 4105)
