"""Our gateway beside LiteLLM's proxy, a bare ASGI pass-through and a direct call, against one mock engine.

Run: python bench/gateway.py [--quick]      (about 4 minutes; Linux, two cores, a C compiler)

The mock engine and the load generator are compiled C on one core; the gateway that is measured is alone on
the other, the rest are stopped (SIGSTOP). Rounds are interleaved and reversed (A B C D, D C B A, …); medians
are told. Ours runs through its real entry, with authentication, ledger, request log and metrics on. The last line:

gateway_rps     our requests/s ÷ LiteLLM's, plain requests, 32 clients
gateway_sse     LiteLLM's CPU time per streamed chunk ÷ ours, 32 streams of one chunk every 10 ms
gateway_p50     our added median latency ÷ LiteLLM's, plain requests, one client
gateway_bare    our requests/s ÷ the bare pass-through's, plain requests, 32 clients; every call in the ledger's journal
gateway_full    the same with a price, hard budgets, and limits of key, project, organisation and deployment
gateway_filter  median milliseconds that the standard filter adds to a plain request, one client: two looks by the
                moderation worker that ships (its own time is on the other core, as an engine's is)
gateway_growth  our resident memory after 100,000 requests ÷ after 10,000
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateways import EVERYTHING, FILTERED, Gateway, start_bare, start_judge, start_litellm, start_mock, start_ours
from machine import busy_seconds, cpu_seconds, memory_mb, two_cores
from peers import ROOT
from report import result_line, table, write_json

PROMPT = '{"model":"mock",%s"messages":[{"role":"user","content":"Say hello. pace=%d"}]}'


@dataclass(frozen=True)
class Load:
    """One kind of load; `pace` is the time between two chunks of a stream, in ms."""

    name: str
    mode: str  # "plain" or "stream"
    clients: int
    pace: int = 10

    @property
    def body(self) -> str:
        """The request's JSON."""
        return PROMPT % ('"stream":true,' if self.mode == "stream" else "", self.pace)


PLAIN_32 = Load("plain, 32 clients", "plain", 32)
PLAIN_1 = Load("plain, 1 client", "plain", 1)
STREAM_10 = Load("32 streams, chunk/10 ms", "stream", 32, 10)
STREAM_1 = Load("32 streams, chunk/1 ms", "stream", 32, 1)


@dataclass(frozen=True)
class Sample:
    """One measurement of one gateway. Seconds, microseconds; `foreign` is the share of a core others used."""

    rps: float
    p50_us: float
    p99_us: float
    events_per_s: float
    cpu_us_per_request: float
    cpu_us_per_event: float
    foreign: float


def compiled(name: str) -> Path:
    """The binary of bench/`name`.c, compiled anew when the source is newer."""
    source, binary = ROOT / "bench" / f"{name}.c", ROOT / ".cache" / "bench" / name
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            raise SystemExit("A C compiler is needed (cc, gcc or clang): install one, for example build-essential.")
        binary.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-Wall", "-o", binary, source], check=True)
    return binary


def run_load(gateway: Gateway, load: Load, *, seconds: float = 0, requests: int = 0) -> dict[str, float]:
    """Runs the compiled client against a gateway. Raises SystemExit on any bad answer."""
    client = compiled("load_client")
    limits = [str(load.clients), str(seconds), str(requests)]
    answer = subprocess.run(
        [client, str(gateway.port), "/v1/chat/completions", gateway.key, load.mode, *limits, load.body],
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise SystemExit(f"{gateway.name}, {load.name}: {answer.stderr[-3000:]}{answer.stdout}")
    return json.loads(answer.stdout)


def client_seconds() -> float:
    """CPU time of the clients that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(gateway: Gateway, mock: int, load: Load, seconds: float) -> Sample:
    """One warm-up and one measurement of `gateway`, alone on its core."""
    gateway.resume()
    run_load(gateway, load, seconds=min(0.7, seconds))
    busy, client, engine = busy_seconds(), client_seconds(), cpu_seconds(mock)
    cpu = cpu_seconds(gateway.pid) if gateway.pid else 0.0
    got = run_load(gateway, load, seconds=seconds)
    cpu = (cpu_seconds(gateway.pid) if gateway.pid else 0.0) - cpu
    ours = cpu + client_seconds() - client + cpu_seconds(mock) - engine
    foreign = max(0.0, busy_seconds() - busy - ours) / got["seconds"]
    gateway.pause()
    return Sample(
        rps=got["requests"] / got["seconds"],
        p50_us=got["p50_us"],
        p99_us=got["p99_us"],
        events_per_s=got["events"] / got["seconds"],
        cpu_us_per_request=1e6 * cpu / max(1, got["requests"]),
        cpu_us_per_event=1e6 * cpu / max(1, got["events"]),
        foreign=foreign,
    )


def rounds(gateways: list[Gateway], count: int) -> Iterator[Gateway]:
    """A B C D, then D C B A, and so on: a slow drift of the machine meets all alike."""
    for i in range(count):
        yield from gateways if i % 2 == 0 else reversed(gateways)


def median(samples: list[Sample]) -> Sample:
    """The median of each figure; of `foreign` the worst."""
    merged = {
        field: statistics.median(getattr(sample, field) for sample in samples) for field in Sample.__dataclass_fields__
    }
    return Sample(**{**merged, "foreign": max(sample.foreign for sample in samples)})


def grow(gateway: Gateway, few: int, many: int) -> tuple[float, float]:
    """Resident memory of a fresh gateway in MB after `few` requests, and after `many`."""
    gateway.resume()
    run_load(gateway, PLAIN_32, requests=few)
    before = memory_mb(gateway.pid)
    run_load(gateway, PLAIN_32, requests=many - few)
    after = memory_mb(gateway.pid)
    gateway.pause()
    return before, after


def main() -> None:
    """Starts everything, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round: is it wired right? Not for publishing")
    parser.add_argument("--only", default="", help="comma-separated names, such as direct,pleiade (no result line)")
    options = parser.parse_args()
    seconds, repeats, many = (1.0, 1, 20_000) if options.quick else (3.0, 3, 100_000)
    only = set(filter(None, options.only.split(",")))
    load_core, gateway_core = two_cores()
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pleiade-bench-")))
        os.sched_setaffinity(0, {load_core})  # this script and the clients that it starts
        mock_port, mock = start_mock(stack, compiled("mock_engine"))
        starters = {
            "direct": lambda: Gateway(name="direct", port=mock_port, pid=0, key="none"),
            "bare": lambda: start_bare(stack, mock_port, gateway_core, logs),
            "pleiade": lambda: start_ours(stack, mock_port, gateway_core, logs),
            EVERYTHING: lambda: start_ours(stack, mock_port, gateway_core, logs, everything=True),
            FILTERED: lambda: start_ours(
                stack, mock_port, gateway_core, logs, judge=start_judge(stack, load_core, logs)
            ),
            "litellm": lambda: start_litellm(stack, mock_port, gateway_core, logs),
        }
        gateways: list[Gateway] = []
        growth = (0.0, 0.0)
        for name, start in starters.items():
            if only and name not in only:
                continue
            gateway = start()
            gateways.append(gateway)
            if name == "pleiade":
                growth = grow(gateway, 10_000, many)
            gateway.pause()
        results: dict[Load, dict[str, Sample]] = {}
        for load in (PLAIN_32, PLAIN_1, STREAM_10, STREAM_1):
            samples: dict[str, list[Sample]] = {gateway.name: [] for gateway in gateways}
            for gateway in rounds(gateways, repeats):
                samples[gateway.name].append(measure(gateway, mock, load, seconds))
            results[load] = {name: median(found) for name, found in samples.items()}
            print_load(load, results[load])
        sizes = {gateway.name: memory_mb(gateway.pid) for gateway in gateways if gateway.pid}
    print("memory, MB: " + ", ".join(f"{name} {size:.0f}" for name, size in sizes.items()))
    if "pleiade" in sizes:
        print(f"memory of pleiade: {growth[0]:.1f} MB after 10,000 requests, {growth[1]:.1f} MB after {many:,}")
    if only:
        return
    direct = results[PLAIN_1]["direct"].p50_us
    added = {name: results[PLAIN_1][name].p50_us - direct for name in ("pleiade", "litellm")}
    summary = {
        "gateway_rps": results[PLAIN_32]["pleiade"].rps / results[PLAIN_32]["litellm"].rps,
        "gateway_sse": results[STREAM_10]["litellm"].cpu_us_per_event / results[STREAM_10]["pleiade"].cpu_us_per_event,
        "gateway_p50": added["pleiade"] / added["litellm"],
        "gateway_bare": results[PLAIN_32]["pleiade"].rps / results[PLAIN_32]["bare"].rps,
        "gateway_full": results[PLAIN_32][EVERYTHING].rps / results[PLAIN_32]["bare"].rps,
        "gateway_filter": (results[PLAIN_1][FILTERED].p50_us - results[PLAIN_1]["pleiade"].p50_us) / 1000,
        "gateway_growth": growth[1] / growth[0],
    }
    detail = {
        load.name: {name: {k: round(v, 2) for k, v in vars(sample).items()} for name, sample in by_name.items()}
        for load, by_name in results.items()
    }
    path = write_json(
        "gateway-quick" if options.quick else "gateway",
        {"quick": options.quick, "loads": detail, "memory_mb": sizes, "result": summary},
    )
    print(f"written to {path.relative_to(ROOT)}")
    print(result_line(summary))


def print_load(load: Load, by_name: dict[str, Sample]) -> None:
    """One table for one kind of load."""
    if load.mode == "plain":
        header = [load.name, "req/s", "p50 ms", "p99 ms", "CPU µs/request", "foreign CPU"]
        columns = [(s.rps, s.p50_us / 1e3, s.p99_us / 1e3, s.cpu_us_per_request) for s in by_name.values()]
    else:
        header = [load.name, "chunks/s", "first p50 ms", "first p99 ms", "CPU µs/chunk", "foreign CPU"]
        columns = [(s.events_per_s, s.p50_us / 1e3, s.p99_us / 1e3, s.cpu_us_per_event) for s in by_name.values()]
    rows = [
        [name, f"{rate:,.0f}", f"{p50:.3f}", f"{p99:.3f}", f"{cpu:.1f}", f"{sample.foreign:.2f}"]
        for (name, sample), (rate, p50, p99, cpu) in zip(by_name.items(), columns, strict=True)
    ]
    print("\n" + table(header, rows) + "\n", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are ended too
    main()
