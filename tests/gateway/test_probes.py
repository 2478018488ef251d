"""What operators and orchestrators look at."""

import re

from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import CHAT, OPENAI, Serve, Served, endpoint

from pleiade.domain import EndpointState, EndpointTable
from pleiade.gateway.routes.probes import _is_local


async def test_health_needs_no_key(served: Served) -> None:
    answer = await served.get("/healthz", headers={})
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_a_balancer_may_ask_with_head(served: Served) -> None:
    async with served.client.head(served.url + "/healthz") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert (await served.get("/healthz")).status == 200  # on the same connection


async def test_readiness_follows_the_engines(serve: Serve, engine: ScriptedEngine) -> None:
    starting = endpoint(engine, state=EndpointState.STARTING)
    served = await serve(endpoints=[starting])
    answer = await served.get("/readyz", headers={})
    assert answer.status == 503
    assert await answer.json() == {"status": "starting", "deployments": {"chat": "starting"}}
    served.directory.replace(EndpointTable(version=2, endpoints=(endpoint(engine),)))
    assert (await served.get("/readyz")).status == 200
    served.gateway.watch.drain(30)
    answer = await served.get("/readyz")
    assert (answer.status, (await answer.json())["status"]) == (503, "draining")


async def refuses(exchange: Exchange) -> None:
    await exchange.whole(400, {"error": {"message": "no", "code": "invented_by_an_upstream"}})


async def test_metrics_count_requests_tokens_and_times(served: Served) -> None:
    await served.post(OPENAI, CHAT)
    await served.post(OPENAI, CHAT | {"stream": True})
    await served.post("/v1/embeddings", {"model": "embed", "input": "x"})
    await served.post(OPENAI, CHAT | {"model": "someone's invention"})
    served.engine.script = refuses
    await served.post(OPENAI, CHAT)
    await served.get("/v1/invented/path")
    text = await (await served.get("/metrics")).text()
    assert 'pleiade_requests_total{deployment="chat",route="/chat/completions",status="200"} 2.0' in text
    assert 'pleiade_requests_total{deployment="",route="/chat/completions",status="404"} 1.0' in text
    assert 'pleiade_requests_total{deployment="",route="*",status="404"} 1.0' in text
    assert "invent" not in text  # what callers make up must not become a label
    assert 'error_type="400"' in text
    chat = 'gen_ai_operation_name="chat",gen_ai_provider_name="pleiade",gen_ai_request_model="chat"'
    tokens = f'gen_ai_client_token_usage_sum{{{chat},gen_ai_response_model="pico-1",gen_ai_token_type='
    assert tokens + '"output"} 6.0' in text
    assert tokens + '"input"} 10.0' in text
    for name, count in (
        ("gen_ai_server_time_to_first_token_seconds", 1),
        ("gen_ai_server_time_per_output_token_seconds", 1),
        ("gen_ai_server_request_duration_seconds", 3),
    ):
        values = re.findall(rf"^{name}_count{{.*{chat}.*}} (.*)$", text, re.MULTILINE)
        assert sum(map(float, values)) == count
    assert "pleiade_requests_in_flight 1.0" in text  # the one that asks


def test_metrics_are_open_to_this_machine_only() -> None:
    class Fake:
        def __init__(self, client: tuple[str, int] | None) -> None:
            self.scope = {"client": client}

    local = [("127.0.0.1", 1), ("::1", 1), None]
    assert all(_is_local(Fake(client)) for client in local)  # type: ignore[arg-type]
    assert not any(_is_local(Fake(client)) for client in [("10.0.0.1", 1), ("unknown", 1)])  # type: ignore[arg-type]
