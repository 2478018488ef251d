"""The headers of both families, on every answer (wire-contract §6)."""

import re

import pytest
from scripted_engine import ScriptedEngine
from scripted_gateway import AZURE, CHAT, OPENAI, Serve, Served, endpoint

GOLDEN = {
    "content-type",
    "content-length",
    "x-request-id",
    "apim-request-id",
    "openai-processing-ms",
    "openai-version",
    "openai-organization",
    "x-ms-region",
    "cache-control",
    "x-content-type-options",
    "x-accel-buffering",
}
OF_THE_SERVER = {"date", "server"}


@pytest.mark.parametrize("path", [OPENAI, AZURE, "/v1/nothing", "/openai/nothing"])
async def test_every_answer_has_the_headers_of_both_families_and_no_others(served: Served, path: str) -> None:
    answer = await served.post(path, CHAT)
    assert {name.lower() for name in answer.headers} - OF_THE_SERVER == GOLDEN
    assert re.fullmatch("req_[0-9a-f]{32}", answer.headers["x-request-id"])
    digits = answer.headers["apim-request-id"]
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", digits)
    assert digits.replace("-", "") == answer.headers["x-request-id"][4:]  # one id to look for in the log
    assert answer.headers["openai-processing-ms"].isdigit()
    assert answer.headers["cache-control"] == "no-cache, must-revalidate"


async def test_a_stream_has_them_too(served: Served) -> None:
    answer = await served.post(OPENAI, CHAT | {"stream": True})
    names = {name.lower() for name in answer.headers}
    assert names - OF_THE_SERVER == GOLDEN - {"content-length"} | {"transfer-encoding"}


async def test_no_two_requests_share_an_id(served: Served) -> None:
    ids = {(await served.get("/v1/models")).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


async def test_azures_clients_get_their_own_request_id_back(served: Served) -> None:
    answer = await served.post(AZURE, CHAT, headers=served.headers | {"x-ms-client-request-id": "mine-1"})
    assert answer.headers["x-ms-client-request-id"] == "mine-1"
    assert served.log_lines()[0]["client_request"] == "mine-1"
    hostile = served.headers | {"x-ms-client-request-id": "x" * 5000}
    assert "x-ms-client-request-id" not in (await served.post(AZURE, CHAT, headers=hostile)).headers


async def test_an_answer_costs_no_header_of_the_engines(serve: Serve, engine: ScriptedEngine) -> None:
    async def chatty(exchange: object) -> None:
        await exchange.whole(200, {"usage": {}}, "set-cookie: a=b\r\nx-ratelimit-limit-tokens: 5\r\n")  # type: ignore[attr-defined]

    engine.script = chatty
    served = await serve(endpoints=[endpoint(engine)])
    answer = await served.post(OPENAI, CHAT)
    assert {name.lower() for name in answer.headers} - OF_THE_SERVER == GOLDEN
