"""What every model is asked, the same for all: captions of held-out drawings, prompts whose truth can be checked."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice, zip_longest

import msgspec

from pleiade.lab.dalle.data.captions import EN, FR, plain_caption
from pleiade.lab.dalle.data.drawings import Drawing, Drawings
from pleiade.lab.dalle.data.styles import SCENE, style_id

BLACK = {EN: " in black", FR: " en noir"}  # one-colour drawings are measured as they were drawn
NO_GROUND = {EN: ", transparent background", FR: ", fond transparent"}
SCENE_STYLE = style_id(SCENE)
MOST_NAMES = 2000
SPLITS = {"cells": "h2", "concepts": "h1", "seen": "train"}


class Task(msgspec.Struct, frozen=True):
    """One picture to make: `row` is the drawing it describes (-1: none), `words` its name without style and colour."""

    suite: str
    prompt: str
    language: str = EN
    style: int = 0
    row: int = -1
    concept: str = ""
    words: str = ""


def drawing_tasks(drawings: Drawings, suite: str, limit: int) -> list[Task]:
    """`limit` tasks of a suite of SPLITS: drawings with names in both languages, each asked in English and in French.

    They are of the styles that were learned from. Every style comes in turn, by hash within it, so that each beginning
    of the list is a fair sample.
    """
    learned = {drawings.rows[index].style for index in drawings.split("train")}
    by_style: dict[str, list[int]] = defaultdict(list)
    for index in drawings.split(SPLITS[suite]):
        row = drawings.rows[index]
        if row.name_fr and style_id(row.style) and row.style in learned:
            by_style[row.style].append(int(index))
    for members in by_style.values():
        members.sort(key=lambda index: _hash(drawings.rows[index].id))
    turns = zip_longest(*(by_style[style] for style in sorted(by_style)))
    chosen = islice((index for turn in turns for index in turn if index is not None), -(-limit // 2))
    return [_task(drawings.rows[index], index, suite, language) for index in chosen for language in (EN, FR)][:limit]


def _task(row: Drawing, index: int, suite: str, language: str) -> Task:
    colour = BLACK[language] if row.mono else ""
    prompt = f"{plain_caption(row, language)}{colour}{NO_GROUND[language]}"
    return Task(suite, prompt, language, style_id(row.style), index, row.concept, name_of(row, language))


def names_in(drawings: Drawings, suite: str, language: str) -> dict[str, str]:
    """Concept -> name, of the concepts of a suite's split that have a name in the language: the wrong answers."""
    rows = [drawings.rows[index] for index in drawings.split(SPLITS[suite])]
    chosen = sorted((row for row in rows if row.name_fr and style_id(row.style)), key=lambda row: _hash(row.id))
    return {row.concept: name_of(row, language) for row in chosen[:MOST_NAMES]}


def name_of(row: Drawing, language: str) -> str:
    """A drawing's name alone."""
    return plain_caption(msgspec.structs.replace(row, style=""), language)


def stamp(tasks: Sequence[Task]) -> str:
    """Changes with any task: pictures of other tasks must not be taken for these."""
    return hashlib.sha256(msgspec.json.encode(list(tasks))).hexdigest()[:12]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
