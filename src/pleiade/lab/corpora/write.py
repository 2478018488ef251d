"""Writes the documents that were chosen as compressed shards, one folder a source."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import zstandard

from pleiade.lab.corpora.clean import read_rows
from pleiade.lab.data.manifest import ShardFile, file_sha256

SHARD_BYTES = 64_000_000  # of text
LEVEL = 10


class WrittenSource(msgspec.Struct, frozen=True):
    """What a source became. `licences`: bytes under each; `packages`: (files, bytes) of each, for installed Python."""

    shards: list[ShardFile]
    languages: dict[str, int]
    licences: dict[str, int]
    packages: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Chosen:
    """Work for one call: a source's blocks in order, the documents to keep (a .npy of booleans), where they go."""

    blocks: tuple[Path, ...]
    keep: Path
    first: int
    folder: Path
    record: Path
    licence: str


def write_source(chosen: Chosen) -> None:
    """Write the shards of a source, then the record (`WrittenSource`) that it is finished."""
    shutil.rmtree(chosen.folder, ignore_errors=True)
    keep = np.load(chosen.keep, mmap_mode="r")
    shards: list[ShardFile] = []
    languages, licences, files, sizes = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    place, waiting, size = chosen.first, list[bytes](), 0
    for block in chosen.blocks:
        for row in read_rows(block):
            kept, place = bool(keep[place]), place + 1
            if not kept:
                continue
            num_bytes = len(row.text.encode("utf-8"))
            if waiting and size + num_bytes > SHARD_BYTES:
                shards.append(_write_shard(chosen.folder, len(shards), waiting, size))
                waiting, size = [], 0
            waiting.append(msgspec.json.encode(row) + b"\n")
            size += num_bytes
            languages[row.language] += num_bytes
            licences[row.licence or chosen.licence] += num_bytes
            if row.licence:
                package = row.origin.partition("/")[0]
                files[package] += 1
                sizes[package] += num_bytes
    if waiting:
        shards.append(_write_shard(chosen.folder, len(shards), waiting, size))
    packages = {name: (files[name], sizes[name]) for name in sorted(files)}
    record = WrittenSource(shards, dict(sorted(languages.items())), dict(sorted(licences.items())), packages)
    part = chosen.record.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(record))
    part.replace(chosen.record)


def read_written(record: Path) -> WrittenSource | None:
    """The record of a finished source, or None."""
    return msgspec.json.decode(record.read_bytes(), type=WrittenSource) if record.exists() else None


def _write_shard(folder: Path, number: int, lines: list[bytes], text_bytes: int) -> ShardFile:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:05}.jsonl.zst"
    with path.open("wb") as raw:
        _compress(raw, lines)
    return ShardFile(f"{folder.name}/{path.name}", len(lines), text_bytes, path.stat().st_size, file_sha256(path))


def _compress(raw: BinaryIO, lines: list[bytes]) -> None:
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with compressor.stream_writer(raw, closefd=False) as out:
        for line in lines:
            out.write(line)
