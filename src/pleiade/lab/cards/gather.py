"""Reads a finished run's own records, and asks the exported model the fixed prompts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.cards.origins import dialogue_parts, preference_parts, text_parts
from pleiade.lab.cards.record import Accuracy, Example, Kind, Part, Record, Stage
from pleiade.lab.chain import way_to
from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.dialogues.mixture import chat_mixture
from pleiade.lab.dialogues.render import render_text
from pleiade.lab.evals.local import LocalScorer
from pleiade.lab.evals.networks import gpt_network, repetition_penalty
from pleiade.lab.evals.panel import HOLES, OPENINGS, PANEL, TOOLS
from pleiade.lab.export.huggingface import import_huggingface
from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.metrics import read_metrics
from pleiade.lab.preferences.mixture import preference_mixture
from pleiade.lab.preferences.pair import Preference, hold_out, render_pairs
from pleiade.lab.presets import Preset, read_preset
from pleiade.lab.reward import pair_accuracy
from pleiade.lab.tokenizer.bpe import load_tokenizer, token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END

ANSWER_TOKENS, OPENING_TOKENS, MIDDLE_TOKENS = 80, 40, 48


@dataclass(frozen=True)
class Told:
    """What no run records: the model's name, what it ran on, what a reader should know besides, whether it ships."""

    name: str
    machine: str
    note: str = ""
    ships: bool = True


def gather(kind: Kind, told: Told, data: Path, run: Path, export: Path, until: str) -> Record:
    """The record of the model in `export`, the last of the stages up to `until` in `run`.

    `data` holds what the stages learned from, `run`/STAGE/cache its tokens. Raises FileNotFoundError for a stage that
    did not run.
    """
    model, tokenizer, weights = import_huggingface(export), load_tokenizer(export), export / "model.safetensors"
    preset = read_preset(run / "base" / "preset.json")
    code = read_preset(run / "code" / "preset.json") if "code" in way_to(until) else None
    stages, penalty = way_to(until), repetition_penalty(export)
    preferences = preference_mixture(data, preset.reward.seed) if "reward" in stages else []
    return Record(
        name=told.name,
        kind=kind,
        preset=preset.name,
        until=until,
        machine=told.machine,
        note=told.note,
        ships=told.ships,
        parameters=model.config.num_params,
        matrix_parameters=model.config.num_matrix_params,
        weights_bytes=weights.stat().st_size,
        weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        shape=dataclasses.asdict(model.config),
        settings=_settings(preset, code, stages),
        stages=[_stage(name, run) for name in stages],
        parts=_parts(preset, code, data, run, stages, preferences),
        repetition_penalty=penalty,
        examples=examples(kind, model, tokenizer, penalty),
        accuracies=accuracies(model, tokenizer, preferences, preset.reward.seq_len) if kind == "reward" else [],
        packages=_packages(code, data) if code is not None else [],
    )


def _stage(name: str, run: Path) -> Stage:
    rows = read_metrics(run / name / "metrics.jsonl")
    last, tail = rows[-1], rows[-25:]
    report = run / "report.json"
    said = {row["stage"]: row for row in json.loads(report.read_text("utf-8"))} if report.is_file() else {}
    metric = {key: said[name][key] for key in ("metric", "before", "after")} if name in said else {}
    loss = sum(row["loss"] for row in tail) / len(tail)
    return Stage(name, last["step"], last["tokens"], last["seconds"], loss, **metric)


def _settings(preset: Preset, code: Preset | None, stages: Sequence[str]) -> list[tuple[str, str]]:
    optim, stream = preset.optim, preset.stream
    said = [
        ("batch", f"{preset.step_tokens:,} tokens a step, in rows of {stream.seq_len}"),
        (
            "optimiser",
            f"Muon {optim.muon_lr} and AdamW {optim.embedding_lr} (embedding), warm-up, stable, linear decay over the "
            f"last {preset.schedule.decay_fraction:.0%}",
        ),
        ("fill-in-the-middle", f"{stream.fim_rate:.0%} of the pieces, half prefix-suffix-middle"),
    ]
    if code is not None:
        said.append(
            (
                "code pieces",
                f"{code.step_tokens:,} tokens a step, in rows of {code.stream.seq_len}, Muon {code.optim.muon_lr:g}, "
                f"fill-in-the-middle {code.stream.fim_rate:.0%}",
            )
        )
    if "chat" in stages:
        said.append(("conversations", f"{preset.chat.epochs:g} epochs, in rows of {preset.chat.seq_len}"))
    return said


def _parts(
    preset: Preset,
    code: Preset | None,
    data: Path,
    run: Path,
    stages: Sequence[str],
    preferences: Sequence[Preference],
) -> list[Part]:
    parts = text_parts("base", data, preset.recipe, run / "base" / "cache")
    if code is not None:
        parts += text_parts("code", data, code.recipe, run / "code" / "cache")
    if "chat" in stages:
        parts += dialogue_parts("chat", data, Counter(c.source for c in chat_mixture(data, preset.chat.seed)))
    if "reward" in stages:
        parts += preference_parts("reward", data, Counter(p.source for p in preferences))
    return parts


def _packages(code: Preset, data: Path) -> list[str]:
    """The lines after the heading of packages in the LICENCES of the built corpora that the code came from."""
    lines: list[str] = []
    for corpus in dict.fromkeys((data / source.folder).parent for source in code.recipe):
        if (corpus / "LICENCES").is_file():
            said = (corpus / "LICENCES").read_text("utf-8").splitlines()
            first = [i for i, line in enumerate(said) if line.startswith("Python packages")]
            lines += [line.strip() for line in said[first[0] + 1 :] if line.strip()] if first else []
    return lines


def examples(kind: Kind, model: Gpt, tokenizer: Tokenizer, penalty: float) -> list[Example]:
    """The fixed prompts of this kind of model with what it writes, greedily; none for a reward model."""
    scorer = LocalScorer(gpt_network(model, tokenizer, kind, penalty))
    if kind == "base":
        written = scorer.complete(OPENINGS, OPENING_TOKENS)
        return [Example(opening, text) for opening, text in zip(OPENINGS, written, strict=True)]
    if kind == "code":
        written = scorer.infill(HOLES, MIDDLE_TOKENS)
        return [Example(prefix, text, suffix) for (prefix, suffix), text in zip(HOLES, written, strict=True)]
    if kind == "chat":
        return [Example(prompt, text) for prompt, text in zip(PANEL, _answers(model, tokenizer, penalty), strict=True)]
    return []


def _answers(model: Gpt, tokenizer: Tokenizer, penalty: float) -> list[str]:
    prompts = []
    for question in PANEL:
        tools = (TOOLS[question],) if question in TOOLS else ()
        asked = Conversation(({"role": "user", "content": question},), "panel", tools)
        prompts.append(tokenizer.encode(render_text(asked, add_generation_prompt=True), add_special_tokens=False).ids)
    stop_ids = frozenset(token_id(tokenizer, mark) for mark in (IM_END, END_OF_TEXT))
    written = sample(model, prompts, stop_ids, ANSWER_TOKENS, temperature=0.0, seed=0, repetition_penalty=penalty)
    return [str(tokenizer.decode(ids)) for ids in written]


def accuracies(scorer: Gpt, tokenizer: Tokenizer, preferences: Sequence[Preference], seq_len: int) -> list[Accuracy]:
    """How often the better answer scores higher, by source, on the prompts that the reward stage kept aside."""
    _, measure = hold_out(preferences)
    by_source: dict[str, list[Preference]] = {}
    for preference in measure:
        by_source.setdefault(preference.source, []).append(preference)
    found = []
    for source, members in sorted(by_source.items(), key=lambda item: -len(item[1])):
        pairs = [pair for pair in render_pairs(members, tokenizer) if pair.longest <= seq_len]
        if pairs:
            found.append(Accuracy(source, len(pairs), pair_accuracy(scorer, pairs)))
    return found
