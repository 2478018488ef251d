"""`python -m pleiade.lab.write_card`: from a finished chain's records to card, licences, checksum and curve."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from pleiade.lab.card import CardFacts, write_card, write_licences
from pleiade.lab.chain import newest_checkpoint
from pleiade.lab.checkpoint import load_checkpoint
from pleiade.lab.corpora.licences import Origin, read_origin
from pleiade.lab.curves import draw_curve
from pleiade.lab.data.shards import tokenize_sources
from pleiade.lab.dialogues.mixture import POST_SETS, chat_mixture
from pleiade.lab.evals.bits_per_byte import heldout_scores
from pleiade.lab.evals.greedy import answer
from pleiade.lab.evals.panel import PANEL
from pleiade.lab.export.huggingface import REPETITION_PENALTY, import_huggingface
from pleiade.lab.metrics import read_metrics
from pleiade.lab.presets import Preset, override, presets
from pleiade.lab.pretrain import load_model
from pleiade.lab.tokenizer.bpe import load_tokenizer


def gather(
    name: str, preset: Preset, data: Path, run: Path, export: Path, machine: str, cache: Path, note: str
) -> CardFacts:
    """Measure the exported model (what people get) and its base; read the rest from the run's records."""
    tokenizer = load_tokenizer(export)
    chat = import_huggingface(export)
    base = load_model(preset, load_checkpoint(newest_checkpoint(run / "base"))["model"])
    shards = tokenize_sources(data, preset.recipe, tokenizer, cache)
    tokens = {s.folder: shard.num_tokens * s.repeats for s, shard in zip(preset.recipe, shards, strict=True)}
    heldout = data / "eval" / "heldout_text"
    return CardFacts(
        name=name,
        preset=preset,
        machine=machine,
        base_rows=read_metrics(run / "base" / "metrics.jsonl"),
        chat_rows=read_metrics(run / "chat" / "metrics.jsonl"),
        origins=_origins(data, preset),
        shares={folder: count / sum(tokens.values()) for folder, count in tokens.items()},
        conversations=chat_mixture(data, preset.chat.seed),
        scores=list(
            zip(heldout_scores(base, tokenizer, heldout), heldout_scores(chat, tokenizer, heldout), strict=True)
        ),
        answers=[
            (prompt, answer(chat, tokenizer, ({"role": "user", "content": prompt},), 80, REPETITION_PENALTY))
            for prompt in PANEL
        ],
        curve=f"{name}-curve.png",
        note=note,
    )


def _origins(data: Path, preset: Preset) -> list[Origin]:
    folders = dict.fromkeys([*(source.folder for source in preset.recipe), *(f"post/{name}" for name in POST_SETS)])
    return [read_origin(data, folder) for folder in folders]


def main(arguments: list[str]) -> int:
    """Write README.md, LICENCES and SHA256SUMS into the export, and the card and its curve into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.write_card")
    parser.add_argument("preset", choices=sorted(presets()))
    for option in ("--data", "--run", "--export", "--docs", "--cache"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--note", default="")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args(arguments)
    name = f"pleiade-{options.preset}"
    preset = override(presets()[options.preset], options.overrides)
    facts = gather(
        name, preset, options.data, options.run, options.export, options.machine, options.cache, options.note
    )
    options.docs.mkdir(parents=True, exist_ok=True)
    draw_curve(options.run / "base" / "metrics.jsonl", options.docs / facts.curve, f"{name}: pretraining")
    card = write_card(facts)
    (options.docs / f"{name}.md").write_text(card.split("---\n", 2)[2].lstrip(), "utf-8")
    # The picture is in the documentation only: the package carries no more than it serves.
    (options.export / "README.md").write_text(card.replace(f"![loss curve]({facts.curve})\n\n", ""), "utf-8")
    (options.export / "LICENCES").write_text(write_licences(facts.origins), "utf-8")
    digest = hashlib.sha256((options.export / "model.safetensors").read_bytes()).hexdigest()
    (options.export / "SHA256SUMS").write_text(f"{digest}  model.safetensors\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
