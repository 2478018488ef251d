"""Rendered drawings on disk: pixels in one memory-mapped file, and a row of words for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.data.styles import styles_in

ROWS, LICENCES, ATTRIBUTION, DONE = "drawings.jsonl", "licences.json", "ATTRIBUTION.md", "done.json"


def pixels_file(size: int) -> str:
    """The name of the file of pixels of one size."""
    return f"pixels-{size}.u8"


class Drawing(msgspec.Struct, frozen=True):
    """What is known of a drawing: its words, licence, split, and its main colours (indices in `colours.NAMED`)."""

    id: str
    concept: str
    set: str
    style: str
    name: str
    licence: str
    split: str
    mono: bool
    name_fr: str = ""
    keywords_en: tuple[str, ...] = ()
    keywords_fr: tuple[str, ...] = ()
    group: str = ""
    palette: tuple[int, ...] = ()
    parts: int = 0  # separate pieces of a one-colour drawing; 0: not counted

    @property
    def is_flag(self) -> bool:
        """Whether it shows a flag, whose colours and sides mean something."""
        return self.group.startswith("Flags") or self.concept.startswith("flag-") or "flag" in self.set


class Done(msgspec.Struct, frozen=True):
    """What a finished build says of itself: rows, size of the pictures, and SHA-256 of what it wrote."""

    size: int
    drawings: int
    source: str
    sha256: dict[str, str]


@dataclass(frozen=True)
class Drawings:
    """A built folder: `pixels` (N, S, S, 4) straight uint8, read from disk as needed, and a row for each."""

    folder: Path
    rows: tuple[Drawing, ...]
    pixels: Rgba
    fingerprint: str  # changes with any row: a place in one set of drawings means nothing in another

    @classmethod
    def open(cls, folder: Path) -> Drawings:
        """Open what `build_pictures` wrote. Raises FileNotFoundError or ValueError if it is not there or not whole."""
        if not (folder / DONE).exists():
            raise FileNotFoundError(
                f"no finished pictures in {folder}: make them with "
                "`python -m pleiade.lab.dalle.data --source PACK_FOLDER --out FOLDER`, which goes on where it stopped"
            )
        try:
            done = msgspec.json.decode((folder / DONE).read_bytes(), type=Done)
            rows = tuple(msgspec.json.Decoder(Drawing).decode_lines((folder / ROWS).read_bytes()))
            path = folder / pixels_file(done.size)
            whole = len(rows) == done.drawings and path.stat().st_size == done.drawings * done.size**2 * 4
        except (msgspec.DecodeError, FileNotFoundError, UnicodeDecodeError) as error:
            raise ValueError(f"{folder} is damaged ({error}): remove it and build it again") from error
        if not whole:
            raise ValueError(f"{folder} is not whole: remove {DONE} in it and build again, it goes on")
        pixels = np.memmap(path, np.uint8, "r", shape=(len(rows), done.size, done.size, 4))
        return cls(folder, rows, pixels, done.sha256[ROWS][:16])

    @property
    def size(self) -> int:
        """Width and height of a picture in pixels."""
        return int(self.pixels.shape[1])

    def split(self, name: str) -> NDArray[np.int64]:
        """Indices of one split: `train`, `h1`, `h2` or `near`."""
        return np.array([i for i, row in enumerate(self.rows) if row.split == name], np.int64)

    def to_learn(self, styles: str) -> Drawings:
        """The same drawings, of which only those of `styles` (names, separated by commas) are learned from; "": of all.

        Raises ValueError for a style of which there is no drawing.
        """
        wanted = styles_in(styles)
        there = {row.style for row in self.rows if row.split == "train"}
        if not wanted <= there:
            unknown = ", ".join(sorted(wanted - there))
            raise ValueError(f"styles={styles}: no drawing is in {unknown}; there are {', '.join(sorted(there))}")
        if not wanted:
            return self
        rows = tuple(
            msgspec.structs.replace(row, split="left out") if row.split == "train" and row.style not in wanted else row
            for row in self.rows
        )
        return replace(self, rows=rows, fingerprint=f"{self.fingerprint}-{'+'.join(sorted(wanted))}")

    @cached_property
    def attribution(self) -> str:
        """The lines that must ship with weights trained on them."""
        return (self.folder / ATTRIBUTION).read_text(encoding="utf-8")
