"""`python -m pleiade.lab.moderation.card`: the model's card, from the record of its run. It measures nothing."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "pleiade-moderation"
RECORD, BENCH = "moderation.json", "bench.json"
_LANGUAGES = {"en": "English", "fr": "French"}
_SETS = {
    "held_back": "texts kept aside: no group of them (near copies, a written line, a people) was learned from",
    "labelled": "held-out part of the labelled sets, and French HateCheck",
    "unseen_people": "hate, calls for violence and fair words on peoples that no written phrase names",
    "hazards": "AILuminate 1.0 demo: prompts on a hazard against ordinary questions",
}
_FLAGS = {
    "lookalikes": "harmless texts that look harmful",
    "ordinary": "questions of harmless evaluation sets",
    "asked_harm": "HarmBench: requests for harm",
}


def keep(run: Path, docs: Path, bundled: Path) -> None:
    """Copy what a run made to where it ships and where its record is kept, then write the cards."""
    record = docs / "models" / "records" / NAME / RECORD
    record.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "record.json", record)
    shutil.copyfile(run / "calibration.svg", docs / "models" / f"{NAME}-calibration.svg")
    (bundled / NAME).mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "SHA256SUMS", "LICENCES"):
        shutil.copyfile(run / "export" / name, bundled / NAME / name)
    write_cards(docs, bundled)


def write_cards(docs: Path, bundled: Path) -> None:
    """The card in the documentation and the one beside the weights, from the record. Raises ValueError for others."""
    records = docs / "models" / "records" / NAME
    record = json.loads((records / RECORD).read_text("utf-8"))
    bench = json.loads((records / BENCH).read_text("utf-8")) if (records / BENCH).exists() else None
    if record["weights_sha256"] not in (bundled / NAME / "SHA256SUMS").read_text("utf-8"):
        raise ValueError(f"the record is of other weights than {bundled / NAME}: keep the run again")
    text = "\n".join(card_lines(record, bench)) + "\n"
    (docs / "models" / f"{NAME}.md").write_text(text, "utf-8")
    head = "---\nlicense: cc-by-sa-4.0\nlanguage: [en, fr]\npipeline_tag: text-classification\n---\n\n"
    (bundled / NAME / "README.md").write_text(head + text.replace(_PLOT, ""), "utf-8")


_PLOT = f"![Calibration]({NAME}-calibration.svg)\n\n"


def card_lines(record: Mapping[str, Any], bench: Mapping[str, Any] | None) -> list[str]:
    """The card. Every number stands in the record."""
    texts = record["texts"]
    lines = [
        f"# {NAME}",
        "",
        "What harm a text may do, in English and in French: a score for each of fifteen harms, from which "
        "`/v1/moderations` makes OpenAI's categories and filters make Azure's severities. "
        f"A table of {record['parameters']:,} small integers ({record['bytes'] / 1e6:.1f} MB), one row for each "
        "hashed word, pair of words and piece of a word; no network, no runtime. Written by "
        "`python -m pleiade.lab.moderation.card` from [its record](records/pleiade-moderation/moderation.json).",
        "",
        "## What it can and cannot do",
        "",
        "- It knows words, not meaning: what is said with harmless words it misses, and irony, quotation and negation "
        "mislead it. French HateCheck, made of just that, shows it below; so do tweets that their own readers "
        "disagreed on (MLMA).",
        "- It reads Latin letters. Other scripts score 0, and pictures are refused.",
        "- Texts of few words in one window of twelve are judged best; a long text is as bad as its worst window.",
        "- Scores are calibrated on texts like those that it learned from, where harm is far more frequent than in "
        "life: take them as an order, and set thresholds on your own traffic.",
        "- It learned from people's labels and carries their prejudices: names of groups and dialects raise scores.",
        "",
        "## How well it separates",
        "",
        "Areas under the ROC curve (0.5 is chance), for each harm the texts that people call so against those they do "
        "not. Nothing here was learned from.",
        "",
        "| texts | language | macro | harms |",
        "| --- | --- | ---: | --- |",
    ]
    for name, told in _SETS.items():
        for language, word in _LANGUAGES.items():
            lines.append(_area_row(told, word, record["areas"][name][language]))
    lines += [
        "",
        "The labelled sets one by one:",
        "",
        "| set | language | macro | harms |",
        "| --- | --- | ---: | --- |",
    ]
    for source, found in record["by_source"].items():
        lines += [_area_row(source, word, found[lang]) for lang, word in _LANGUAGES.items() if found[lang]["macro"]]
    lines += [
        "",
        "## Who is flagged",
        "",
        "Flagged: a category of `/v1/moderations` is true (0.5). Blocked: the default filter would refuse it.",
        "",
        "| texts | language | number | flagged | blocked |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, told in _FLAGS.items():
        for language, found in record["flags"][name].items():
            flags = f"{found['flagged']:.1%} | {found['blocked']:.1%}"
            lines.append(f"| {told} | {_LANGUAGES[language]} | {found['texts']:,} | {flags} |")
    errors = ", ".join(f"{record['calibration'][each]['error']:.3f} in {word}" for each, word in _LANGUAGES.items())
    lines += [
        "",
        "## Calibration",
        "",
        f"Expected calibration error on the texts kept aside: {errors}.",
        "",
        *_PLOT.split("\n")[:-1],
    ]
    if "designs" in record:
        lines += _designs(record["designs"])
    if bench is not None:
        lines += _bench(bench)
    lines += [
        "## Size and training",
        "",
        f"{texts['learned']:,} texts, {texts['calibrated']:,} to calibrate on, {texts['held_back']:,} kept aside; "
        f"{record['config']['epochs']} epochs, {record['minutes']} minutes on one shared core. "
        f"{record['labels_removed']:,} labels of the crowd-labelled sets were contradicted by models that had not seen "
        "them and were made unknown. What a set does not label stays unknown too. Phrases that the project wrote "
        "stand in for harms that no set at hand labels, each beside harmless look-alikes.",
        "",
        "```",
        "pleiade train moderation --data FOLDER --run RUN   # RUN/export is the model",
        "```",
        "",
        "## Data and licences",
        "",
        "| texts | number | licence | origin |",
        "| --- | ---: | --- | --- |",
    ]
    lines += [
        f"| {part['name']} | {part['rows']:,} | {part['licence']} | {part['origin']} |" for part in record["sources"]
    ]
    return lines


def _area_row(told: str, language: str, found: Mapping[str, Any]) -> str:
    harms = ", ".join(f"{name} {each['auc']:.2f}" for name, each in found.items() if name != "macro")
    return f"| {told} | {language} | {found['macro']['auc']:.3f} | {harms} |"


def _designs(designs: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["## Other designs, on the same split", "", "Macro areas.", ""]
    lines += [
        "| design | texts | kept aside, en | fr | labelled, en | fr |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in designs:
        cells = [each[which][language] for which in ("held_back", "labelled") for language in _LANGUAGES]
        lines.append(f"| {each['design']} | {each['rows']:,} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
    return [*lines, ""]


def _bench(bench: Mapping[str, Any]) -> list[str]:
    lines = ["## Beside a published baseline", "", bench["about"], ""]
    lines += ["| | kept aside, en | fr | labelled, en | fr | ms a text, median | 99 % | MB |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for row in bench["rows"]:
        cells = [row[which][language] for which in ("held_back", "labelled") for language in _LANGUAGES]
        areas = " | ".join(f"{cell:.3f}" for cell in cells)
        lines.append(
            f"| {row['name']} | {areas} | {row['median_ms']:.2f} | {row['p99_ms']:.2f} | {row['megabytes']:.1f} |"
        )
    return [*lines, ""]


def main(arguments: list[str]) -> int:
    """Keep a run (`--run`), or only write the cards again."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.moderation.card")
    parser.add_argument("--run", type=Path, help="a run to keep [default: only write the cards again]")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    parser.add_argument("--bundled", type=Path, default=Path("src/pleiade/registry/bundled"))
    given = parser.parse_args(arguments)
    if given.run is not None:
        keep(given.run, given.docs, given.bundled)
    else:
        write_cards(given.docs, given.bundled)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
