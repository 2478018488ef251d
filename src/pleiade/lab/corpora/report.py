"""What a build left out and why, as a page of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pleiade.lab.corpora.decontaminate import EvaluationRuns
from pleiade.lab.corpora.recipe import Recipe
from pleiade.lab.data.manifest import BuiltSource, Manifest

# Column, and what it says; the first four are of the reader.
REASONS = {
    "empty": "no text",
    "long_line": "a line longer than the limit, never loaded",
    "invalid_utf8": "bytes that are no UTF-8: mended by U+FFFD, left out when they are more than 1 %",
    "short": "fewer characters than `min_characters`",
    "symbols": "too few letters and digits (`max_symbols`)",
    "language": "clearly in another language",
    "repetition": "repeats itself (`max_line_copies`, `max_repeats`)",
    "contaminated": "nothing left beside evaluation text",
    "cut": "evaluation text cut out of it, the rest kept",
    "copy": "the same text as an earlier document",
    "near_copy": "nearly the same as an earlier document",
}
MOSTLY_COPIES = 0.9


def build_report(
    recipe: Recipe, manifest: Manifest, evaluation: EvaluationRuns, overlaps: Mapping[tuple[str, str], int]
) -> str:
    """Documents by source and reason, what the evaluation sets had in common with them, and warnings."""
    seen = [reason for reason in REASONS if any(reason in source.counts for source in manifest.sources)]
    lines = [
        f"# {manifest.recipe}",
        "",
        recipe.description,
        "",
        f"{manifest.documents:,} documents, {manifest.text_bytes:,} bytes of text.",
        "",
        f"| source | share | languages | read | kept | {' | '.join(seen)} |",
        f"|---|---|---|---|---|{'---|' * len(seen)}",
        *(_row(source, seen) for source in manifest.sources),
        "",
        *(f"- `{reason}`: {REASONS[reason]}." for reason in seen),
        "",
        *(f"**{line}**" for line in warnings(manifest)),
        "",
        "## Evaluation text",
        "",
    ]
    if not evaluation.sets:
        return "\n".join([*lines, "The recipe names no evaluation folders: nothing was compared with them.", ""])
    by_set: Counter[str] = Counter()
    for (_, name), count in overlaps.items():
        by_set[name] += count
    rows = zip(evaluation.sets, evaluation.texts, strict=True)
    return "\n".join(
        [
            *lines,
            f"Runs of {recipe.decontaminate.words} words that an evaluation set has too were cut out, with "
            f"{recipe.decontaminate.margin} characters around; each is in `decontamination.jsonl`. Texts shorter than "
            "that can't be found.",
            "",
            "| evaluation set | texts | too short to find | passages cut out |",
            "|---|---|---|---|",
            *(f"| {name} | {texts:,} | {short:,} | {by_set[name]:,} |" for name, (texts, short) in rows),
            "",
        ]
    )


def warnings(manifest: Manifest) -> list[str]:
    """What the person who builds should look at."""
    told = []
    for source in manifest.sources:
        kept, read = source.counts.get("kept", 0), source.counts["read"]
        copies = source.counts.get("copy", 0) + source.counts.get("near_copy", 0)
        if read > 1 and copies > MOSTLY_COPIES * read:
            told.append(f"{source.name}: {copies:,} of {read:,} documents are copies; is it the right file?")
        elif kept == 0:
            told.append(f"{source.name}: nothing is left of {read:,} documents; look at its filters.")
        if source.licence == "unknown":
            told.append(f"{source.name}: its licence is unknown; write `licence = …` into the recipe.")
    return told


def _row(source: BuiltSource, reasons: list[str]) -> str:
    total = sum(source.languages.values()) or 1
    languages = ", ".join(f"{name} {size / total:.0%}" for name, size in _largest(source.languages))
    counts = " | ".join(f"{source.counts.get(name, 0):,}" for name in ("read", "kept", *reasons))
    return f"| {source.name} | {source.share:.1%} | {languages} | {counts} |"


def _largest(languages: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(languages.items(), key=lambda item: -item[1])[:3]
