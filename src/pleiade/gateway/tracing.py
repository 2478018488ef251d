"""OpenTelemetry spans, one for each model call; off, and not even imported, unless an endpoint is set."""

from typing import Protocol

from pleiade.gateway.call import Call


class Tracer(Protocol):
    """Makes a span of a finished call."""

    def note(self, call: Call, seconds: float) -> None:
        """Record `call`, which took `seconds`."""
        ...

    def stop(self) -> None:
        """Send what is pending."""
        ...


class OtlpTracer:
    """Spans with `gen_ai` attributes, sent in batches from a thread. Never a prompt, never an answer."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = TracerProvider(resource=Resource.create({"service.name": "pleiade-gateway"}))
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("pleiade.gateway")
        self._propagator = TraceContextTextMapPropagator()

    def note(self, call: Call, seconds: float) -> None:
        """Record `call` under the caller's own trace, if it sent `traceparent`."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        parent = call.headers.get(b"traceparent")
        context = self._propagator.extract({"traceparent": parent.decode("latin-1")}) if parent else None
        start_ns = int(call.started_time * 1e9)
        deployment = call.target.endpoint.deployment if call.target is not None else ""
        name = f"{call.operation} {deployment}" if call.operation else f"{call.scope['method']} {call.route.path}"
        span = self._tracer.start_span(name, context=context, kind=SpanKind.SERVER, start_time=start_ns)
        span.set_attribute("http.request.method", call.scope["method"])
        span.set_attribute("http.route", call.route.path)
        span.set_attribute("http.response.status_code", call.status)
        span.set_attribute("pleiade.request_id", call.id)
        if call.operation:
            span.set_attribute("gen_ai.operation.name", call.operation)
            span.set_attribute("gen_ai.provider.name", "pleiade")
            span.set_attribute("gen_ai.request.model", deployment)
        if call.target is not None:
            span.set_attribute("gen_ai.response.model", call.target.endpoint.model)
        if call.usage is not None:
            span.set_attribute("gen_ai.usage.input_tokens", call.usage.prompt_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", call.usage.completion_tokens)
        if call.error_code or call.aborted:
            span.set_attribute("error.type", call.error_code or call.aborted)
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=start_ns + int(seconds * 1e9))

    def stop(self) -> None:
        """Send what is pending; waits for the collector."""
        self._provider.shutdown()
