"""Counters and histograms of one worker, printed in Prometheus' text format.

Not prometheus-client: an environment variable, read at import, decides whether it writes into shared files, and the
gateways' setting of it would leak into the workers.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
PER_TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5)
TOKENS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0)


class Histogram:
    """Counts of observations per bucket (upper bounds, in the metric's unit)."""

    __slots__ = ("bounds", "counts", "help", "name", "total")

    def __init__(self, name: str, help: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.help = help
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, labels: str) -> list[str]:
        """The metric in text format; `labels` is `key="value",…` or empty."""
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} histogram"]
        seen = 0
        comma = "," if labels else ""
        for bound, count in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            seen += count
            lines.append(f'{self.name}_bucket{{{labels}{comma}le="{bound}"}} {seen}')
        lines.append(f"{self.name}_sum{{{labels}}} {self.total}")
        lines.append(f"{self.name}_count{{{labels}}} {seen}")
        return lines


def value_lines(name: str, help: str, kind: str, value: float, labels: str) -> list[str]:
    """A counter or gauge in text format."""
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", f"{name}{{{labels}}} {value}"]


def format_labels(labels: Mapping[str, str]) -> str:
    """`key="value",…` with quotes, backslashes and line feeds escaped."""
    escaped = {k: v.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for k, v in labels.items()}
    return ",".join(f'{key}="{value}"' for key, value in escaped.items())


class GenerationMetrics:
    """Latencies and lengths of generated answers, under OpenTelemetry's gen_ai names where one exists."""

    def __init__(self, model: str) -> None:
        self.labels = format_labels({"gen_ai_request_model": model})
        self.first_token = Histogram("gen_ai_server_time_to_first_token_seconds", "Arrival to first token.", SECONDS)
        self.per_token = Histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Mean time of the tokens after the first.",
            PER_TOKEN_SECONDS,
        )
        self.duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to last token.", SECONDS)
        self.prompt_tokens = Histogram("pleiade_engine_prompt_length_tokens", "Prompt lengths.", TOKENS)
        self.output_tokens = Histogram("pleiade_engine_output_length_tokens", "Answer lengths.", TOKENS)
        self.requests = {"ok": 0, "error": 0, "cancelled": 0, "rejected": 0}

    def finished(self, outcome: str, *, started: float, first: float, now: float, prompt: int, output: int) -> None:
        """Count one answer; times are `time.monotonic()` seconds, `first` is 0 where no token came."""
        self.requests[outcome] += 1
        self.duration.observe(now - started)
        self.prompt_tokens.observe(prompt)
        self.output_tokens.observe(output)
        if first:
            self.first_token.observe(first - started)
            if output > 1:
                self.per_token.observe((now - first) / (output - 1))

    def lines(self) -> list[str]:
        """All of it in text format."""
        lines: list[str] = []
        for histogram in (
            self.first_token,
            self.per_token,
            self.duration,
            self.prompt_tokens,
            self.output_tokens,
        ):
            lines += histogram.lines(self.labels)
        lines += [
            "# HELP pleiade_engine_requests_total Requests by outcome.",
            "# TYPE pleiade_engine_requests_total counter",
        ]
        for outcome, count in self.requests.items():
            lines.append(f'pleiade_engine_requests_total{{{self.labels},outcome="{outcome}"}} {count}')
        return lines
