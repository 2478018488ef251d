"""Writes docs/benchmarks.md from bench/results/*.json: no figure in the documentation is typed by hand.

Run: python bench/publish.py        (after bench/engine.py and bench/gateway.py; `make bench` does all three)
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from peers import ROOT

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"

MEANINGS = {
    "engine_1": "one stream, ours ÷ the faster llama.cpp, no speculation",
    "engine_8": "8 streams, ours ÷ the faster llama.cpp",
    "engine_32": "32 streams, ours ÷ the faster llama.cpp",
    "worker_8": "8 streams, our worker over HTTP ÷ our engine in process",
    "gateway_rps": "requests/s at 32 clients, ours ÷ LiteLLM's",
    "gateway_sse": "CPU time per streamed chunk, LiteLLM's ÷ ours",
    "gateway_p50": "added median latency at one client, ours ÷ LiteLLM's",
    "gateway_bare": "requests/s at 32 clients, ours ÷ a bare ASGI pass-through",
    "gateway_growth": "our memory after 100,000 requests ÷ after 10,000",
}


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def provenance(results: Mapping[str, Any], script: str) -> str:
    """Where and when the figures come from."""
    machine = results["machine"]
    return (
        f"Printed by `{script}` on {results['when'][:10]}: {machine['cpu']}, {machine['cores']} cores, "
        f"Python {machine['python']}. Medians; a shared machine, so read the ratios."
    )


def ratios(result: Mapping[str, float]) -> str:
    """The ratios of one script and what they mean."""
    rows = [[f"`{key}`", f"{value:.3g}", MEANINGS[key]] for key, value in result.items()]
    return markdown_table(["ratio", "value", "meaning"], rows).replace("| ---: | ---: |", "| ---: | --- |", 1)


def engine_section(results: Mapping[str, Any]) -> str:
    """The text engine beside llama.cpp and transformers."""
    columns = {"prefill": "prefill tok/s", "ttft_ms": "first token ms", "1": "1 stream", "8": "8 streams", "32": "32"}
    rows = [
        [name, *(f"{values[key]:,.0f}" for key in columns), f"{results['memory_mb'][name]:,.0f}"]
        for name, values in results["medians"].items()
    ]
    return "\n\n".join(
        [
            "## The text engine",
            "A random-weight Qwen3-shaped model of 100 M parameters at 8 bits; prompts of 128 tokens, answers of 128 "
            "(prefill: one prompt of 1,024). Streams in tokens/s, all together.",
            markdown_table(["engine", *columns.values(), "memory MB"], rows),
            ratios(results["result"]),
            f"Longest stall of another thread during a 1,024-token prefill: {results['stall_ms']:.1f} ms.",
            provenance(results, "make bench-engine"),
        ]
    )


def gateway_section(results: Mapping[str, Any]) -> str:
    """The gateway beside LiteLLM's proxy and a bare pass-through."""
    parts = [
        "## The gateway",
        "A compiled mock engine; authentication, request log and metrics on. Streams are paced, one chunk a tick.",
    ]
    for load, gateways in results["loads"].items():
        streamed = "stream" in load
        per = "event" if streamed else "request"
        header = [
            load,
            "chunks/s" if streamed else "requests/s",
            "p50 ms",
            "p99 ms",
            f"CPU µs per {'chunk' if streamed else per}",
        ]
        rows = [
            [
                name,
                f"{sample['events_per_s' if streamed else 'rps']:,.0f}",
                f"{sample['p50_us'] / 1e3:.2f}",
                f"{sample['p99_us'] / 1e3:.2f}",
                f"{sample[f'cpu_us_per_{per}']:,.1f}",
            ]
            for name, sample in gateways.items()
        ]
        parts.append(markdown_table(header, rows))
    parts += [ratios(results["result"]), provenance(results, "make bench-gateway")]
    return "\n\n".join(parts)


def main() -> None:
    """Read what was measured, write the page."""
    sections = [
        "# Measurements",
        "Each table is printed by a script of `bench/`, peers and ours in the same run, in turns.",
    ]
    for name, section in (("engine", engine_section), ("gateway", gateway_section)):
        path = RESULTS / f"{name}.json"
        if path.exists():
            sections.append(section(json.loads(path.read_text())))
        else:
            print(f"left out: {path.relative_to(ROOT)} is missing; run make bench-{name}")
    PAGE.write_text("\n\n".join(sections) + "\n")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
