"""Traces, to an OpenTelemetry collector that a test plays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import OPENAI, Serve

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def collector() -> AsyncIterator[ScriptedEngine]:
    async def accept(exchange: Exchange) -> None:
        await exchange.whole(200, b"", "")

    collector = ScriptedEngine(script=accept)
    await collector.start()
    yield collector
    await collector.stop()


async def test_a_model_call_is_a_span_in_the_callers_trace_without_its_words(
    serve: Serve, collector: ScriptedEngine
) -> None:
    served = await serve(otlp_endpoint=f"http://127.0.0.1:{collector.port}")
    prompt = {"model": "chat", "messages": [{"role": "user", "content": "my secret prompt"}]}
    parent = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    await served.post(OPENAI, prompt, headers=served.headers | parent)
    await served.post(OPENAI, prompt | {"model": "nothing"})
    assert served.engine.seen[0].headers["traceparent"] == parent["traceparent"]
    assert served.gateway.tracer is not None
    await asyncio.to_thread(served.gateway.tracer.stop)
    assert collector.seen[0].path == "/v1/traces"
    sent = ExportTraceServiceRequest.FromString(collector.seen[0].raw)
    good, refused = sent.resource_spans[0].scope_spans[0].spans
    assert good.name == "chat chat"
    assert good.trace_id.hex() == TRACE
    attributes: dict[str, Any] = {item.key: item.value for item in good.attributes}
    assert attributes["gen_ai.response.model"].string_value == "pico-1"
    assert attributes["gen_ai.usage.output_tokens"].int_value == 3
    assert attributes["http.response.status_code"].int_value == 200
    assert good.end_time_unix_nano >= good.start_time_unix_nano
    assert {item.key: item.value.string_value for item in refused.attributes}["error.type"] == "model_not_found"
    assert b"secret" not in collector.seen[0].raw


async def test_without_an_endpoint_nothing_is_traced(serve: Serve) -> None:
    assert (await serve()).gateway.tracer is None
