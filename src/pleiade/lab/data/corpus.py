"""Reads corpora: folders of JSON lines (plain, or compressed with xz, zst, gz or bz2), one document a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pleiade.lab.data.addresses import DataFile, find_files, open_bytes
from pleiade.lab.data.lines import MAX_LINE_BYTES, bounded_lines, json_line
from pleiade.lab.data.manifest import MANIFEST, check_shard, read_manifest


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
    """Rows of every file of JSON lines in a folder (those that `pattern` matches), in name order.

    Raises FileNotFoundError if there is none, ValueError naming file and line when a line is not a JSON object, and
    DamagedError when a shard of a built corpus is not what its manifest says.
    """
    files = _json_files(folder, pattern)
    if not files:
        raise FileNotFoundError(
            f"no *.jsonl, *.jsonl.xz or *.jsonl.zst in {folder}: give the data folder with --data or PLEIADE_DATA"
        )
    for file in files:
        check_shard(Path(file.address))
        with open_bytes(file) as (_, lines):
            for number, line in bounded_lines(lines):
                if line is None:
                    raise ValueError(
                        f"{file.address} line {number} is longer than {MAX_LINE_BYTES:,} bytes: break it up, "
                        "or make a corpus with `pleiade data build`, which leaves it out"
                    )
                if not line.strip():
                    continue
                row = json_line(line, f"{file.address} line {number}")
                if not isinstance(row, dict):
                    raise ValueError(f"{file.address} line {number} is not a JSON object")
                yield row


def _json_files(folder: Path, pattern: str) -> list[DataFile]:
    if not folder.is_dir() or not any(folder.glob(pattern)):
        return []
    folder = folder.absolute()
    files = (file for file in find_files(str(folder), folder) if file.format == ".jsonl")
    return [f for f in files if Path(f.address).parent == folder and fnmatch(Path(f.address).name, pattern)]


def source_stamp(data: Path, source: Source) -> str:
    """What changes when a source does: the checksums of a built corpus, else names and sizes of its files."""
    folder = data / source.folder
    if (folder.parent / MANIFEST).exists():
        shards = [shard for built in read_manifest(folder.parent).sources for shard in built.shards]
        return " ".join(shard.sha256[:16] for shard in shards if shard.path.startswith(f"{folder.name}/"))
    return " ".join(f"{Path(file.address).name}:{file.size}" for file in _json_files(folder, "*.jsonl*"))


def built_sources(corpus: Path) -> tuple[Source, ...]:
    """The sources of a corpus made by `pleiade data build`, to be read with `corpus` as the data folder.

    Raises FileNotFoundError or ValueError if there is no manifest that can be read.
    """
    built = read_manifest(corpus).sources
    return tuple(Source(source.name, source.repeats) for source in built if source.shards)


def read_documents(data: Path, source: Source) -> Iterator[str]:
    """The distinct, non-empty texts of a source, in file order (a passage shared by many rows comes once)."""
    seen: set[bytes] = set()
    is_built = (data / source.folder).parent.joinpath(MANIFEST).exists()  # then each text is there once
    for row in read_rows(data / source.folder):
        text = row.get(source.field)
        if not isinstance(text, str):
            raise ValueError(f"{source.folder}: a row has no text in field {source.field!r}")
        text = text.strip()
        if not text:
            continue
        if not is_built:
            digest = blake2b(_utf8(text, source), digest_size=8).digest()
            if digest in seen:
                continue
            seen.add(digest)
        yield text


def _utf8(text: str, source: Source) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:  # JSON can tell half of a pair of surrogates, which is no character
        raise ValueError(
            f"{source.folder}: half a character in {text[max(0, error.start - 30) : error.end]!r}: mend it, "
            "or make a corpus with `pleiade data build`, which does"
        ) from error
