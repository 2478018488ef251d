"""Writes the model card from the run's own records: what it is made of, costs, says and can't do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pleiade.lab.corpora.licences import Origin
from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.evals.bits_per_byte import Score
from pleiade.lab.export.huggingface import REPETITION_PENALTY
from pleiade.lab.presets import Preset

TUNED_ON_WRITTEN = {"identity", "facts", "everyday", "sums", "refusals", "json", "tools"}


@dataclass(frozen=True)
class CardFacts:
    """Everything the card prints. `answers` are (prompt, greedy answer) of the whole panel."""

    name: str
    preset: Preset
    machine: str
    base_rows: Sequence[dict[str, Any]]
    chat_rows: Sequence[dict[str, Any]]
    origins: Sequence[Origin]
    shares: Mapping[str, float]  # of pretraining tokens, by folder
    conversations: Sequence[Conversation]
    scores: Sequence[tuple[Score, Score]]  # base, chat
    answers: Sequence[tuple[str, str]]
    curve: str
    note: str = ""  # what the records do not say, printed after the sizes


def write_card(facts: CardFacts) -> str:
    """The card as Markdown with Hugging Face's front matter."""
    config, preset = facts.preset.model, facts.preset
    last, chat_last = facts.base_rows[-1], facts.chat_rows[-1]
    share = facts.shares
    chat_counts = Counter(c.source for c in facts.conversations)
    lines = [
        "---",
        "license: cc-by-sa-4.0",
        "language: [en, fr]",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "---",
        "",
        f"# {facts.name}",
        "",
        f"A language model of {config.num_params / 1e6:.2f} million parameters, trained from scratch by the Pleiade "
        "project on two CPU cores. It exists so that a fresh clone has something real to serve: it is made for tests, "
        "demonstrations and learning how such a thing is built. **Do not believe what it says.**",
        "",
        "## What it can and cannot do",
        "",
        "- It greets, says who it is, answers some very common questions, describes things in one to three sentences "
        "and continues a text, in English and in French.",
        "- It knows almost nothing: apart from the facts written into its instruction data, names, dates and numbers "
        "are invented. Its texts date from before 2020.",
        "- It does not reason, count beyond small sums, translate, write code or follow long instructions. It loses "
        "the thread after a few sentences, and after about 500 tokens of context.",
        "- It refuses a few plainly harmful requests by pattern; that is no safety. Its French novels and English "
        "books carry the prejudices of the nineteenth century.",
        "- It knows the forms of tool calls, JSON and fill-in-the-middle; what it puts into them is rarely right.",
        "",
        "## Size and training",
        "",
        "| | |",
        "|---|---|",
        f"| shape | Qwen3: {config.num_layers} layers, hidden {config.hidden_size}, {config.num_heads} query and "
        f"{config.num_kv_heads} key-value heads of {config.head_dim}, feed-forward {config.ffn_size}, tied embedding |",
        f"| parameters | {config.num_params:,} ({config.num_matrix_params:,} in matrices), bfloat16 |",
        f"| tokenizer | byte-level BPE, {config.vocab_size:,} tokens, digits split, Qwen's special tokens |",
        f"| positions | {config.max_position} (trained at {preset.stream.seq_len}, tuned at 512) |",
        f"| pretraining | {last['tokens'] / 1e6:.1f} million tokens, {last['step']:,} steps of {preset.step_tokens:,}, "
        f"{last['seconds'] / 60:.0f} minutes, final loss {_mean_loss(facts.base_rows):.3f} nats per token |",
        f"| instruction tuning | {chat_last['tokens'] / 1e6:.1f} million tokens, {chat_last['step']:,} steps, "
        f"{chat_last['seconds'] / 60:.0f} minutes, loss on the assistant's tokens {_mean_loss(facts.chat_rows):.3f} |",
        f"| optimiser | Muon {preset.optim.muon_lr} and AdamW {preset.optim.embedding_lr} (embedding), warm-up, "
        f"stable, linear decay over the last {preset.schedule.decay_fraction:.0%} of the time |",
        f"| fill-in-the-middle | {preset.stream.fim_rate:.0%} of the pieces, half prefix-suffix-middle |",
        f"| machine | {facts.machine} |",
        "",
        *([facts.note, ""] if facts.note else []),
        f"![loss curve]({facts.curve})",
        "",
        "## How well it predicts held-out text",
        "",
        "Bits per UTF-8 byte (lower is better), float32, windows of 256 tokens overlapping by half, first 20 kB of "
        "each domain; none of these texts was trained on.",
        "",
        "| domain | base | after instruction tuning |",
        "|---|---|---|",
        *(f"| {base.domain} | {base.bits_per_byte:.3f} | {chat.bits_per_byte:.3f} |" for base, chat in facts.scores),
        "",
        "## Data and licences",
        "",
        "| pretraining set | share of tokens | licence | origin |",
        "|---|---|---|---|",
        *(
            f"| {o.folder.rsplit('/', 1)[-1]} | {share[o.folder]:.1%} | {_cell(o.licence)} | {_cell(o.repository)} |"
            for o in facts.origins
            if o.folder in share
        ),
        "",
        "| instruction set | conversations | licence | origin |",
        "|---|---|---|---|",
        *_instruction_rows(chat_counts, facts.origins),
        "",
        "The weights are offered under CC-BY-SA-4.0, the strictest of these licences; attributions are in `LICENCES`.",
        "",
        "## What it answers",
        "",
        "All prompts of the fixed panel (`pleiade.lab.evals.panel`), greedy with the repetition penalty "
        f"that the model ships ({REPETITION_PENALTY}), at most 80 tokens, bfloat16 weights; nothing was left out.",
        "",
        "| prompt | answer |",
        "|---|---|",
        *(f"| {_cell(prompt)} | {_cell(answer)} |" for prompt, answer in facts.answers),
        "",
        "## Train it again",
        "",
        "```",
        f"pleiade train {preset.name} --data FOLDER --run RUN",
        "```",
        "",
        "The configuration is the preset's, printed before the first step; `docs/train.md` tells the rest.",
        "",
    ]
    return "\n".join(lines)


def write_licences(origins: Sequence[Origin]) -> str:
    """The attributions that ship with the weights."""
    lines = ["These weights were trained on the following texts; the authors are named by their repositories.", ""]
    for origin in origins:
        lines += [
            origin.folder,
            f"  origin:  {origin.repository}",
            f"  licence: {origin.licence}",
            f"  {origin.note}",
            "",
        ]
    lines += [
        "Wikipedia and Vikidia texts are by their contributors, under CC-BY-SA.",
        "The weights themselves are offered under CC-BY-SA-4.0 (creativecommons.org/licenses/by-sa/4.0).",
        "",
    ]
    return "\n".join(lines)


def _mean_loss(rows: Sequence[dict[str, Any]]) -> float:
    tail = rows[-25:]
    return float(sum(row["loss"] for row in tail) / len(tail))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _instruction_rows(counts: Counter[str], origins: Sequence[Origin]) -> list[str]:
    by_name = {origin.folder.rsplit("/", 1)[-1]: origin for origin in origins}
    rows = []
    for source, count in counts.most_common():
        if source in TUNED_ON_WRITTEN or source not in by_name:
            rows.append(f"| {source} | {count:,} | Apache-2.0 | written by the Pleiade project (`lab/dialogues`) |")
        else:
            origin = by_name[source]
            rows.append(f"| {source} | {count:,} | {_cell(origin.licence)} | {_cell(origin.repository)} |")
    return rows
