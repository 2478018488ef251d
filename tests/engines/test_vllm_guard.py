"""The middleware inside vLLM: nobody but the gateway is answered."""

import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

from pleiade.engines.vllm import GUARD, GUARD_FOLDER
from pleiade.engines.vllm_guard.pleiade_vllm_guard import RequireToken


async def anything(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"generated"})


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    return httpx.AsyncClient(transport=httpx.ASGITransport(RequireToken(anything)), base_url="http://engine")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/invocations", "/tokenize", "/metrics", "/health/"])
async def test_every_route_asks_for_the_token(client: httpx.AsyncClient, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "secret"}):
        answer = await client.post(path, headers=headers)
        assert answer.status_code == 401
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert (await client.post(path, headers={"authorization": "Bearer secret"})).text == "generated"


async def test_health_is_open(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).status_code == 200


async def test_a_websocket_without_token_is_closed_before_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await RequireToken(anything)({"type": "websocket", "path": "/v1/realtime", "headers": []}, send, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_vllm_finds_it_in_an_environment_without_pleiade() -> None:
    module, name = GUARD.split(".")
    code = f"import {module}; {module}.{name}; import sys; assert 'pleiade' not in sys.modules"
    env = {**os.environ, "PYTHONPATH": str(GUARD_FOLDER)}
    subprocess.run([sys.executable, "-S", "-c", code], env=env, check=True)
