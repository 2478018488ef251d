"""Writes docs/benchmarks.md from bench/results/*.json: no figure in the documentation is typed by hand.

Run: python bench/publish.py        (after a script of `make bench`, which runs them all)
"""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from peers import ROOT
from training_picture import draw_learning

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "training.svg"

MEANINGS = {
    "engine_1": "one stream, ours ÷ the faster llama.cpp, no speculation",
    "engine_8": "8 streams, ours ÷ the faster llama.cpp",
    "engine_32": "32 streams, ours ÷ the faster llama.cpp",
    "worker_8": "8 streams, our worker over HTTP ÷ our engine in process",
    "gateway_rps": "requests/s at 32 clients, ours ÷ LiteLLM's",
    "gateway_sse": "CPU time per streamed chunk, LiteLLM's ÷ ours",
    "gateway_p50": "added median latency at one client, ours ÷ LiteLLM's",
    "gateway_bare": "requests/s at 32 clients, ours ÷ a bare ASGI pass-through",
    "gateway_full": "the same with a price, hard budgets and limits of every kind",
    "limits_requests": "requests that passed four gateways on one Redis in an overloaded minute ÷ the key's limit",
    "limits_tokens": "tokens that passed them ÷ the deployment's capacity",
    "gateway_filter": "milliseconds that the standard filter adds to a plain request, median at one client",
    "batches_ttft": "p50 time to the first token beside a batch ÷ alone, median of the pairs",
    "batches_lines": "lines of the batch answered a second meanwhile, in the gaps",
    "gateway_growth": "our memory after 100,000 requests ÷ after 10,000",
    "ledger_usage_ms": "usage by project and day of the whole quarter, ms",
    "ledger_costs_ms": "costs by organisation and day of it, ms",
    "ledger_journal_us": "reserve and settle in the journal, µs of CPU a call",
    "ledger_shipped": "entries shipped to the database a second, one keeper",
    "ledger_growth": "our memory at its most ÷ after a tenth of the calls",
    "image_seconds": "seconds of one picture at medium quality, ours over HTTP",
    "image_torch": "the same in torch eager, the faster of float32 and bfloat16, ÷ ours",
    "image_onnx": "the same graphs on onnxruntime ÷ ours",
    "web_first_paint_s": "first paint of the app in a browser that was never there, s, median of five",
    "web_first_answer_s": "a new server's printed link opened, until the first answer of its model is whole, s",
    "web_first_picture_s": "the same until the first picture is there: joined, asked, gone to Images, drawn, s",
    "web_delta_ms": "main thread of an update while an answer is written, ms; a frame is 16.7",
    "web_worst_ms": "its longest task, ms",
    "web_megabyte_delta_ms": "the same for a block of code of one megabyte, ms",
    "web_typing_worst_ms": "longest task while somebody types below an answer that is written, ms",
    "web_typing_dropped": "how many of those tasks were longer than a frame",
    "web_open_s": "opening the chat until its last message stands there, s",
    "train_tokens": "tokens/s at equal shape, ours ÷ nanoGPT's",
    "train_time": "wall time to nanoGPT's last validation loss, ours ÷ nanoGPT's",
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
        "A compiled mock engine; authentication, ledger, request log and metrics on. Streams are paced, one chunk a "
        "tick.",
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


def training_section(results: Mapping[str, Any]) -> str:
    """The training loop beside nanoGPT's and nanochat's."""
    speed, learning, shapes = results["speed"], results["learning"], results["shapes"]
    rows = [
        [
            name,
            f"{entry['parameters'] / 1e6:.2f}",
            f"{entry['flops'] / 1e6:.1f}",
            f"{entry['tokens_per_s']:,.0f}",
            f"{100 * entry['mfu']:.1f} %",
        ]
        for name, entry in speed["contestants"].items()
    ]
    draw_learning(learning, PICTURE)
    ours, theirs = learning["curves"]["pleiade"], learning["curves"]["nanogpt"]
    seconds = learning["seconds"]
    return "\n\n".join(
        [
            f"Tokens a second ({results['device']}, bfloat16): {shapes['speed']}. Gated and plain feed-forwards have "
            "sizes that make the matrices of all three equal; what differs are positions (nanoGPT's are learned) and "
            "embeddings (nanochat's are untied, with more of them for values). The same rows for all, in turns.",
            markdown_table(["processes x threads", "M parameters", "MFLOPs/token", "tokens/s", "MFU"], rows),
            f"MFU is a share of {speed['peak'] / 1e12:.2f} TFLOP/s ({speed['peak_source']}).",
            f"Loss against time: {shapes['learning']}; {results['text']}. nanoGPT's AdamW with the best of "
            f"{len(learning['rates'])} learning rates ({learning['rate']:g}) is at {learning['target']:.3f} nats per "
            f"token at the end of its schedule, after {theirs[-1]['step']} steps and {seconds['nanogpt']:.0f} s; our "
            f"Muon in a run of {ours[-1]['step']} steps after {seconds['pleiade']:.0f} s. Compilation and the looks "
            "at the validation loss are not counted.",
            f"![Validation loss against time](images/{PICTURE.name})",
            ratios(results["result"]),
            provenance(results, 'make bench-training PEERS="--nanogpt DIR --nanochat DIR"'),
        ]
    )


def ledger_section(results: Mapping[str, Any]) -> str:
    """The ledger with ten million calls of a quarter."""
    rows = [
        [name, f"{values['median_ms']:.0f}", f"{values['rows']:,}"] for name, values in results["questions"].items()
    ]
    values = [[f"`{key}`", f"{value:.3g}", MEANINGS[key]] for key, value in results["result"].items()]
    told = markdown_table(["value", "", "meaning"], values).replace("| ---: | ---: |", "| ---: | --- |", 1)
    return "\n\n".join(
        [
            f"{results['calls']:,} settled calls of a quarter, 50 projects, written by real journals and shipped by "
            f"the real keeper, in {results['database']}.",
            markdown_table(["question", "ms", "rows"], rows),
            told,
            provenance(results, "make bench-ledger"),
        ]
    )


def limits_section(results: Mapping[str, Any]) -> str:
    """Four gateways with one limiter."""
    rows = [
        [name, f"{answers.get('200', 0):,}", f"{answers.get('429', 0):,}"]
        for name, answers in results["statuses"].items()
    ]
    return "\n\n".join(
        [
            "Four gateways share one Redis; one minute of the calendar is overloaded for a limited key, another one "
            "for a limited deployment.",
            markdown_table(["limited", "passed", "refused (429)"], rows),
            ratios(results["result"]),
            provenance(results, "make bench-limits"),
        ]
    )


def images_section(results: Mapping[str, Any]) -> str:
    """The picture engine beside torch and onnxruntime."""
    rows = [
        [
            name,
            *(f"{values[quality]:.3f}" for quality in ("low", "medium", "high")),
            f"{results['start_s'][name]:.1f}",
            f"{results['memory_mb'][name]:,.0f}",
        ]
        for name, values in results["medians"].items()
    ]
    return "\n\n".join(
        [
            f"The network of `{results['preset']}` with random weights, {results['size']} x {results['size']} pixels, "
            "one picture at a time; the same steps, candidates and ranking for all. Ours over HTTP; torch in a loop as "
            "diffusers has it, with its scheduler; onnxruntime on the graphs that we serve. Seconds a picture.",
            markdown_table(["engine", "low", "medium", "high", "start s", "peak MB"], rows),
            ratios(results["result"]),
            f"First partial picture of a stream after {1000 * results['first_partial_s']:.0f} ms; 1024 x 1024 at "
            f"medium quality in {results['large_s']:.2f} s. Largest foreign load: {results['foreign']:.2f} cores.",
            provenance(results, "make bench-images"),
        ]
    )


def web_section(results: Mapping[str, Any]) -> str:
    """What a word costs the page."""
    rows = [
        [name, f"{one['updates']:.0f}", f"{one['delta_ms']:.1f}", f"{one['worst_ms']:.1f}"]
        for name, one in (
            *(("prose, code, tables", one) for one in results["rounds"]),
            ("a megabyte of code", results["megabyte"]),
        )
    ]
    values = [[f"`{key}`", f"{value:.3g}", MEANINGS[key]] for key, value in results["result"].items()]
    return "\n\n".join(
        [
            f"Chromium's trace of the page's main thread (CPU time) while an answer is written below "
            f"{results['messages']} messages, half of them with a list and a block of code.",
            markdown_table(["answer", "updates", "ms an update", "longest task, ms"], rows),
            markdown_table(["value", "", "meaning"], values).replace("| ---: | ---: |", "| ---: | --- |", 1),
            provenance(results, "make bench-web"),
        ]
    )


def batches_section(results: Mapping[str, Any]) -> str:
    """What live calls feel of a batch."""
    rows = [
        [str(number), *(f"{1000 * statistics.median(one['first']):.0f}" for one in pair)]
        for number, pair in enumerate(results["pairs"], 1)
    ]
    return "\n\n".join(
        [
            "The time to the first token of streamed chats with the model that ships, one after another, alone and "
            "while a batch runs at full speed: medians of a round, which of the two comes first in turns.",
            markdown_table(["pair", "alone, ms", "beside a batch, ms"], rows),
            ratios(results["result"]),
            provenance(results, "make bench-batches"),
        ]
    )


SECTIONS: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], str]]] = (
    ("engine", "The text engine", engine_section),
    ("images", "Pictures", images_section),
    ("gateway", "The gateway", gateway_section),
    ("limits", "Limits", limits_section),
    ("batches", "Batches", batches_section),
    ("ledger", "The ledger", ledger_section),
    ("training", "Training", training_section),
    ("web", "The web app", web_section),
)


def standing(page: str) -> dict[str, str]:
    """What a page says already, by its sections' titles."""
    parts = (part.partition("\n") for part in page.split("\n## ")[1:])
    return {title: text.strip() for title, _, text in parts}


def main() -> None:
    """Read what was measured, write the page; what was not measured here stands as it did."""
    before = standing(PAGE.read_text()) if PAGE.exists() else {}
    parts = [
        "# Measurements",
        "Each table is printed by a script of `bench/`, peers and ours in the same run, in turns.",
    ]
    for name, title, section in SECTIONS:
        path = RESULTS / f"{name}.json"
        if path.exists():
            text = section(json.loads(path.read_text()))
        elif title in before:
            text = before[title]
            print(f"kept as it was: {title}; make bench-{name} measures it")
        else:
            print(f"left out: {title}; make bench-{name} measures it")
            continue
        parts.append(f"## {title}\n\n{text}")
    PAGE.write_text("\n\n".join(parts) + "\n")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
