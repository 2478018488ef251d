"""What a gateway counts, under OpenTelemetry's `gen_ai` names (semantic conventions for generative AI).

A request costs a few additions in memory; text is made when somebody asks. Labels only ever hold names of
routes and deployments, never what a caller made up.
"""

import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pleiade.domain.price import NANO
from pleiade.gateway.call import Call
from pleiade.gateway.metrics_files import Counts, Flights, Snapshot, read_snapshots, write_snapshot

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_GEN_AI = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model")


class Family(msgspec.Struct, frozen=True):
    """One histogram: its name, meaning, labels and the upper bounds of its buckets."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]


DURATION = Family(
    "gen_ai_server_request_duration_seconds",
    "Whole time of a model call",
    (*_GEN_AI, "error_type"),
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
FIRST_TOKEN = Family(
    "gen_ai_server_time_to_first_token_seconds",
    "From the request to the first token of a stream",
    _GEN_AI,
    (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
PER_TOKEN = Family(
    "gen_ai_server_time_per_output_token_seconds",
    "Mean time of a streamed token after the first",
    _GEN_AI,
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
TOKENS = Family(
    "gen_ai_client_token_usage",
    "Tokens of a model call",
    (*_GEN_AI, "gen_ai_token_type"),
    (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576),
)
# Codes of refusals (in either dialect's words) and how metrics call them.
REFUSALS = {
    "rate_limit_exceeded": "rate",
    "429": "rate",
    "insufficient_quota": "budget",
    "QuotaExceeded": "budget",
    "model_not_for_sale": "price",
    "service_unavailable": "unavailable",
    "ServiceUnavailable": "unavailable",
}
SOLD_LABELS = ("storefront", "currency", "deployment")
FAMILIES = (DURATION, FIRST_TOKEN, PER_TOKEN, TOKENS)


class _Histogram:
    """Observations of one family under one set of labels."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, family: Family) -> None:
        self.bounds = family.bounds
        self.counts = [0] * (len(family.bounds) + 1)  # the last: above all bounds
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count `value` into its bucket (whose upper bound is included)."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class _Series:
    """The histograms of one (operation, deployment, model, error), found once."""

    __slots__ = ("duration", "first_token", "input_tokens", "output_tokens", "per_token")

    def __init__(self, metrics: "Metrics", operation: str, deployment: str, model: str, error: str) -> None:
        labels = (operation, "pleiade", deployment, model)
        self.duration = metrics.histogram(DURATION, (*labels, error))
        self.first_token = metrics.histogram(FIRST_TOKEN, labels)
        self.per_token = metrics.histogram(PER_TOKEN, labels)
        self.input_tokens = metrics.histogram(TOKENS, (*labels, "input"))
        self.output_tokens = metrics.histogram(TOKENS, (*labels, "output"))


class Metrics:
    """All series of one gateway process; with PROMETHEUS_MULTIPROC_DIR set, shared with its siblings."""

    def __init__(self) -> None:
        folder = os.environ.get(FOLDER_VARIABLE, "")
        self._file = Path(folder) / f"gateway_{os.getpid()}_{time.time_ns()}.db" if folder else None
        self._requests: dict[tuple[str, int, str], int] = {}
        self._series: dict[tuple[str, str, str, str], _Series] = {}
        self._histograms: dict[tuple[str, tuple[str, ...]], _Histogram] = {}
        self._sold: dict[tuple[str, str, str], int] = {}
        self._refused: dict[tuple[str, str], int] = {}
        self._shared = b""
        self.in_flight = 0
        self.open_calls = 0
        self.ledger_stuck = 0
        self.flights: list[Flights] = []

    def histogram(self, family: Family, labels: tuple[str, ...]) -> _Histogram:
        """The histogram of `family` under `labels`, made at first use."""
        return self._histograms.setdefault((family.name, labels), _Histogram(family))

    def note(self, call: Call, seconds: float) -> None:
        """Count a finished call, which took `seconds`."""
        endpoint = call.target.endpoint if call.target is not None else None
        deployment = endpoint.deployment if endpoint is not None else ""
        counted = (call.route.path, call.status, deployment)
        self._requests[counted] = self._requests.get(counted, 0) + 1
        if endpoint is None or not call.operation:
            return
        if call.error_code in REFUSALS:
            refused = (deployment, REFUSALS[call.error_code])
            self._refused[refused] = self._refused.get(refused, 0) + 1
        if call.cost and call.price is not None:
            sold = (call.price.storefront, call.price.currency, deployment)
            self._sold[sold] = self._sold.get(sold, 0) + call.cost
        key = (call.operation, deployment, endpoint.model, _error_type(call))
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

    def snapshot(self) -> Snapshot:
        """All that was counted so far in this process."""
        return Snapshot(
            pid=os.getpid(),
            in_flight=self.in_flight,
            requests=[(route, status, name, n) for (route, status, name), n in self._requests.items()],
            histograms=[
                Counts(name, labels, list(histogram.counts), histogram.total)
                for (name, labels), histogram in self._histograms.items()
            ],
            sold=[(storefront, currency, name, nano) for (storefront, currency, name), nano in self._sold.items()],
            refused=[(name, why, count) for (name, why), count in self._refused.items()],
            open_calls=self.open_calls,
            ledger_stuck=self.ledger_stuck,
            flights=self.flights,
        )

    def share(self) -> None:
        """Let the siblings know of the latest counts, if there are siblings and news. Writes a small file."""
        if self._file is not None:
            self._shared = write_snapshot(self._file, self.snapshot(), self._shared)

    def all_flights(self) -> list[Flights]:
        """Calls that are being answered, by this process and its siblings (as they shared it last). Reads files."""
        others = read_snapshots(self._file.parent, but=self._file) if self._file is not None else []
        return [*self.flights, *(flights for snapshot in others for flights in snapshot.flights)]

    def render(self, journals: Path | None = None) -> bytes:
        """Prometheus text, of this process and its siblings (as they shared it last). Takes milliseconds.

        `journals`: the ledger's folder, whose size tells whether entries reach the database.
        """
        others = read_snapshots(self._file.parent, but=self._file) if self._file is not None else []
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Snapshots([self.snapshot(), *others], _size_of(journals) if journals else 0))
        return generate_latest(registry)


def _error_type(call: Call) -> str:
    """Why the call failed, in few words: an engine's own codes are for the log, not for labels."""
    if call.aborted or not call.error_code:
        return call.aborted
    return str(call.status) if call.status >= 400 else "broken_stream"


def _size_of(folder: Path) -> int:
    """Bytes in the journals of a folder; those that are deleted meanwhile count nothing."""
    total = 0
    for path in folder.glob("*.journal"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


class _Snapshots(Collector):
    """The sum of several processes' snapshots, as prometheus_client wants it."""

    def __init__(self, snapshots: list[Snapshot], journal_bytes: int) -> None:
        self._snapshots = snapshots
        self._journal_bytes = journal_bytes

    def collect(self) -> Iterable[Metric]:
        """All metrics, every family once."""
        requests = CounterMetricFamily(
            "pleiade_requests", "Requests answered", labels=("route", "status", "deployment")
        )
        sums: dict[tuple[str, int, str], int] = {}
        for snapshot in self._snapshots:
            for route, status, deployment, count in snapshot.requests:
                sums[route, status, deployment] = sums.get((route, status, deployment), 0) + count
        for (route, status, deployment), count in sums.items():
            requests.add_metric((route, str(status), deployment), count)
        yield requests
        in_flight = sum(snapshot.in_flight for snapshot in self._snapshots)
        yield GaugeMetricFamily("pleiade_requests_in_flight", "Requests being answered", value=in_flight)
        for family in FAMILIES:
            yield self._histogram(family)
        yield from self._business()

    def _business(self) -> Iterable[Metric]:
        """What was sold and refused, and how the ledger fares."""
        money: Counter[tuple[str, str, str]] = Counter()
        refusals: Counter[tuple[str, str]] = Counter()
        for snapshot in self._snapshots:
            for storefront, currency, deployment, nano in snapshot.sold:
                money[storefront, currency, deployment] += nano
            for deployment, why, count in snapshot.refused:
                refusals[deployment, why] += count
        sold = CounterMetricFamily("pleiade_sold", "Sold, in units of the currency", labels=SOLD_LABELS)
        for labels, nano in money.items():
            sold.add_metric(labels, nano / NANO)
        yield sold
        refused = CounterMetricFamily("pleiade_refused", "Calls refused by a limit", labels=("deployment", "reason"))
        for reason, count in refusals.items():
            refused.add_metric(reason, count)
        yield refused
        open_calls = sum(snapshot.open_calls for snapshot in self._snapshots)
        stuck = sum(snapshot.ledger_stuck for snapshot in self._snapshots)
        yield GaugeMetricFamily("pleiade_ledger_open_calls", "Calls reserved and not yet settled", value=open_calls)
        yield GaugeMetricFamily("pleiade_ledger_stuck", "Gateways whose journal cannot be written", value=stuck)
        yield GaugeMetricFamily(
            "pleiade_ledger_journal_bytes", "Journals that are not in the database yet", value=self._journal_bytes
        )

    def _histogram(self, family: Family) -> Metric:
        merged: dict[tuple[str, ...], tuple[list[int], float]] = {}
        for snapshot in self._snapshots:
            for counts in snapshot.histograms:
                if counts.name == family.name and len(counts.counts) == len(family.bounds) + 1:
                    before, total = merged.get(counts.labels, ([0] * len(counts.counts), 0.0))
                    added = [a + b for a, b in zip(before, counts.counts, strict=True)]
                    merged[counts.labels] = (added, total + counts.total)
        metric = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
        edges = [*(str(float(bound)) for bound in family.bounds), "+Inf"]
        for labels, (bucket_counts, total) in merged.items():
            if not any(bucket_counts):
                continue  # made with its siblings, never observed
            cumulative, buckets = 0, []
            for edge, count in zip(edges, bucket_counts, strict=True):
                cumulative += count
                buckets.append((edge, float(cumulative)))
            metric.add_metric(labels, buckets, total)
        return metric
