"""What a gateway counts, under OpenTelemetry's `gen_ai` names; several workers share one picture.

With PROMETHEUS_MULTIPROC_DIR set, every worker writes to files in that folder and any of them can tell all.
Labels only ever hold names of routes and deployments, never what a caller made up.
"""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pleiade.gateway.call import Call

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# Buckets as OpenTelemetry's semantic conventions for generative AI advise.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_PER_TOKEN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
_GEN_AI = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model")


class _Series:
    """The children of one (operation, deployment, model, error), resolved once."""

    def __init__(self, metrics: "Metrics", operation: str, deployment: str, model: str, error: str) -> None:
        labels = (operation, "pleiade", deployment, model)
        self.duration = metrics.duration.labels(*labels, error)
        self.first_token = metrics.first_token.labels(*labels)
        self.per_token = metrics.per_token.labels(*labels)
        self.input_tokens = metrics.tokens.labels(*labels, "input")
        self.output_tokens = metrics.tokens.labels(*labels, "output")


class Metrics:
    """All series of one gateway process."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER_VARIABLE, "")
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "pleiade_requests", "Requests answered", ("route", "status", "deployment"), registry=registry
        )
        self.in_flight = Gauge(
            "pleiade_requests_in_flight",
            "Requests being answered",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.duration = Histogram(
            "gen_ai_server_request_duration_seconds",
            "Whole time of a model call",
            (*_GEN_AI, "error_type"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.first_token = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From the request to the first token of a stream",
            _GEN_AI,
            buckets=_FIRST_TOKEN,
            registry=registry,
        )
        self.per_token = Histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Mean time of a streamed token after the first",
            _GEN_AI,
            buckets=_PER_TOKEN,
            registry=registry,
        )
        self.tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a model call",
            (*_GEN_AI, "gen_ai_token_type"),
            buckets=_TOKENS,
            registry=registry,
        )
        self._requests: dict[tuple[str, int, str], Counter] = {}
        self._series: dict[tuple[str, str, str, str], _Series] = {}

    def note(self, call: Call, seconds: float) -> None:
        """Count a finished call."""
        endpoint = call.target.endpoint if call.target is not None else None
        deployment = endpoint.deployment if endpoint is not None else ""
        counted = (call.route.path, call.status, deployment)
        counter = self._requests.get(counted)
        if counter is None:
            counter = self._requests[counted] = self.requests.labels(*map(str, counted))
        counter.inc()
        if endpoint is None or not call.operation:
            return
        key = (call.operation, deployment, endpoint.model, call.error_code or call.aborted)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(self, *key)
        series.duration.observe(seconds)
        usage = call.usage
        if usage is None:
            return
        series.input_tokens.observe(usage.prompt_tokens)
        if usage.completion_tokens or call.operation != "embeddings":
            series.output_tokens.observe(usage.completion_tokens)
        if call.stream and call.first_byte_at:
            first_token = call.first_byte_at - call.started_at
            series.first_token.observe(first_token)
            if usage.completion_tokens > 1:
                series.per_token.observe((seconds - first_token) / (usage.completion_tokens - 1))

    def render(self) -> bytes:
        """Prometheus text, of all workers where they share a folder, else of this process. Takes a while."""
        if not self._folder:
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(shared)

    def forget_the_dead(self) -> None:
        """Remove the live gauges of workers that no longer run (their counters stay: those happened)."""
        if not self._folder:
            return
        for file in Path(self._folder).glob("gauge_live*_*.db"):
            pid = file.stem.rpartition("_")[2]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                file.unlink(missing_ok=True)
