"""Bodies that are malformed, of the wrong types or too large."""

from typing import Any

import pytest
from scripted_gateway import AZURE, CHAT, OPENAI, Serve, Served, openai_error


@pytest.mark.parametrize("path", [OPENAI, AZURE])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"model":"chat",}',
        b"[]",
        b'"x"',
        b"null",
        b'{"model":"chat","x":"\xff\xfe"}',
        b"[" * 100_000,
    ],
)
async def test_a_body_that_is_no_json_object_is_400(served: Served, path: str, raw: bytes) -> None:
    answer = await served.client.post(served.url + path, data=raw, headers=served.headers)
    assert answer.status == 400
    error = await openai_error(answer)  # Azure answers with four keys here too: the model's front, not the door
    assert error["type"] == "invalid_request_error"
    assert served.engine.seen == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": 5},
        {"model": None},
        {"model": ""},
        {"model": ["chat"]},
        {"stream": "yes"},
        {"stream": 1},
        {"stream_options": "usage"},
        {"stream_options": {"include_usage": "yes"}},
    ],
)
async def test_wrong_types_of_fields_that_the_gateway_acts_on_are_400(served: Served, wrong: dict[str, Any]) -> None:
    answer = await served.post(OPENAI, CHAT | {"stream": True} | wrong)
    assert answer.status == 400
    assert (await openai_error(answer))["param"] == next(iter(wrong))
    assert served.engine.seen == []


async def test_nulls_stand_for_absent_fields(served: Served) -> None:
    answer = await served.post(OPENAI, CHAT | {"stream": None, "stream_options": None})
    assert answer.status == 200


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", [OPENAI, AZURE])
async def test_a_body_above_the_limit_is_413_announced_or_not(serve: Serve, announced: bool, path: str) -> None:
    served = await serve(max_body_mb=1)
    large = b'{"x":"' + b"a" * 50_000_000 + b'"}'

    async def pieces() -> Any:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    answer = await served.client.post(served.url + path, data=large if announced else pieces(), headers=served.headers)
    assert answer.status == 413
    assert "1 MB" in (await answer.json())["error"]["message"]
    assert served.engine.seen == []
    assert served.log_lines()[0]["status"] == 413
    assert (await served.post(path, CHAT)).status == 200


async def test_a_body_within_the_limit_passes(serve: Serve) -> None:
    served = await serve(max_body_mb=1)
    answer = await served.post(OPENAI, CHAT | {"x": "a" * 900_000})
    assert answer.status == 200
    assert len(served.engine.seen[0].raw) > 900_000
