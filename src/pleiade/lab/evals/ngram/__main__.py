"""`python -m pleiade.lab.evals.ngram --run RUN --data FOLDER --out NGRAM`: the n-gram of what RUN learned from.

Then `pleiade eval NGRAM --suite heldout` beside `pleiade eval MODEL --suite heldout`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pleiade.lab.data.shards import tokenize_sources
from pleiade.lab.data.stream import PackedStream
from pleiade.lab.evals.ngram.folder import write_ngram
from pleiade.lab.evals.ngram.kneser_ney import train
from pleiade.lab.evals.ngram.seen import tokens_seen
from pleiade.lab.metrics import read_metrics
from pleiade.lab.presets import read_preset
from pleiade.lab.tokenizer.bpe import load_tokenizer


def main(arguments: list[str]) -> int:
    """Count what the base model of a run saw, and write the n-gram's folder."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.evals.ngram")
    for option, text in (
        ("--run", "the run, with base/ in it"),
        ("--data", "the folder that the recipe's sources are below"),
        ("--out", "where the n-gram goes"),
    ):
        parser.add_argument(option, type=Path, required=True, help=text)
    parser.add_argument("--cache", type=Path, help="tokenized text [default: RUN/base/cache]")
    options = parser.parse_args(arguments)
    base = options.run / "base"
    preset = read_preset(base / "preset.json")
    tokenizer = load_tokenizer(base / "tokenizer")
    shards = tokenize_sources(options.data, preset.recipe, tokenizer, options.cache or base / "cache")
    stream = PackedStream(shards, [source.repeats for source in preset.recipe], tokenizer, preset.stream)
    seen = read_metrics(base / "metrics.jsonl")[-1]["tokens"]
    began = time.monotonic()
    tokens = tokens_seen(stream, seen)
    print(f"{len(tokens):,} different tokens of the {seen:,} that the model saw", flush=True)
    model = train(tokens, tokenizer.get_vocab_size(), stream.end_of_text)
    for order, (table, discounts) in enumerate(zip(model.tables, model.discounts, strict=True), start=1):
        told = ", ".join(f"{discount:.3f}" for discount in discounts)
        print(f"order {order}: {len(table.keys):,} n-grams, discounts {told}", flush=True)
    source = f"the pieces of text that {preset.name}'s base model was dealt, each once, in the order of their documents"
    write_ngram(model, tokenizer, options.out, len(tokens), source)
    print(f"written to {options.out} after {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
