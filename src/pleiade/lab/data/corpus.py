"""Reads corpora: folders of xz-compressed (or plain) JSON lines, one document a line."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Source:
    """One corpus of a recipe: a folder below the data root, the field that holds text, and how often it is read.

    `repeats` is the number of times each document is seen in one pass over the recipe; 0.5 reads half of them.
    """

    folder: str
    repeats: float = 1.0
    field: str = "text"

    @property
    def name(self) -> str:
        """The last part of the folder, for reports."""
        return self.folder.rsplit("/", 1)[-1]


def read_rows(folder: Path, pattern: str = "*.jsonl*") -> Iterator[dict[str, Any]]:
    """Rows of every *.jsonl.xz and *.jsonl in a folder (those that `pattern` matches), in name order.

    Raises FileNotFoundError if there is none, ValueError naming file and line when a line is not a JSON object.
    """
    files = sorted(file for file in folder.glob(pattern) if file.name.endswith((".jsonl", ".jsonl.xz")))
    if not files:
        raise FileNotFoundError(
            f"no *.jsonl.xz or *.jsonl in {folder}: give the data folder with --data or PLEIADE_DATA"
        )
    for file in files:
        open_text = lzma.open if file.suffix == ".xz" else open
        with open_text(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise ValueError(f"{file} line {number} is not JSON ({error}): mend or remove the line") from error
                if not isinstance(row, dict):
                    raise ValueError(f"{file} line {number} is not a JSON object")
                yield row


def read_documents(data: Path, source: Source) -> Iterator[str]:
    """The distinct, non-empty texts of a source, in file order (a passage shared by many rows comes once)."""
    seen: set[int] = set()
    for row in read_rows(data / source.folder):
        text = row.get(source.field)
        if not isinstance(text, str):
            raise ValueError(f"{source.folder}: a row has no text in field {source.field!r}")
        text = text.strip()
        if text and hash(text) not in seen:
            seen.add(hash(text))
            yield text
