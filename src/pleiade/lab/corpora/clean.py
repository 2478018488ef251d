"""One block of documents, cleaned: the work that processes share. A finished block is never done again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import zstandard

from pleiade.lab.corpora.decontaminate import cut_evaluation_text, open_evaluation_runs
from pleiade.lab.corpora.duplicates import minhash
from pleiade.lab.corpora.filters import detect_language, fault
from pleiade.lab.corpora.normalise import normalise
from pleiade.lab.corpora.recipe import CorpusSource, Decontaminate
from pleiade.lab.corpora.words import Hashes, text_hash, word_hashes
from pleiade.lab.data.reader import Document

CONTAMINATED = "contaminated"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document of a built corpus, one JSON line."""

    text: str
    language: str = ""
    origin: str = ""
    licence: str = ""


class Removal(msgspec.Struct, frozen=True):
    """A passage cut out of a document because an evaluation set has it too."""

    source: str
    origin: str
    evaluation: str
    passage: str


class BlockResult(msgspec.Struct, frozen=True):
    """What became of a block: documents kept, and how many were left out by reason; passages removed."""

    documents: int
    counts: dict[str, int]
    removals: list[Removal]


@dataclass(frozen=True)
class Block:
    """Work for one call: documents of a source, and the file name (without suffix) for what becomes of them."""

    target: Path
    documents: tuple[Document, ...]
    source: CorpusSource
    decontaminate: Decontaminate
    evaluation: Path
    seed: int


def clean_block(block: Block) -> None:
    """Normalise, filter, tag and decontaminate; write rows (.jsonl.zst), hashes (.npz) and then the result (.json)."""
    rows: list[Row] = []
    words: list[Hashes] = []
    counts: Counter[str] = Counter()
    removals: list[Removal] = []
    for document in block.documents:
        counts["read"] += 1
        kept, found = _clean(document, block)
        if isinstance(kept, str):
            counts[kept] += 1
        else:
            rows += [row for row, _ in kept]
            words += [hashes for _, hashes in kept]
        if found:
            counts["cut"] += not isinstance(kept, str)
            removals += found
    hashes = np.asarray([text_hash(row.text) for row in rows], dtype=np.uint64).reshape(-1, 2)
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    block.target.parent.mkdir(parents=True, exist_ok=True)
    block.target.with_suffix(".jsonl.zst").write_bytes(zstandard.ZstdCompressor(level=3).compress(lines))
    np.savez(block.target.with_suffix(".npz"), hashes=hashes, signatures=minhash(words, block.seed))
    result = msgspec.json.encode(BlockResult(len(rows), dict(counts), removals))
    waiting = block.target.with_suffix(".part")
    waiting.write_bytes(result)
    waiting.replace(block.target.with_suffix(".json"))


def read_result(target: Path) -> BlockResult | None:
    """What became of a block, or None if it isn't finished."""
    file = target.with_suffix(".json")
    return msgspec.json.decode(file.read_bytes(), type=BlockResult) if file.exists() else None


def read_rows(target: Path) -> list[Row]:
    """The rows of a finished block."""
    lines = zstandard.ZstdDecompressor().decompress(target.with_suffix(".jsonl.zst").read_bytes()).splitlines()
    return [msgspec.json.decode(line, type=Row) for line in lines]


def _clean(document: Document, block: Block) -> tuple[list[tuple[Row, Hashes]] | str, list[Removal]]:
    """The rows that a document becomes, with their words (or why it becomes none), and what was cut out of it."""
    source = block.source
    text = normalise(document.text)
    words = word_hashes(text)
    language, score = detect_language(text) if source.filters.detect_language else (source.language, 1.0)
    reason = fault(text, words, language, score, source)
    if reason is not None:
        return reason, []
    pieces, overlaps = cut_evaluation_text(text, words, open_evaluation_runs(block.evaluation), block.decontaminate)
    removals = [Removal(source.name, document.origin, overlap.evaluation, overlap.passage) for overlap in overlaps]
    if not pieces:
        return CONTAMINATED, removals
    tag = source.language or language
    rows = [Row(piece, tag, document.origin, document.licence) for piece in pieces]
    return [(row, word_hashes(row.text) if overlaps else words) for row in rows], removals
