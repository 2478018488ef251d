"""What an engine refuses, as the caller sees it."""

import gzip
from typing import Any

import pytest
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import AZURE, CHAT, OPENAI, Served, azure_error, openai_error


def refusal(status: int, error: dict[str, Any], headers: str = "") -> Any:
    async def script(exchange: Exchange) -> None:
        await exchange.whole(status, {"error": error}, headers)

    return script


async def test_a_context_overflow_passes_in_both_dialects(served: Served, engine: ScriptedEngine) -> None:
    told = {"message": "too long", "type": "invalid_request_error", "param": "messages"}
    engine.script = refusal(400, told | {"code": "context_length_exceeded"})
    for path in (OPENAI, AZURE):
        answer = await served.post(path, CHAT | {"stream": True})
        assert answer.status == 400
        assert await openai_error(answer) == told | {"code": "context_length_exceeded"}


async def test_a_full_queue_is_429_with_both_retry_headers(served: Served, engine: ScriptedEngine) -> None:
    engine.script = refusal(429, {"message": "queue full", "code": "queue_full"}, "retry-after: 3\r\n")
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 429
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("3", "3000")
    assert (await openai_error(answer))["code"] == "rate_limit_exceeded"
    answer = await served.post(AZURE, CHAT)
    assert (await azure_error(answer))["code"] == "429"
    engine.script = refusal(429, {"message": "queue full"}, "retry-after-ms: 250\r\n")
    answer = await served.post(OPENAI, CHAT)
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("1", "250")


@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_credentials_refused_upstream_are_not_the_callers_fault(
    served: Served, engine: ScriptedEngine, status: int
) -> None:
    engine.script = refusal(status, {"message": "bad key sk-upstream"})
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 502
    assert "sk-upstream" not in await answer.text()


async def test_a_redirect_is_not_followed(served: Served, engine: ScriptedEngine) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.whole(302, b"moved", "location: /v1/elsewhere\r\n")

    engine.script = script
    assert (await served.post(OPENAI, CHAT)).status == 502
    assert [exchange.path for exchange in engine.seen] == ["/v1/chat/completions"]


async def test_an_upstream_that_compresses_unasked_is_understood(served: Served, engine: ScriptedEngine) -> None:
    async def script(exchange: Exchange) -> None:
        assert "accept-encoding" not in exchange.headers
        await exchange.whole(
            200, gzip.compress(b'{"id":"x","usage":{"prompt_tokens":7}}'), "content-encoding: gzip\r\n"
        )

    engine.script = script
    answer = await served.post(OPENAI, CHAT)
    assert (await answer.json())["id"] == "x"
    assert "content-encoding" not in answer.headers
    assert served.log_lines()[0]["prompt_tokens"] == 7


async def test_a_web_page_instead_of_an_answer_is_502(served: Served, engine: ScriptedEngine) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.whole(200, b"<html>welcome</html>")

    engine.script = script
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 502
    assert "html" not in await answer.text()


async def test_a_broken_engines_answer_is_told_without_html(served: Served, engine: ScriptedEngine) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.whole(500, b"<html>oops</html>")

    engine.script = script
    for path in (OPENAI, AZURE):
        answer = await served.post(path, CHAT)
        assert answer.status == 500
        assert "html" not in await answer.text()
        assert answer.headers["content-type"] == "application/json"
