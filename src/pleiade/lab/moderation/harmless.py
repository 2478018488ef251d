"""Ordinary text: what people ask and read all day, so that the classifier learns what most texts are."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pleiade.lab.moderation.rows import Row, judged, read_lines, text_group
from pleiade.safety.taxonomy import Harm

# Sets of conversations, with the share of their first questions that is taken.
CONVERSATIONS = {
    "chatterbot_smalltalk": 400,
    "self_instruct_seeds": 175,
    "gsm8k_train": 800,
    "mbxp_train": 200,
    "piaf_fr_qa": 1500,
    "docs_derived_fr": 800,
    "wiki_derived_en": 1500,
    "sgd_dialogues": 1200,
    "taskmaster4_dialogues": 300,
    "t0_permissive": 800,
    "tldr_commands": 1200,
    "translation_en_fr": 1200,
}
# Novels, laws and debates: single sentences. They speak of wars and crimes, so nothing is said of violence.
PROSE = {
    "en_wikipedia": ("en", 1500),
    "en_books_pd": ("en", 700),
    "fr_books_pd": ("fr", 900),
    "fr_debats_assemblee": ("fr", 900),
    "fr_docs_python": ("fr", 300),
    "fr_laws_canada": ("fr", 300),
    "fr_vikidia": ("fr", 300),
}
LONGEST = 16  # words
_ROWS_READ = 6000  # of a set: enough to choose from
_FRENCH = ("piaf_fr_qa", "docs_derived_fr")
_FRENCH_WORDS = frozenset(
    [
        "le",
        "la",
        "les",
        "des",
        "une",
        "est",
        "pour",
        "dans",
        "avec",
        "que",
        "qui",
        "sur",
        "au",
        "ce",
        "je",
        "vous",
        "comment",
        "quelle",
        "quel",
        "du",
    ]
)
_ANYTHING = {harm: float("nan") for harm in (Harm.VIOLENCE, Harm.VIOLENCE_GRAPHIC, Harm.SELF_HARM)}


def harmless_rows(data: Path, seed: int = 11) -> list[Row]:
    """Questions and sentences of the sets below `data` that are there."""
    chooser = random.Random(seed)
    rows: list[Row] = []
    for name, wanted in CONVERSATIONS.items():
        rows += _some(_questions(data / "post" / name, name), wanted, chooser)
    for name, (language, wanted) in PROSE.items():
        rows += _some(_sentences(data / "pretrain" / name, name, language, chooser), wanted, chooser)
    return [_cut(row, chooser) for row in rows]


def _cut(row: Row, chooser: random.Random) -> Row:
    """A long text as a piece of it, for the classifier reads long texts in pieces."""
    words = row.text.split()
    if len(words) <= LONGEST:
        return row
    start = chooser.randrange(len(words) - LONGEST + 1)
    return dataclasses.replace(row, text=" ".join(words[start : start + LONGEST]))


def _some(rows: Iterator[Row], wanted: int, chooser: random.Random) -> list[Row]:
    found = list(islice(rows, _ROWS_READ))
    return chooser.sample(found, min(wanted, len(found)))


def _questions(folder: Path, name: str) -> Iterator[Row]:
    for path in sorted(folder.glob("*.jsonl.xz")):
        for line in read_lines(path):
            text = first_question(line)
            if text:
                language = "fr" if name in _FRENCH else guess_language(text)
                yield Row(text[:600], language, judged({}, others=0), 1.0, name, text_group(text))


def first_question(line: dict[str, Any]) -> str:
    """What the user said first in a line of a conversation or question set, "" where nobody did."""
    if isinstance(line.get("question"), str):
        return str(line["question"])
    turns = line.get("messages") or line.get("prompt") or ()
    if isinstance(turns, str):
        return turns
    return next((turn["content"] for turn in turns if turn.get("role") == "user"), "")


def guess_language(text: str) -> str:
    """French where its small words are; English else (the sets have no other)."""
    words = text.lower().split()
    return "fr" if sum(word in _FRENCH_WORDS for word in words) * 8 >= max(len(words), 1) else "en"


def _sentences(folder: Path, name: str, language: str, chooser: random.Random) -> Iterator[Row]:
    for path in sorted(folder.glob("*.jsonl.xz")):
        for line in islice(read_lines(path), 1500):
            text = line["text"]
            start = chooser.randrange(max(1, len(text) - 400))
            sentence = text[start : start + chooser.randrange(60, 400)].split(" ", 1)[-1].replace("\n", " ").strip()
            if sentence:
                yield Row(sentence, language, judged(_ANYTHING, others=0), 0.7, name, text_group(sentence))


def silent(row: Row) -> bool:
    """Whether nothing is known of a row."""
    return bool(np.isnan(row.labels).all())
