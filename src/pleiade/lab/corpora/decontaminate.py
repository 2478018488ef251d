"""Evaluation text is found by its runs of words and cut out of the corpus (Brown et al., 2020, appendix C)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.corpora.normalise import normalise
from pleiade.lab.corpora.recipe import Decontaminate
from pleiade.lab.corpora.words import Hashes, run_hashes, word_hashes, word_spans
from pleiade.lab.data.addresses import DataFile, find_files, open_bytes
from pleiade.lab.data.lines import MAX_LINE_BYTES, bounded_lines, json_line
from pleiade.lab.data.progress import Progress

MAX_SHOWN = 200  # characters of a shared passage in the report


@dataclass(frozen=True)
class EvaluationRuns:
    """The runs of words of all evaluation sets: `runs` sorted, `owners` an index into `sets` for each.

    `texts` counts, for each set, its texts and those that are too short to hold a run (they can't be found).
    """

    runs: Hashes
    owners: NDArray[np.uint16]
    sets: tuple[str, ...]
    texts: tuple[tuple[int, int], ...]

    def found_in(self, runs: Hashes) -> NDArray[np.int64]:
        """For each run the place of its equal in `self.runs`, or -1."""
        if not len(self.runs) or not len(runs):
            return np.full(len(runs), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.runs, runs), len(self.runs) - 1)
        return np.where(self.runs[places] == runs, places, -1)


@dataclass(frozen=True)
class Overlap:
    """A passage that a document shares with an evaluation set."""

    evaluation: str
    passage: str


def write_evaluation_runs(config: Decontaminate, root: Path, path: Path) -> EvaluationRuns:
    """Collect every text of the evaluation folders below `root` into `path`.npz; each set is the folder of its files.

    All strings of a row count, however deep. Raises FileNotFoundError for a folder without data.
    """
    runs: list[Hashes] = []
    sizes: list[int] = []
    owners: list[int] = []
    counts: dict[str, list[int]] = {}
    progress = Progress("evaluation text", "MB", 1e6)
    for folder in config.folders:
        for file in find_files(folder, root):
            name = Path(file.address).parent.name
            count = counts.setdefault(name, [0, 0])
            for text in _texts(file):
                count[0] += 1
                progress.add(len(text), detail=name)
                # Most are a few words, such as answers to choose from: a run has at least two characters a word.
                words = word_hashes(normalise(text)) if len(text) >= 2 * config.words - 1 else ()
                if len(words) < config.words:
                    count[1] += 1
                    continue
                runs.append(run_hashes(np.asarray(words), config.words))
                sizes.append(len(runs[-1]))
                owners.append(list(counts).index(name))
    progress.end()
    everything = np.concatenate([np.empty(0, dtype=np.uint64), *runs])
    all_owners = np.repeat(np.asarray(owners, dtype=np.uint16), sizes)
    unique, first = np.unique(everything, return_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".runs.npy"), unique)
    np.save(path.with_suffix(".owners.npy"), all_owners[first])
    # The list of sets comes last: without it the runs are collected again.
    path.with_suffix(".json").write_text(json.dumps(counts), "utf-8")
    return open_evaluation_runs(path)


@lru_cache(maxsize=2)
def open_evaluation_runs(path: Path) -> EvaluationRuns:
    """What `write_evaluation_runs` wrote, mapped into memory: processes share it."""
    counts: dict[str, list[int]] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return EvaluationRuns(
        np.load(path.with_suffix(".runs.npy"), mmap_mode="r"),
        np.load(path.with_suffix(".owners.npy"), mmap_mode="r"),
        tuple(counts),
        tuple((total, short) for total, short in counts.values()),
    )


def cut_evaluation_text(
    text: str, words: Hashes, evaluation: EvaluationRuns, config: Decontaminate
) -> tuple[list[str], list[Overlap]]:
    """The pieces of a document that share nothing with the evaluation sets, and what was shared.

    A clean document comes back whole. One that falls into too many pieces comes back as none.
    """
    places = evaluation.found_in(run_hashes(words, config.words))
    hits = np.flatnonzero(places >= 0)
    if not len(hits):
        return [text], []
    spans = word_spans(text)
    overlaps, cuts = [], []
    for first, last in _ranges(hits):
        start, end = spans[first][0], spans[min(last + config.words - 1, len(spans) - 1)][1]
        owner = evaluation.sets[evaluation.owners[places[first]]]
        overlaps.append(Overlap(owner, text[start : min(end, start + MAX_SHOWN)]))
        cuts.append((max(0, start - config.margin), min(len(text), end + config.margin)))
    pieces = [piece.strip() for piece in _between(text, cuts)]
    kept = [piece for piece in pieces if len(piece) >= config.min_piece]
    return (kept if len(kept) <= config.max_pieces else []), overlaps


def _ranges(places: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(first, last) of every stretch of consecutive numbers."""
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(places) - 1)
    yield from zip(places[firsts].tolist(), places[lasts].tolist(), strict=True)


def _between(text: str, cuts: Sequence[tuple[int, int]]) -> Iterator[str]:
    place = 0
    for start, end in cuts:
        if start > place:
            yield text[place:start]
        place = max(place, end)
    yield text[place:]


def _texts(file: DataFile) -> Iterator[str]:
    with open_bytes(file) as (_, plain):
        for number, raw in bounded_lines(plain):
            where = f"{file.address} line {number}"
            if raw is None:
                raise ValueError(
                    f"{where} is longer than {MAX_LINE_BYTES:,} bytes: break it into the evaluation set's single texts"
                )
            line = raw.decode("utf-8", "replace")
            yield from _strings(line, where) if file.format == ".jsonl" else (line,)


def _strings(line: str, where: str) -> Iterator[str]:
    """Every string in a JSON line."""
    waiting: list[Any] = [json_line(line, where)] if line.strip() else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
